import { EIO, ENOENT, ENOSPC, ENXIO } from "../../abi/errno.ts";
import { O_NOCTTY, OPEN_ONLY_FLAGS } from "../../abi/fcntl.ts";
import { makedev, S_IFCHR } from "../../abi/stat.ts";
import { DEVPTS_SUPER_MAGIC } from "../../abi/statfs.ts";
import type { Kernel } from "../../kernel.ts";
import type { Task } from "../../task/task.ts";
import { Dentry } from "../../vfs/dentry.ts";
import type { FileDescription } from "../../vfs/file_description.ts";
import { FileSystem } from "../../vfs/file_system.ts";
import { ATIME, CTIME, Inode, MTIME } from "../../vfs/inode.ts";
import { GeneratedDirectory } from "../procfs/inodes.ts";
import { PtyMaster, TerminalFile } from "./pty.ts";
import { Terminal } from "./terminal.ts";

/** Major number of /dev/pts/N. */
const UNIX98_PTY_SLAVE_MAJOR = 136;
/** Group "tty" of the mount option gid=5 that container runtimes use. */
const TTY_GROUP = 5;
/** /proc/sys/kernel/pty/max. */
export const PTY_MAX = 4096;

/** The file system at /dev/pts: a node for each pseudoterminal. */
export class DevptsFileSystem extends FileSystem {
  static override readonly savedFields: readonly string[] = [...FileSystem.savedFields, "ptmx"];
  readonly ptmx: Inode;

  constructor(dev: number, makePtmx: (fs: FileSystem) => Inode) {
    super("devpts", dev, DEVPTS_SUPER_MAGIC);
    this.options = "nosuid,noexec,relatime,gid=5,mode=620,ptmxmode=666";
    this.root = new Dentry("", null, new PtsDirectory(this, this.allocateIno()));
    this.ptmx = makePtmx(this);
  }

  /** open("/dev/ptmx"): a new pseudoterminal. */
  openMaster(k: Kernel, t: Task, dentry: Dentry, inode: Inode): FileDescription | number {
    const number = k.terminals.freeNumber;
    if (number >= PTY_MAX) return -ENOSPC;
    const terminal = new Terminal(number);
    terminal.inode = new PtsInode(this, number + 3, t.process.credentials.fsuid, terminal);
    terminal.inode.touch(k, ATIME | MTIME | CTIME);
    k.terminals.byNumber[number] = terminal;
    return new PtyMaster(dentry, inode, terminal);
  }

  /** The program's end of a pseudoterminal, by TIOCGPTPEER. */
  openFile(k: Kernel, t: Task, terminal: Terminal, flags: number): FileDescription | number {
    const dentry = new Dentry(String(terminal.number), this.root, terminal.inode);
    const file = terminal.inode.open(k, t, dentry, flags);
    if (typeof file !== "number") file.statusFlags = flags & ~OPEN_ONLY_FLAGS;
    return file;
  }

  /** open("/dev/tty") */
  openControlling(k: Kernel, t: Task, dentry: Dentry, inode: Inode): FileDescription | number {
    const terminal = k.terminals.controlling(t.process);
    return terminal === null ? -ENXIO : new TerminalFile(dentry, inode, terminal);
  }
}

export class PtsDirectory extends GeneratedDirectory {
  constructor(fs: FileSystem, ino: number) {
    super(fs, ino, 0o755);
  }

  private get devpts(): DevptsFileSystem {
    return this.fs as DevptsFileSystem;
  }

  override names(k: Kernel): readonly string[] {
    return ["ptmx", ...k.terminals.byNumber.filter((terminal) => terminal !== null).map((t) => String(t.number))];
  }

  override entry(k: Kernel, _t: Task, name: string): Inode | null {
    if (name === "ptmx") return this.devpts.ptmx;
    return /^(0|[1-9][0-9]*)$/.test(name) ? k.terminals.byNumber[Number(name)]?.inode ?? null : null;
  }

  /** The nodes are kept, unlike those of procfs: they have owners and modes that can be changed. */
  override lookup(k: Kernel, t: Task, self: Dentry, name: string): Dentry | null {
    const inode = this.entry(k, t, name);
    return inode === null ? null : new Dentry(name, self, inode);
  }
}

/** /dev/pts/N. */
export class PtsInode extends Inode {
  static override readonly savedFields: readonly string[] = [...Inode.savedFields, "terminal"];

  constructor(fs: FileSystem, ino: number, uid: number, private readonly terminal: Terminal) {
    super(fs, ino, S_IFCHR | 0o620, uid, TTY_GROUP);
    this.rdev = makedev(UNIX98_PTY_SLAVE_MAJOR, terminal.number);
  }

  override open(k: Kernel, t: Task, dentry: Dentry, flags: number): FileDescription | number {
    const { terminal } = this, p = t.process;
    if (terminal.master === null) return -ENOENT;
    if (terminal.locked) return -EIO;
    // A session leader that has none gets its controlling terminal so.
    const takes = !(flags & O_NOCTTY) && p.sid === p.pid && terminal.session === 0;
    if (takes && k.terminals.controlling(p) === null) {
      terminal.session = p.sid;
      terminal.foreground = p.pgid;
    }
    return new TerminalFile(dentry, this, terminal);
  }
}
