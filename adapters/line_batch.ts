/** Lines kept at most before they are written, in characters. */
const KEPT_MAX = 32 * 1024;
/** Least time between two writes, in ms. */
const PAUSE_MS = 10;

/** Where lines are gathered. */
export interface LineBatch {
  add(line: string): void;
  /** Writes what there is. */
  flush(): void;
}

/** What a batch needs of its host. */
export interface LineBatchHost {
  /** Gets lines without the last line's end. */
  write(text: string): void;
  /** Calls back at the end of the turn. */
  soon(callback: () => void): void;
  after(ms: number, callback: () => void): void;
  /** In ms. */
  now(): number;
}

/**
 * Gathers lines and writes them together: servers log a line a request, and a write to the host costs as much as the request
 * does in the guest. A line that comes alone is written at the end of its turn, those that follow closely some milliseconds
 * after the last write.
 */
export function lineBatch({ write, soon, after, now }: LineBatchHost): LineBatch {
  let text = "", isDue = false, writtenAt = -Infinity;
  const flush = () => {
    isDue = false;
    if (text === "") return;
    const whole = text.slice(0, -1);
    text = "";
    writtenAt = now();
    write(whole);
  };
  return {
    add(line) {
      text += `${line}\n`;
      if (text.length > KEPT_MAX) return flush();
      if (isDue) return;
      isDue = true;
      const pause = writtenAt + PAUSE_MS - now();
      if (pause > 0) after(pause, flush);
      else soon(flush);
    },
    flush,
  };
}
