import { pageUp } from "../abi/mman.ts";
import { O_LARGEFILE, O_RDONLY, O_RDWR } from "../abi/fcntl.ts";
import type { MemoryFile } from "../fs/memory_inodes.ts";
import { unnamedFile } from "../fs/unnamed_file.ts";
import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import type { Dentry } from "../vfs/dentry.ts";
import { RegularFile } from "../vfs/regular_file.ts";
import { IpcObject } from "./objects.ts";

/** A shared memory segment (shmget(2)): a file without a name, which shmat(2) maps. */
export class SharedSegment extends IpcObject {
  static override readonly savedFields: readonly string[] = [
    ...IpcObject.savedFields,
    "size",
    "dentry",
    "inode",
    "creatorPid",
    "lastPid",
    "attachedSeconds",
    "detachedSeconds",
    "openings",
  ];
  private readonly dentry: Dentry;
  private readonly inode: MemoryFile;
  readonly creatorPid: number;
  /** Who attached or detached last. */
  lastPid = 0;
  attachedSeconds = 0;
  detachedSeconds = 0;
  /** Attachments that some address space still maps; fork shares them. */
  openings = 0;

  constructor(k: Kernel, t: Task, key: number, mode: number, readonly size: number) {
    super(k, t, key, mode);
    const file = unnamedFile(k, t, `/SYSV${(key >>> 0).toString(16).padStart(8, "0")}`, mode & 0o777);
    this.dentry = file.dentry!;
    this.inode = file.inode;
    this.inode.contents.size = pageUp(size);
    this.creatorPid = t.process.pid;
  }

  /** What an attachment maps. */
  open(readOnly: boolean): SegmentFile {
    return new SegmentFile(this.dentry, this.inode, this, readOnly);
  }

  /** Mappings in all address spaces. */
  attachments(k: Kernel): number {
    const spaces = new Set([...k.processes.values()].filter((p) => !p.zombie).map((p) => p.space));
    let n = 0;
    for (const space of spaces) {
      for (const v of space.vmas) if (v.file instanceof SegmentFile && v.file.segment === this) n++;
    }
    return n;
  }
}

/** The file behind one shmat(2). */
export class SegmentFile extends RegularFile {
  static override readonly savedFields: readonly string[] = [...RegularFile.savedFields, "segment"];

  constructor(dentry: Dentry, inode: MemoryFile, readonly segment: SharedSegment, readOnly: boolean) {
    super(dentry, inode);
    this.statusFlags = (readOnly ? O_RDONLY : O_RDWR) | O_LARGEFILE;
    segment.openings++;
  }

  /** The last mapping is gone; a segment that was removed before goes with it. */
  override release(k: Kernel): void {
    super.release(k);
    const { segment } = this;
    if (--segment.openings === 0 && segment.removed) k.ipc.segments.remove(segment);
  }
}
