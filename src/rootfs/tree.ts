/**
 * The root file system as every later stage reads it: loader, boot and package at build time, the kernel at the edge.
 * Read-only and synchronous. Implementations: `MemoryTree` (merged layers), `PackedTree` (at the edge) and a host
 * directory (behind the command line).
 */

/** What an inode is. Device nodes and sockets of an image are left out: the kernel makes its own /dev. */
export type InodeType = "file" | "directory" | "symlink" | "fifo";

/** An inode number: positive, unique within its tree, the same for all hard links to one file. */
export type InodeNumber = number;

export interface Inode {
  readonly type: InodeType;
  /** Permission bits with setuid, setgid and sticky (07777); the type is not in it. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Whole seconds since 1970; may be negative. */
  readonly mtime: number;
  /** Nanoseconds to add to `mtime`. */
  readonly mtimeNs: number;
  /** Names of the file; for a directory 2 and one for each directory in it. */
  readonly nlink: number;
  /** Bytes of a file's content or of a symbolic link's target; 0 for others. */
  readonly size: number;
  /** Target of a symbolic link, as a name of `names.ts`; "" for others. */
  readonly target: string;
}

export interface Tree {
  /** The inode number of "/". */
  readonly root: InodeNumber;

  /** Throws a bug for a number that this tree never handed out. */
  inode(number: InodeNumber): Inode;

  /** Entries of a directory without "." and "..", in byte order of the names; empty for other types. */
  children(number: InodeNumber): ReadonlyMap<string, InodeNumber>;

  /** Whole content of a file, not to be written to; empty for other types. It may have to be made: `readInto` is for parts. */
  read(number: InodeNumber): Uint8Array;

  /** Copies `length` bytes of a file's content from `position` on, all of which are there, to target[at..]. */
  readInto(number: InodeNumber, position: number, target: Uint8Array, at: number, length: number): void;

  /**
   * Whether the content of a file is here to be read. If not it is brought, and `done` is called once, later: with null when it
   * can be read, or with what went wrong. What is brought stays here.
   */
  bring(number: InodeNumber, done: (problem: string | null) => void): boolean;
}

export const noChildren: ReadonlyMap<string, InodeNumber> = new Map();
export const noBytes: Uint8Array = new Uint8Array(0);
