import type { Kernel } from "../../kernel.ts";
import type { Process } from "../../task/process.ts";
import type { Terminal } from "./terminal.ts";

/** The pseudoterminals of a guest, by number. */
export class Terminals {
  static readonly savedFields: readonly string[] = ["byNumber"];
  readonly byNumber: (Terminal | null)[] = [];

  /** The lowest number that is free. */
  get freeNumber(): number {
    const i = this.byNumber.indexOf(null);
    return i < 0 ? this.byNumber.length : i;
  }

  /** The terminal of a process's session, or null. */
  controlling(p: Process): Terminal | null {
    for (const terminal of this.byNumber) if (terminal !== null && terminal.session === p.sid) return terminal;
    return null;
  }

  forget(terminal: Terminal): void {
    this.byNumber[terminal.number] = null;
  }

  /** A session leader takes the terminal with it. */
  processEnded(k: Kernel, p: Process): void {
    if (p.pid === p.sid) this.controlling(p)?.leaveSession(k, p, true);
  }
}
