/** Lines kept at most before they are written, in characters. */
const KEPT_MAX = 32 * 1024;

/** Where lines are gathered. */
export interface LineBatch {
  add(line: string): void;
  /** Writes what there is. */
  flush(): void;
}

/**
 * Gathers the lines of one turn of the host and writes them together: servers log a line a request, and a write to the host
 * costs as much as the request does in the guest. `soon` is to call back at the end of the turn; `write` gets lines without
 * the last line's end.
 */
export function lineBatch(write: (text: string) => void, soon: (callback: () => void) => void): LineBatch {
  let text = "", isDue = false;
  const flush = () => {
    isDue = false;
    if (text === "") return;
    const whole = text.slice(0, -1);
    text = "";
    write(whole);
  };
  return {
    add(line) {
      text += `${line}\n`;
      if (text.length > KEPT_MAX) return flush();
      if (isDue) return;
      isDue = true;
      soon(flush);
    },
    flush,
  };
}
