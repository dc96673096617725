import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import type { Dentry } from "../vfs/dentry.ts";
import { pathOf } from "../vfs/dentry.ts";
import type { FileDescription } from "../vfs/file_description.ts";
import type { FileSystem } from "../vfs/file_system.ts";
import { Inode } from "../vfs/inode.ts";
import { InodeDescription } from "../vfs/inode_description.ts";
import { RNDGETENTCNT } from "../abi/ioctl.ts";
import { EINVAL, ENOSPC, ENOTTY, ENXIO } from "../abi/errno.ts";
import { POLL_READABLE, POLL_WRITABLE } from "../abi/poll.ts";
import { makedev, S_IFCHR, S_IFMT } from "../abi/stat.ts";
import { writeU32 } from "../memory/user_memory.ts";

/** Device numbers of Documentation/admin-guide/devices.txt. */
export const DEV_NULL = makedev(1, 3), DEV_ZERO = makedev(1, 5), DEV_FULL = makedev(1, 7);
export const DEV_RANDOM = makedev(1, 8), DEV_URANDOM = makedev(1, 9), DEV_TTY = makedev(5, 0);
export const DEV_PTMX = makedev(5, 2);

/** A device node; which driver it is, its number says. Block devices have none. */
export class DeviceInode extends Inode {
  constructor(fs: FileSystem, ino: number, mode: number, uid: number, gid: number, rdev: number) {
    super(fs, ino, (mode & S_IFMT || S_IFCHR) | (mode & 0o7777), uid, gid);
    this.rdev = rdev;
  }

  override open(k: Kernel, t: Task, dentry: Dentry, _flags: number): FileDescription | number {
    switch ((this.mode & S_IFMT) === S_IFCHR ? this.rdev : 0) {
      case DEV_NULL:
        return new NullDevice(dentry, this);
      case DEV_ZERO:
        return new ZeroDevice(dentry, this);
      case DEV_FULL:
        return new FullDevice(dentry, this);
      case DEV_RANDOM:
      case DEV_URANDOM:
        return new RandomDevice(dentry, this);
      case DEV_TTY:
        return k.vfs.devpts.openControlling(k, t, dentry, this);
      case DEV_PTMX:
        return k.vfs.devpts.openMaster(k, t, dentry, this);
      default:
        return -ENXIO;
    }
  }
}

/** null(4): reads end at once, writes vanish. */
export class NullDevice extends InodeDescription {
  poll(): number {
    return POLL_READABLE | POLL_WRITABLE;
  }
  describe(): string {
    return pathOf(this.dentry!, this.inode.fs.root);
  }
  override get canBeWatched(): boolean {
    return false;
  }
  override read(_k: Kernel, _t: Task, _bytes: Uint8Array, _at: number, _length: number): number {
    return 0;
  }
  override write(_k: Kernel, _t: Task, _bytes: Uint8Array, _at: number, length: number): number {
    return length;
  }
  override pread(k: Kernel, t: Task, bytes: Uint8Array, at: number, length: number, _position: number): number {
    return this.read(k, t, bytes, at, length);
  }
  override pwrite(k: Kernel, t: Task, bytes: Uint8Array, at: number, length: number, _position: number): number {
    return this.write(k, t, bytes, at, length);
  }
  override seek(): number {
    return this.offset = 0;
  }
}

/** zero(4). */
export class ZeroDevice extends NullDevice {
  override read(_k: Kernel, _t: Task, bytes: Uint8Array, at: number, length: number): number {
    bytes.fill(0, at, at + length);
    return length;
  }
}

/** full(4): a disk without space. */
export class FullDevice extends ZeroDevice {
  override write(): number {
    return -ENOSPC;
  }
}

/** Web Crypto fills at most this many bytes a call. */
const RANDOM_CHUNK = 65536;

/** random(4): the host's generator. What guests mix in is accepted and ignored. */
export class RandomDevice extends NullDevice {
  override get canBeWatched(): boolean {
    return true;
  }
  override read(k: Kernel, _t: Task, bytes: Uint8Array, at: number, length: number): number {
    const buffer = bytes as Uint8Array<ArrayBuffer>;
    for (let done = 0; done < length; done += RANDOM_CHUNK) {
      k.host.randomFill(buffer.subarray(at + done, at + Math.min(length, done + RANDOM_CHUNK)));
    }
    return length;
  }
  override ioctl(_k: Kernel, t: Task, request: number, arg: number): number {
    if (request === RNDGETENTCNT >> 0) return writeU32(t, arg, 256);
    return (request >>> 8 & 0xff) === 0x52 ? -EINVAL : -ENOTTY;
  }
}
