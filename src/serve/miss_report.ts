/** What was asked for and not translated ahead: said on the log, a line now and then, so that training requests can be added. */
export interface Miss {
  program: string;
  /** Guest address. */
  pc: number;
  count: number;
}

/** Code that has misses; a CodeSpace fits. */
interface MissSource {
  readonly misses: ReadonlyMap<number, number>;
}

/** Shortest time between two lines. */
const INTERVAL_MS = 1000;
/** Addresses spelled out in one line. */
const NAMED = 12;

export class MissReport {
  readonly #spaces: readonly (readonly [program: string, space: MissSource])[];
  #reported: number[];
  #lastMs = -Infinity;

  /** `verb` is what becomes of such code: "compiled" or "interpreted". */
  constructor(
    spaces: Iterable<readonly [program: string, space: MissSource]>,
    readonly verb: string,
    readonly log: (line: string) => void,
  ) {
    this.#spaces = [...spaces];
    this.#reported = this.#spaces.map(() => 0);
  }

  /** Says what is new. Cheap when nothing is. */
  update(nowMs: () => number): void {
    if (this.#spaces.every(([, { misses }], i) => misses.size === this.#reported[i])) return;
    const now = nowMs();
    if (now - this.#lastMs < INTERVAL_MS) return;
    this.#lastMs = now;
    this.#spaces.forEach(([program, { misses }], i) => {
      const fresh = [...misses.keys()].slice(this.#reported[i]);
      this.#reported[i] = misses.size;
      if (fresh.length === 0) return;
      const pcs = fresh.slice(0, NAMED).map((pc) => `0x${pc.toString(16)}`).join(" ");
      const more = fresh.length > NAMED ? ` and ${fresh.length - NAMED} more` : "";
      this.log(
        `${fresh.length} regions of ${
          program || "code made at run time"
        } were not translated ahead and are ${this.verb}: ` +
          `${pcs}${more} (a training request that reaches them, --warm, changes that)`,
      );
    });
  }

  /** Everything so far. */
  all(): Miss[] {
    return this.#spaces.flatMap(([program, { misses }]) =>
      [...misses].map(([pc, count]): Miss => ({ program, pc, count }))
    );
  }
}
