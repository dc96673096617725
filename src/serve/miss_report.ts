/** What was asked for and not translated ahead: said on the log, a line now and then, so that training requests can be added. */
export interface Miss {
  program: string;
  /** Guest address. */
  pc: number;
  count: number;
}

/** What a program asked for; a CodeLibrary's programs fit. */
type MissSource = ReadonlyMap<string, { readonly misses: ReadonlyMap<number, number> }>;

/** Shortest time between two lines. */
const INTERVAL_MS = 1000;
/** Addresses spelled out in one line. */
const NAMED = 12;

export class MissReport {
  readonly #programs: MissSource;
  /** Misses reported, by program. */
  readonly #reported = new Map<string, number>();
  #lastMs = -Infinity;

  /** `verb` is what becomes of such code: "compiled" or "interpreted". */
  constructor(programs: MissSource, readonly verb: string, readonly log: (line: string) => void) {
    this.#programs = programs;
  }

  /** Says what is new. Cheap when nothing is. */
  update(nowMs: () => number): void {
    if (!this.#hasNews()) return;
    const now = nowMs();
    if (now - this.#lastMs < INTERVAL_MS) return;
    this.#lastMs = now;
    for (const [program, { misses }] of this.#programs) {
      const fresh = [...misses.keys()].slice(this.#reported.get(program) ?? 0);
      this.#reported.set(program, misses.size);
      if (fresh.length === 0) continue;
      const pcs = fresh.slice(0, NAMED).map((pc) => `0x${pc.toString(16)}`).join(" ");
      const more = fresh.length > NAMED ? ` and ${fresh.length - NAMED} more` : "";
      this.log(
        `${fresh.length} regions of ${
          program || "code made at run time"
        } were not translated ahead and are ${this.verb}: ` +
          `${pcs}${more} (a training request that reaches them, --warm, changes that)`,
      );
    }
  }

  #hasNews(): boolean {
    for (const [program, { misses }] of this.#programs) {
      if (misses.size !== (this.#reported.get(program) ?? 0)) return true;
    }
    return false;
  }

  /** Everything so far. */
  all(): Miss[] {
    return [...this.#programs].flatMap(([program, { misses }]) =>
      [...misses].map(([pc, count]): Miss => ({ program, pc, count }))
    );
  }
}
