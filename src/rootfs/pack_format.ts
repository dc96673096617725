/**
 * A tree as bytes: one index, a few chunks of content, and content in compressed frames. All numbers are little-endian.
 *
 *     index  = header, inodes, dirents, contents, chunk lengths, frames, names
 *     header = magic "LTRR", version, counts of inodes, dirents, contents, chunks, bytes of names, frames   (u32 each)
 *     inode  = type u8, 0 u8, mode u16, uid u32, gid u32, nlink u32, mtime f64, mtimeNs u32, first u32, count u32
 *     dirent = offset and length of its name, inode number                                                 (u32 each)
 *     content = unit, offset in it, length; goes on at the start of the next unit where a unit ends        (u32 each)
 *     frame  = bytes that it is stored in, bytes of content, hash of these                                 (u32 each)
 *
 * Units are the chunks and then the frames. Frames are deflated, or stored as they are if both lengths are the same. The hash
 * (hash_words.ts) is checked when a compressed one is expanded. Frames are stored one behind the other in groups of
 * `groupFrames`, which need not be there when a tree is opened (frame_groups.ts).
 *
 * `first` and `count` are a directory's dirents, a symbolic link's target among the names, or a file's content id and 0.
 * Records have fixed sizes, so opening allocates nothing for a file until someone asks for it. Inodes are numbered from 1,
 * breadth first with names in byte order, and directories own consecutive dirents: one tree has one encoding, and
 * a cycle cannot be written down.
 */
import type { InodeType } from "./tree.ts";

export const packMagic = 0x5252544c; // "LTRR"
export const packVersion = 3;

export const headerBytes = 32;
export const inodeBytes = 36;
export const direntBytes = 12;
export const contentBytes = 12;
export const chunkLengthBytes = 4;
export const frameBytes = 12;

/** Most content of a frame: what reading one byte may take. */
export const maxFrameContent = 1 << 20;

/** Inode types by their code in the index. */
export const inodeTypes: readonly InodeType[] = ["file", "directory", "symlink", "fifo"];

/** Frames of a group: what a host brings at a time. The last group may have fewer. */
export const groupFrames = 8;

export interface PackedTreeBytes {
  readonly index: Uint8Array;
  /** None of them longer than the limit given to `packTree`. */
  readonly chunks: readonly Uint8Array[];
  /** The frames, in groups; none where nothing is compressed. */
  readonly groups: readonly Uint8Array[];
}

/** A packed tree whose frames a host has somewhere else. */
export type PackedTreeParts = Pick<PackedTreeBytes, "index" | "chunks"> & { readonly groups: GroupSource };

/** Where groups of frames come from, by their numbers: at once, or later. */
export type GroupSource =
  | { readonly read: (group: number) => Uint8Array }
  | { readonly fetch: (group: number) => Promise<Uint8Array> };

/** Counts at the head of an index, and where its sections begin. */
export interface PackLayout {
  readonly inodeCount: number;
  readonly direntCount: number;
  readonly contentCount: number;
  readonly chunkCount: number;
  readonly frameCount: number;
  readonly namesLength: number;
  readonly inodesAt: number;
  readonly direntsAt: number;
  readonly contentsAt: number;
  readonly chunksAt: number;
  readonly framesAt: number;
  readonly namesAt: number;
  readonly length: number;
}

export function packLayout(
  counts: Pick<
    PackLayout,
    "inodeCount" | "direntCount" | "contentCount" | "chunkCount" | "frameCount" | "namesLength"
  >,
): PackLayout {
  const inodesAt = headerBytes;
  const direntsAt = inodesAt + counts.inodeCount * inodeBytes;
  const contentsAt = direntsAt + counts.direntCount * direntBytes;
  const chunksAt = contentsAt + counts.contentCount * contentBytes;
  const framesAt = chunksAt + counts.chunkCount * chunkLengthBytes;
  const namesAt = framesAt + counts.frameCount * frameBytes;
  const length = namesAt + counts.namesLength;
  return { ...counts, inodesAt, direntsAt, contentsAt, chunksAt, framesAt, namesAt, length };
}
