/**
 * A tree as bytes: one index and a few chunks of content. All numbers are little-endian.
 *
 *     index  = header, inodes, dirents, contents, chunk lengths, names
 *     header = magic "LTRR", version, counts of inodes, dirents, contents and chunks, bytes of names, 0     (u32 each)
 *     inode  = type u8, 0 u8, mode u16, uid u32, gid u32, nlink u32, mtime f64, mtimeNs u32, first u32, count u32
 *     dirent = offset and length of its name, inode number                                                 (u32 each)
 *     content = chunk, offset in it, length; goes on at the start of the next chunk where a chunk ends     (u32 each)
 *
 * `first` and `count` are a directory's dirents, a symbolic link's target among the names, or a file's content id and 0.
 * Records have fixed sizes, so opening allocates nothing for a file until someone asks for it. Inodes are numbered from 1,
 * breadth first with names in byte order, and directories own consecutive dirents: one tree has one encoding, and
 * a cycle cannot be written down.
 */
import type { InodeType } from "./tree.ts";

export const packMagic = 0x5252544c; // "LTRR"
export const packVersion = 1;

export const headerBytes = 32;
export const inodeBytes = 36;
export const direntBytes = 12;
export const contentBytes = 12;
export const chunkLengthBytes = 4;

/** Inode types by their code in the index. */
export const inodeTypes: readonly InodeType[] = ["file", "directory", "symlink", "fifo"];

export interface PackedTreeBytes {
  readonly index: Uint8Array;
  /** None of them longer than the limit given to `packTree`. */
  readonly chunks: readonly Uint8Array[];
}

/** Counts at the head of an index, and where its sections begin. */
export interface PackLayout {
  readonly inodeCount: number;
  readonly direntCount: number;
  readonly contentCount: number;
  readonly chunkCount: number;
  readonly namesLength: number;
  readonly inodesAt: number;
  readonly direntsAt: number;
  readonly contentsAt: number;
  readonly chunksAt: number;
  readonly namesAt: number;
  readonly length: number;
}

export function packLayout(
  counts: Pick<PackLayout, "inodeCount" | "direntCount" | "contentCount" | "chunkCount" | "namesLength">,
): PackLayout {
  const inodesAt = headerBytes;
  const direntsAt = inodesAt + counts.inodeCount * inodeBytes;
  const contentsAt = direntsAt + counts.direntCount * direntBytes;
  const chunksAt = contentsAt + counts.contentCount * contentBytes;
  const namesAt = chunksAt + counts.chunkCount * chunkLengthBytes;
  return { ...counts, inodesAt, direntsAt, contentsAt, chunksAt, namesAt, length: namesAt + counts.namesLength };
}
