/** Bytes kept at most before they are written. */
const KEPT_MAX = 32 * 1024;
/** Least time between two writes, in ms. */
const PAUSE_MS = 10;

/** Where lines are gathered. */
export interface LineBatch {
  /** Whole lines with their ends, which may change afterwards. */
  add(lines: Uint8Array): void;
  /** A line without its end. */
  addText(line: string): void;
  /** Writes what there is. */
  flush(): void;
}

/** What a batch needs of its host. */
export interface LineBatchHost {
  /** Gets whole lines, to keep. */
  write(lines: Uint8Array<ArrayBuffer>): void;
  /** Calls back at the end of the turn. */
  soon(callback: () => void): void;
  after(ms: number, callback: () => void): void;
  /** In ms. */
  now(): number;
}

/**
 * Gathers lines and writes them together: servers log a line a request, and a write to the host costs as much as the request
 * does in the guest. A line that comes alone is written at the end of its turn, those that follow closely some milliseconds
 * after the last write. They are bytes all the way: text would have to be made of each line, and bytes of the text.
 */
export function lineBatch({ write, soon, after, now }: LineBatchHost): LineBatch {
  const encoder = new TextEncoder();
  let kept: Uint8Array<ArrayBuffer> | null = null, used = 0, isDue = false, writtenAt = -Infinity;
  const flush = () => {
    isDue = false;
    if (used === 0) return;
    const whole = kept!.slice(0, used);
    used = 0;
    writtenAt = now();
    write(whole);
  };
  const add = (lines: Uint8Array) => {
    if (used + lines.length > KEPT_MAX) flush();
    if (lines.length > KEPT_MAX) return write(lines.slice());
    kept ??= new Uint8Array(KEPT_MAX);
    kept.set(lines, used);
    used += lines.length;
    if (isDue) return;
    isDue = true;
    const pause = writtenAt + PAUSE_MS - now();
    if (pause > 0) after(pause, flush);
    else soon(flush);
  };
  return { add, addText: (line) => add(encoder.encode(`${line}\n`)), flush };
}
