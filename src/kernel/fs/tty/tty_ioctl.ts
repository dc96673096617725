import { EINVAL, EIO, ENOTTY, EPERM, ESRCH } from "../../abi/errno.ts";
import * as io from "../../abi/ioctl.ts";
import * as abi from "../../abi/termios.ts";
import { O_CLOEXEC } from "../../abi/fcntl.ts";
import { SIGWINCH } from "../../abi/signal.ts";
import type { Kernel } from "../../kernel.ts";
import { loadU16, readableRange, readU32, storeU16, writableRange, writeU32 } from "../../memory/user_memory.ts";
import { dropDescription } from "../../task/fd_table.ts";
import type { Task } from "../../task/task.ts";
import { mayChange, signalGroup } from "./job_control.ts";
import type { Terminal } from "./terminal.ts";

/** ioctl_tty(2) on the master's end. */
export function masterIoctl(k: Kernel, t: Task, terminal: Terminal, request: number, arg: number): number {
  switch (request >>> 0) {
    case io.TIOCGPTN:
      return writeU32(t, arg, terminal.number);
    case io.TIOCSPTLCK: {
      const value = readU32(t, arg);
      if (value < 0) return value;
      terminal.locked = value !== 0;
      return 0;
    }
    case io.TIOCGPTLCK:
      return writeU32(t, arg, terminal.locked ? 1 : 0);
    case io.TIOCPKT: {
      const value = readU32(t, arg);
      if (value < 0) return value;
      terminal.packetMode = value !== 0;
      return 0;
    }
    case io.TIOCGPTPEER: {
      const file = k.vfs.devpts.openFile(k, t, terminal, arg);
      if (typeof file === "number") return file;
      const fd = t.process.fds.install(file, (arg & O_CLOEXEC) !== 0);
      if (fd < 0) {
        file.refs++;
        dropDescription(k, file);
      }
      return fd;
    }
    case io.TIOCSIG:
      if (arg < 1 || arg > 64) return -EINVAL;
      if (terminal.foreground !== 0) signalGroup(k, terminal.foreground, arg);
      return 0;
    case io.TIOCGPGRP:
      return writeU32(t, arg, terminal.foreground);
    case io.TIOCGSID:
      return terminal.session === 0 ? -ENOTTY : writeU32(t, arg, terminal.session);
    case io.TIOCSCTTY:
    case io.TIOCNOTTY:
      return -ENOTTY;
    case io.TCFLSH:
      if (arg < abi.TCIFLUSH || arg > abi.TCIOFLUSH) return -EINVAL;
      if (arg !== abi.TCOFLUSH) terminal.discipline.flushOutput();
      terminal.wake();
      return 0;
    default:
      return settingsIoctl(k, t, terminal, request, arg);
  }
}

/** ioctl_tty(2) on the program's end. */
export function terminalIoctl(k: Kernel, t: Task, terminal: Terminal, request: number, arg: number): number {
  const p = t.process, isOwn = terminal.session !== 0 && terminal.session === p.sid;
  switch (request >>> 0) {
    case io.TIOCGPGRP:
      return isOwn ? writeU32(t, arg, terminal.foreground) : -ENOTTY;
    case io.TIOCSPGRP: {
      const background = mayChange(k, t, terminal);
      if (background !== 0) return background;
      const pgid = readU32(t, arg);
      if (pgid < 0) return pgid;
      if (!isOwn) return -ENOTTY;
      if (pgid > 0x7fffffff) return -EINVAL;
      const member = [...k.processes.values()].find((other) => other.pgid === pgid);
      if (member === undefined) return -ESRCH;
      if (member.sid !== p.sid) return -EPERM;
      terminal.foreground = pgid;
      return 0;
    }
    case io.TIOCGSID:
      return isOwn ? writeU32(t, arg, terminal.session) : -ENOTTY;
    case io.TIOCSCTTY:
      return becomeControlling(k, t, terminal, arg);
    case io.TIOCNOTTY:
      if (!isOwn) return -ENOTTY;
      // Only the leader's word counts: the others cannot leave alone, since the session is what has the terminal.
      if (p.sid === p.pid) terminal.leaveSession(k, p, false);
      return 0;
    case io.TIOCSTI:
      return -EIO; // as kernels with dev.tty.legacy_tiocsti=0
    default:
      return settingsIoctl(k, t, terminal, request, arg);
  }
}

