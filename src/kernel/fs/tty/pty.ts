import { EAGAIN, EIO } from "../../abi/errno.ts";
import { POLL_READABLE, POLL_WRITABLE, POLLERR, POLLHUP } from "../../abi/poll.ts";
import { SIGTTIN, SIGTTOU } from "../../abi/signal.ts";
import { TOSTOP, VMIN, VTIME } from "../../abi/termios.ts";
import { TIOCGWINSZ } from "../../abi/ioctl.ts";
import type { Kernel } from "../../kernel.ts";
import type { Task } from "../../task/task.ts";
import { type Dentry, pathOf } from "../../vfs/dentry.ts";
import type { Inode } from "../../vfs/inode.ts";
import { InodeDescription } from "../../vfs/inode_description.ts";
import { backgroundResult } from "./job_control.ts";
import type { Terminal } from "./terminal.ts";
import { masterIoctl, terminalIoctl } from "./tty_ioctl.ts";

/** The end that plays keyboard and screen: what /dev/ptmx gives. */
export class PtyMaster extends InodeDescription {
  static override readonly savedFields: readonly string[] = [...InodeDescription.savedFields, "terminal"];

  constructor(dentry: Dentry, inode: Inode, readonly terminal: Terminal) {
    super(dentry, inode);
    terminal.master = this;
  }

  describe(): string {
    return pathOf(this.dentry!, this.inode.fs.root);
  }

  /** Everybody who had the other end open has closed it. */
  private get otherClosed(): boolean {
    return this.terminal.opened && this.terminal.files.length === 0;
  }

  poll(): number {
    const { output, acceptsInput } = this.terminal.discipline;
    return (output.used > 0 ? POLL_READABLE : 0) | (acceptsInput ? POLL_WRITABLE : 0) |
      (this.otherClosed ? POLLHUP : 0);
  }

  override read(_k: Kernel, _t: Task, bytes: Uint8Array, at: number, length: number): number {
    const { output } = this.terminal.discipline;
    if (output.used === 0) return this.otherClosed ? -EIO : -EAGAIN;
    let header = 0;
    if (this.terminal.packetMode && length > 0) {
      bytes[at] = 0; // TIOCPKT_DATA
      header = 1;
    }
    const n = output.take(bytes, at + header, length - header);
    this.terminal.wake();
    return n + header;
  }

  override write(k: Kernel, _t: Task, bytes: Uint8Array, at: number, length: number): number {
    const n = this.terminal.typeAll(k, bytes, at, length);
    return n === 0 && length > 0 ? -EAGAIN : n;
  }

  override bytesReadable(): number {
    return this.terminal.discipline.output.used;
  }

  override ioctl(k: Kernel, t: Task, request: number, arg: number): number {
    return masterIoctl(k, t, this.terminal, request, arg);
  }

  override release(k: Kernel): void {
    super.release(k);
    this.terminal.master = null;
    this.terminal.hangUp(k);
    k.terminals.forget(this.terminal);
  }
}

/** The end that programs use: /dev/pts/N, or /dev/tty. */
export class TerminalFile extends InodeDescription {
  static override readonly savedFields: readonly string[] = [...InodeDescription.savedFields, "terminal", "hungUp"];
  /** The master has gone: reads end, writes fail. */
  hungUp = false;

  constructor(dentry: Dentry, inode: Inode, readonly terminal: Terminal) {
    super(dentry, inode);
    terminal.files.push(this);
    terminal.opened = true;
  }

  describe(): string {
    return pathOf(this.dentry!, this.inode.fs.root);
  }

  poll(): number {
    if (this.hungUp) return POLL_READABLE | POLL_WRITABLE | POLLERR | POLLHUP;
    const { discipline } = this.terminal;
    const hasRoom = discipline.output.isWritable && !discipline.stopped;
    return (discipline.hasInput ? POLL_READABLE : 0) | (hasRoom ? POLL_WRITABLE : 0);
  }

  /** VTIME is the longest wait where VMIN is 0. */
  override get readTimeoutNs(): number {
    const { characters } = this.terminal.termios;
    return characters[VMIN] === 0 && characters[VTIME] > 0 ? characters[VTIME] * 1e8 : Infinity;
  }
  override get timedOutRead(): number {
    return 0;
  }

  override read(k: Kernel, t: Task, bytes: Uint8Array, at: number, length: number): number {
    if (this.hungUp) return 0;
    const background = backgroundResult(k, t, this.terminal, SIGTTIN);
    if (background !== 0) return background;
    const n = this.terminal.discipline.read(bytes, at, length);
    if (n > 0) this.terminal.wake();
    return n < 0 || (n === 0 && this.readTimeoutNs !== Infinity) ? -EAGAIN : n;
  }

  override write(k: Kernel, t: Task, bytes: Uint8Array, at: number, length: number): number {
    if (this.hungUp) return -EIO;
    if (this.terminal.termios.has(TOSTOP)) {
      const background = backgroundResult(k, t, this.terminal, SIGTTOU);
      if (background !== 0) return background;
    }
    const n = this.terminal.discipline.write(bytes, at, length);
    if (n === 0 && length > 0) return -EAGAIN;
    this.terminal.wake();
    return n;
  }

  override bytesReadable(): number {
    return this.terminal.discipline.readable;
  }

  override ioctl(k: Kernel, t: Task, request: number, arg: number): number {
    if (this.hungUp && request !== TIOCGWINSZ) return -EIO;
    return terminalIoctl(k, t, this.terminal, request, arg);
  }

  override release(k: Kernel): void {
    super.release(k);
    const { files } = this.terminal;
    const i = files.indexOf(this);
    if (i >= 0) files.splice(i, 1);
    if (files.length === 0) this.terminal.wake();
  }
}
