/**
 * What was asked for and not translated ahead, and what that costs: said on the log, a line now and then, so that training
 * requests can be added.
 */
import type { MissKind, MissRecord } from "../machine/misses.ts";

export interface Miss extends MissRecord {
  program: string;
  /** Guest address. */
  pc: number;
  /** File of the image and offset in its executable mapping, or "". */
  place: string;
}

/** What a program asked for; a CodeLibrary's programs fit. */
type MissSource = ReadonlyMap<string, {
  readonly misses: ReadonlyMap<number, MissRecord>;
  readonly files: ReadonlyMap<number, { start: number; end: number }>;
}>;

/** Shortest time between two lines. */
const INTERVAL_MS = 1000;
/** Addresses spelled out in one line. */
const NAMED = 24;
/** The share of time is said again when what is spent has grown by this factor: ever more rarely. */
const GROWTH = 1.1;

export interface MissReportOptions {
  /** What becomes of such code: "compiled" or "interpreted". */
  verb: string;
  /** Path of a file of the image. */
  pathOf: (file: number) => string;
  log: (line: string) => void;
}

/** Milliseconds since the start: of all that the guest ran, and of that what was spent outside code made ahead. */
export interface GuestTime {
  runMs: number;
  outsideMs: number;
}

export class MissReport {
  readonly #programs: MissSource;
  readonly #options: MissReportOptions;
  /** Misses reported, by program. */
  readonly #reported = new Map<string, number>();
  #lastMs = -Infinity;
  #saidOutsideMs = 0;

  constructor(programs: MissSource, options: MissReportOptions) {
    this.#programs = programs;
    this.#options = options;
  }

  /** Says what is new. Cheap when nothing is. */
  update(nowMs: () => number, time: GuestTime): void {
    const hasGrown = time.outsideMs > this.#saidOutsideMs * GROWTH;
    if (!hasGrown && !this.#hasNews()) return;
    const now = nowMs();
    if (now - this.#lastMs < INTERVAL_MS) return;
    this.#lastMs = now;
    for (const [program, { misses }] of this.#programs) {
      const fresh = [...misses.keys()].slice(this.#reported.get(program) ?? 0);
      this.#reported.set(program, misses.size);
      if (fresh.length > 0) this.#options.log(this.#describe(program, fresh));
    }
    if (hasGrown) this.#options.log(describeTime(time));
    this.#saidOutsideMs = time.outsideMs;
  }

  #describe(program: string, fresh: readonly number[]): string {
    const byKind = new Map<MissKind, string[]>();
    for (const pc of fresh.slice(0, NAMED)) {
      const { kind } = this.#programs.get(program)!.misses.get(pc)!;
      const places = byKind.get(kind) ?? [];
      byKind.set(kind, places);
      places.push(`0x${pc.toString(16)}${this.#place(program, pc).replace(/^(?=.)/, " ")}`);
    }
    const kinds = [...byKind].map(([kind, places]) => `${kind}: ${places.join(", ")}`).join("; ");
    const more = fresh.length > NAMED ? ` and ${fresh.length - NAMED} more` : "";
    return `${fresh.length} regions of ${program || "code made at run time"} were not translated ahead and are ` +
      `${this.#options.verb}: ${kinds}${more} (a training request that reaches them, --warm, changes that)`;
  }

  #place(program: string, pc: number): string {
    for (const [file, { start, end }] of this.#programs.get(program)!.files) {
      if (pc >= start && pc < end) return `${this.#options.pathOf(file)}+0x${(pc - start).toString(16)}`;
    }
    return "";
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
      [...misses].map(([pc, record]): Miss => ({ program, pc, place: this.#place(program, pc), ...record }))
    );
  }
}

function describeTime({ runMs, outsideMs }: GuestTime): string {
  const percent = (100 * outsideMs / Math.max(runMs, outsideMs)).toFixed(1);
  return `${outsideMs.toFixed(1)} of ${
    runMs.toFixed(1)
  } ms that the guest ran (${percent} %) were spent outside code ` +
    "translated ahead";
}
