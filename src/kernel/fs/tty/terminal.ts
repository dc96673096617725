import { SI_KERNEL, SIGCONT, SIGHUP } from "../../abi/signal.ts";
import type { Kernel } from "../../kernel.ts";
import type { Process } from "../../task/process.ts";
import { makeSignal } from "../../task/signal.ts";
import { sendToProcess } from "../../task/signals.ts";
import type { PtsInode } from "./devpts.ts";
import { signalGroup } from "./job_control.ts";
import { LineDiscipline } from "./line_discipline.ts";
import type { PtyMaster, TerminalFile } from "./pty.ts";
import { Termios } from "./termios.ts";

/** A pseudoterminal (pty(7)): what its two ends share. */
export class Terminal {
  static readonly savedFields: readonly string[] = [
    "number",
    "inode",
    "termios",
    "discipline",
    "rows",
    "columns",
    "width",
    "height",
    "locked",
    "packetMode",
    "session",
    "foreground",
    "master",
    "files",
    "opened",
  ];
  /** Its node in /dev/pts. */
  inode!: PtsInode;
  readonly termios = new Termios();
  readonly discipline = new LineDiscipline(this.termios);
  rows = 0;
  columns = 0;
  width = 0;
  height = 0;
  /** TIOCSPTLCK: cannot be opened yet. */
  locked = true;
  /** TIOCPKT: a byte that tells what follows stands before what the master reads. */
  packetMode = false;
  /** The session whose controlling terminal it is, and its foreground process group; 0: none. */
  session = 0;
  foreground = 0;
  /** Null once it is closed. */
  master: PtyMaster | null = null;
  /** Descriptions of the other end. */
  files: TerminalFile[] = [];
  /** Whether the other end has ever been opened. */
  opened = false;

  constructor(readonly number: number) {}

  /** Either end may read or write, or learn that the other has gone. */
  wake(): void {
    this.master?.readiness.wake();
    for (const file of this.files) file.readiness.wake();
  }

  /** What is typed: bytes from the master. How many were taken. */
  typeAll(k: Kernel, bytes: Uint8Array, at: number, length: number): number {
    let done = 0;
    while (done < length && this.discipline.acceptsInput) {
      const signal = this.discipline.type(bytes[at + done++]);
      if (signal !== 0 && this.foreground !== 0) signalGroup(k, this.foreground, signal);
    }
    this.wake();
    return done;
  }

  /** The master is closed: whoever has the terminal loses it (__tty_hangup). */
  hangUp(k: Kernel): void {
    const { session, foreground } = this;
    this.loseFiles();
    this.session = this.foreground = 0;
    const leader = session === 0 ? undefined : k.processes.get(session);
    if (leader !== undefined && !leader.zombie) {
      for (const signal of [SIGHUP, SIGCONT]) sendToProcess(leader, makeSignal(signal, SI_KERNEL));
    }
    if (foreground === 0 || foreground === leader?.pgid) return;
    signalGroup(k, foreground, SIGHUP);
    signalGroup(k, foreground, SIGCONT);
  }

  /** Its leader gives the terminal up, or ends (disassociate_ctty). Whoever has it open keeps it. */
  leaveSession(k: Kernel, leader: Process, ended: boolean): void {
    const { foreground } = this;
    this.session = this.foreground = 0;
    if (foreground === 0) return;
    signalGroup(k, foreground, SIGHUP, leader);
    if (!ended) signalGroup(k, foreground, SIGCONT, leader);
  }

  private loseFiles(): void {
    const { files } = this;
    this.files = [];
    for (const file of files) {
      file.hungUp = true;
      file.readiness.wake();
    }
    this.wake();
  }
}
