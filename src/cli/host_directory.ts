/** A directory of the host as a root file system, for `exec --rootfs`. Read lazily and never written to. */
import { Buffer } from "node:buffer";
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
} from "node:fs";
import { badInput, bug } from "../errors.ts";
import { compareNames, decodeName, encodeName } from "../rootfs/names.ts";
import { type Inode, type InodeNumber, type InodeType, noBytes, noChildren, type Tree } from "../rootfs/tree.ts";

const nsPerSecond = 1_000_000_000n;
/** Contents that are kept: a program reads a large file in many small pieces, and each asks for the whole of it. */
const KEPT_BYTES = 512e6;

interface Known {
  /** As bytes, because a host's names need not be UTF-8. */
  readonly path: Uint8Array;
  readonly inode: Inode;
  children?: ReadonlyMap<string, InodeNumber>;
}

/** Opens a directory of the host as a tree. Symbolic links in it are never followed on the host. */
export function openHostDirectory(path: string): HostDirectory {
  return new HostDirectory(path);
}

export class HostDirectory implements Tree {
  readonly root = 1;
  /** Names left out: devices, sockets, and what the host would not show. */
  readonly skipped: string[] = [];
  /** By inode number less one. */
  private readonly known: Known[] = [];
  private readonly numbers = new Map<string, InodeNumber>();
  /** Files read last, the oldest first, and how much that is. */
  private readonly contents = new Map<InodeNumber, Uint8Array>();
  private contentBytes = 0;

  constructor(private readonly path: string) {
    // The user may name the directory by a link; only inside of it links belong to the guest.
    const root = this.discover(encodeName(onHost(path, () => realpathSync(path))));
    if (root === undefined || this.inode(root).type !== "directory") {
      throw badInput("is not a directory that can be read", { file: path });
    }
  }

  inode(number: InodeNumber): Inode {
    return this.get(number).inode;
  }

  children(number: InodeNumber): ReadonlyMap<string, InodeNumber> {
    const known = this.get(number);
    if (known.inode.type !== "directory") return noChildren;
    return known.children ??= this.list(known.path);
  }

  read(number: InodeNumber): Uint8Array {
    const { path, inode } = this.get(number);
    if (inode.type !== "file") return noBytes;
    const kept = this.contents.get(number);
    if (kept !== undefined) return kept;
    const bytes = readWhole(path, this.path);
    this.keep(number, bytes);
    return bytes;
  }

  readInto(number: InodeNumber, position: number, target: Uint8Array, at: number, length: number): void {
    target.set(this.read(number).subarray(position, position + length), at);
  }

  bring(): boolean {
    return true;
  }

  private keep(number: InodeNumber, bytes: Uint8Array): void {
    this.contents.set(number, bytes);
    this.contentBytes += bytes.length;
    for (const [oldest, { length }] of this.contents) {
      if (this.contentBytes <= KEPT_BYTES || oldest === number) break;
      this.contents.delete(oldest);
      this.contentBytes -= length;
    }
  }

  private get(number: InodeNumber): Known {
    const known = this.known[number - 1];
    if (known === undefined) throw bug(`no inode ${number}`);
    return known;
  }

  private list(path: Uint8Array): ReadonlyMap<string, InodeNumber> {
    const children = new Map<string, InodeNumber>();
    const names = onHost(this.path, () => readdirSync(asBuffer(path), { encoding: "buffer" }).map(decodeName));
    for (const name of names.sort(compareNames)) {
      const child = joinBytes(path, encodeName(name));
      const number = this.discover(child);
      if (number === undefined) this.skipped.push(decodeName(child));
      else children.set(name, number);
    }
    return children;
  }

  // The number of the inode at a host path; undefined if it is not for the guest.
  private discover(path: Uint8Array): InodeNumber | undefined {
    let stats;
    try {
      stats = lstatSync(asBuffer(path), { bigint: true });
    } catch {
      return undefined;
    }
    const type = typeOf(stats);
    if (type === undefined) return undefined;
    // Hard links share a number; a directory has one name only, even where it is mounted twice.
    const key = type === "directory" ? decodeName(path) : `${stats.dev}:${stats.ino}`;
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const target = type === "symlink" ? decodeName(readlinkSync(asBuffer(path), { encoding: "buffer" })) : "";
    const ns = ((stats.mtimeNs % nsPerSecond) + nsPerSecond) % nsPerSecond;
    const number = this.known.push({
      path,
      inode: {
        type,
        mode: Number(stats.mode) & 0o7777,
        uid: Number(stats.uid),
        gid: Number(stats.gid),
        mtime: Number((stats.mtimeNs - ns) / nsPerSecond),
        mtimeNs: Number(ns),
        nlink: Number(stats.nlink),
        size: type === "file" ? Number(stats.size) : encodeName(target).length,
        target,
      },
    });
    this.numbers.set(key, number);
    return number;
  }
}

function typeOf(
  stats: { isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean; isFIFO(): boolean },
): InodeType | undefined {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "directory";
  if (stats.isSymbolicLink()) return "symlink";
  return stats.isFIFO() ? "fifo" : undefined;
}

// O_NOFOLLOW: what was a file when it was listed may have become a link out of the directory.
function readWhole(path: Uint8Array, root: string): Uint8Array {
  return onHost(root, () => {
    const descriptor = openSync(asBuffer(path), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const bytes = new Uint8Array(fstatSync(descriptor).size);
      let at = 0;
      while (at < bytes.length) {
        const read = readSync(descriptor, bytes, at, bytes.length - at, at);
        if (read === 0) break;
        at += read;
      }
      return bytes.subarray(0, at);
    } finally {
      closeSync(descriptor);
    }
  });
}

function onHost<T>(root: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw badInput(`cannot be read (${error instanceof Error ? error.message : error})`, { file: root }, {
      cause: error,
    });
  }
}

function joinBytes(directory: Uint8Array, name: Uint8Array): Uint8Array {
  const slash = directory[directory.length - 1] === 0x2f ? 0 : 1;
  const path = new Uint8Array(directory.length + slash + name.length);
  path.set(directory);
  if (slash === 1) path[directory.length] = 0x2f;
  path.set(name, directory.length + slash);
  return path;
}

// node:fs takes a path as bytes only as its own kind of Uint8Array.
function asBuffer(path: Uint8Array): Buffer {
  return Buffer.from(path.buffer, path.byteOffset, path.byteLength);
}
