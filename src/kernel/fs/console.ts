import type { Host } from "../../host/host.ts";
import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { Dentry } from "../vfs/dentry.ts";
import type { FileDescription } from "../vfs/file_description.ts";
import type { FileSystem } from "../vfs/file_system.ts";
import { Inode } from "../vfs/inode.ts";
import { InodeDescription } from "../vfs/inode_description.ts";
import { O_ACCMODE, O_RDONLY, O_WRONLY } from "../abi/fcntl.ts";
import { EBADF } from "../abi/errno.ts";
import { POLL_WRITABLE, POLLERR } from "../abi/poll.ts";
import { S_IFIFO } from "../abi/stat.ts";

/** Where the guest's stdout (1) and stderr (2) go. `bytes` is a view: copy what is to be kept. */
export interface ConsoleSink {
  write(stream: 1 | 2, bytes: Uint8Array): void;
}

/** A line longer than this is logged in pieces. */
const MAX_LINE_BYTES = 16384;

const NEWLINE = 0x0a;

const NOTHING = new Uint8Array(0);

/** Hands whole lines to the host. */
export class LineSink implements ConsoleSink {
  private readonly pending: Record<1 | 2, Uint8Array> = { 1: NOTHING, 2: NOTHING };
  private readonly decoder = new TextDecoder();

  constructor(private readonly host: Host) {}

  write(stream: 1 | 2, bytes: Uint8Array): void {
    const { host } = this;
    if (host.writeLines !== undefined && bytes.length > 0 && bytes[bytes.length - 1] === NEWLINE) {
      if (this.pending[stream].length === 0) return host.writeLines(stream, bytes);
    }
    let start = 0;
    for (;;) {
      const newline = bytes.indexOf(NEWLINE, start);
      if (newline < 0) break;
      this.log(stream, bytes.subarray(start, newline));
      start = newline + 1;
    }
    if (start === bytes.length) return;
    this.pending[stream] = concatenate(this.pending[stream], bytes.subarray(start));
    if (this.pending[stream].length > MAX_LINE_BYTES) this.log(stream, NOTHING);
  }

  /** Logs what has no newline yet. */
  flush(): void {
    for (const stream of [1, 2] as const) if (this.pending[stream].length > 0) this.log(stream, NOTHING);
  }

  private log(stream: 1 | 2, rest: Uint8Array): void {
    const pending = this.pending[stream];
    if (pending.length === 0) return this.host.log(stream, this.decoder.decode(rest));
    this.pending[stream] = NOTHING;
    this.host.log(stream, this.decoder.decode(concatenate(pending, rest)));
  }
}

function concatenate(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/**
 * What stdout or stderr is open on: to the guest the write end of a pipe, as `docker run` without -t gives it. It can be
 * opened again through /dev/stdout and /proc/self/fd/1, as nginx does for its logs.
 */
export class ConsoleInode extends Inode {
  static override readonly savedFields: readonly string[] = [...Inode.savedFields, "stream"];

  constructor(fs: FileSystem, readonly stream: 1 | 2) {
    super(fs, fs.allocateIno(), S_IFIFO | 0o600, 0, 0);
  }

  override open(_k: Kernel, _t: Task, dentry: Dentry, flags: number): FileDescription | number {
    return new ConsoleDescription(dentry, this, flags & O_ACCMODE);
  }
}

export class ConsoleDescription extends InodeDescription<ConsoleInode> {
  constructor(dentry: Dentry, inode: ConsoleInode, access: number = O_WRONLY) {
    super(dentry, inode);
    this.statusFlags = access;
  }

  poll(): number {
    return (this.statusFlags & O_ACCMODE) === O_RDONLY ? POLLERR : POLL_WRITABLE;
  }
  describe(): string {
    return this.dentry!.name;
  }
  override read(): number {
    return (this.statusFlags & O_ACCMODE) === O_WRONLY ? -EBADF : 0;
  }
  override write(k: Kernel, _t: Task, bytes: Uint8Array, at: number, length: number): number {
    k.vfs.console.write(this.inode.stream, bytes.subarray(at, at + length));
    return length;
  }
  override bytesReadable(): number {
    return 0;
  }
}

/** A description of stdout or stderr for the first process. */
export function openConsole(fs: FileSystem, stream: 1 | 2): ConsoleDescription {
  const inode = new ConsoleInode(fs, stream);
  return new ConsoleDescription(new Dentry(`pipe:[${inode.ino}]`, null, inode), inode);
}