/** TIOCSCTTY: a session leader without a terminal takes this one; root may steal it (`arg` 1). */
function becomeControlling(k: Kernel, t: Task, terminal: Terminal, arg: number): number {
  const p = t.process;
  if (p.sid === p.pid && terminal.session === p.sid) return 0;
  if (p.sid !== p.pid || k.terminals.controlling(p) !== null) return -EPERM;
  if (terminal.session !== 0 && !(arg === 1 && p.credentials.privileged)) return -EPERM;
  terminal.session = p.sid;
  terminal.foreground = p.pgid;
  return 0;
}

/** Settings, sizes and queues: the same on both ends. */
function settingsIoctl(k: Kernel, t: Task, terminal: Terminal, request: number, arg: number): number {
  const { discipline } = terminal;
  switch (request >>> 0) {
    case io.TCGETS:
    case io.TCGETS2:
      return getTermios(t, terminal, arg, request >>> 0 === io.TCGETS2);
    case io.TCSETS:
    case io.TCSETSW:
    case io.TCSETSF:
    case io.TCSETS2:
    case io.TCSETSW2:
    case io.TCSETSF2:
      return setTermios(k, t, terminal, request >>> 0, arg);
    case io.TIOCGWINSZ:
      return getWindowSize(t, terminal, arg);
    case io.TIOCSWINSZ:
      return setWindowSize(k, t, terminal, arg);
    case io.TIOCGETD:
      return writeU32(t, arg, 0); // N_TTY
    case io.TIOCOUTQ:
      return writeU32(t, arg, 0);
    case io.TCSBRK:
    case io.TCSBRKP:
    case io.TIOCEXCL:
    case io.TIOCNXCL:
      return 0;
    case io.TCXONC: {
      const background = mayChange(k, t, terminal);
      if (background !== 0) return background;
      if (arg < abi.TCOOFF || arg > abi.TCION) return -EINVAL;
      if (arg === abi.TCOOFF || arg === abi.TCOON) discipline.stopped = arg === abi.TCOOFF;
      terminal.wake();
      return 0;
    }
    case io.TCFLSH: {
      const background = mayChange(k, t, terminal);
      if (background !== 0) return background;
      if (arg < abi.TCIFLUSH || arg > abi.TCIOFLUSH) return -EINVAL;
      // Written bytes cannot be called back: they are at the other end at once.
      if (arg !== abi.TCOFLUSH) discipline.flushInput();
      terminal.wake();
      return 0;
    }
    default:
      return -ENOTTY;
  }
}

function getTermios(t: Task, terminal: Terminal, arg: number, withSpeeds: boolean): number {
  const at = writableRange(t, arg, withSpeeds ? abi.TERMIOS2_BYTES : abi.TERMIOS_BYTES);
  if (at < 0) return at;
  terminal.termios.store(t.memory, at, withSpeeds);
  return 0;
}

function setTermios(k: Kernel, t: Task, terminal: Terminal, request: number, arg: number): number {
  const background = mayChange(k, t, terminal);
  if (background !== 0) return background;
  const withSpeeds = request === io.TCSETS2 || request === io.TCSETSW2 || request === io.TCSETSF2;
  const at = readableRange(t, arg, withSpeeds ? abi.TERMIOS2_BYTES : abi.TERMIOS_BYTES);
  if (at < 0) return at;
  const { termios, discipline } = terminal;
  const wasCanonical = termios.has(abi.ICANON);
  termios.load(t.memory, at, withSpeeds);
  if (request === io.TCSETSF || request === io.TCSETSF2) discipline.flushInput();
  discipline.modeChanged(wasCanonical);
  if (!(termios.input & abi.IXON)) discipline.stopped = false;
  terminal.wake();
  return 0;
}

function getWindowSize(t: Task, terminal: Terminal, arg: number): number {
  const at = writableRange(t, arg, abi.WINSIZE_BYTES);
  if (at < 0) return at;
  const { rows, columns, width, height } = terminal;
  [rows, columns, width, height].forEach((v, i) => storeU16(t.memory, at + 2 * i, v));
  return 0;
}

/** The foreground learns of a new size by SIGWINCH. */
function setWindowSize(k: Kernel, t: Task, terminal: Terminal, arg: number): number {
  const at = readableRange(t, arg, abi.WINSIZE_BYTES);
  if (at < 0) return at;
  const [rows, columns, width, height] = [0, 2, 4, 6].map((offset) => loadU16(t.memory, at + offset));
  const { rows: r, columns: c, width: w, height: h } = terminal;
  if (rows === r && columns === c && width === w && height === h) return 0;
  Object.assign(terminal, { rows, columns, width, height });
  if (terminal.foreground !== 0) signalGroup(k, terminal.foreground, SIGWINCH);
  return 0;
}
