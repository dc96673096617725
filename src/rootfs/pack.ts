import { bug, overLimit } from "../errors.ts";
import { ContentPool } from "./content_pool.ts";
import { cutFrames, type Frames, noFrames } from "./frames.ts";
import { compareNames, encodeName } from "./names.ts";
import {
  chunkLengthBytes,
  contentBytes,
  direntBytes,
  frameBytes,
  inodeBytes,
  inodeTypes,
  type PackedTreeBytes,
  type PackLayout,
  packLayout,
  packMagic,
  packVersion,
} from "./pack_format.ts";
import type { Inode, InodeNumber, Tree } from "./tree.ts";

export interface PackOptions {
  /** Longest chunk; hosts bound the size of a file (Workers assets: 25 MiB). One chunk when left out. */
  readonly chunkBytes?: number;
  /** What to keep compressed; nothing when left out. */
  readonly compress?: Compression;
}

export interface Compression {
  /** Whether a file of the tree stays as it is, since it is wanted at once. */
  isWanted(file: InodeNumber): boolean;
  /** Deflates (RFC 1951). */
  compress(bytes: Uint8Array): Uint8Array;
}

/** How much content is in a pack, and in what form. */
export interface PackSizes {
  readonly chunks: number;
  readonly chunkBytes: number;
  /** What is in frames: their groups, and bytes as they are stored and as they are read. */
  readonly groups: number;
  readonly storedBytes: number;
  readonly expandedBytes: number;
}

const maxChunkBytes = 0xffff_ffff;

interface NumberedInode {
  readonly inode: Inode;
  readonly source: InodeNumber;
  /** Dirents of a directory in byte order, with the numbers that they have in the pack. */
  readonly dirents: readonly (readonly [string, InodeNumber])[];
}

/**
 * A tree as an index, chunks of content and compressed frames. Equal trees give equal bytes, whatever kind of tree they
 * come from, and inodes have the same numbers whatever is compressed. Identical files are stored once.
 */
export function packTree(tree: Tree, options: PackOptions = {}): PackedTreeBytes & { readonly sizes: PackSizes } {
  const chunkBytes = options.chunkBytes ?? maxChunkBytes;
  if (!(chunkBytes >= 1 && chunkBytes <= maxChunkBytes)) throw bug(`chunks of ${chunkBytes} bytes`);
  const inodes = numberInodes(tree);
  const names = new NamePool();
  const pool = new ContentPool();
  const ranges = inodes.map((numbered) => rangeOf(numbered, tree, names, pool));
  const nameOffsets = inodes.map(({ dirents }) => dirents.map(([name]) => names.add(name)));
  const { compress } = options, wanted = new Set<number>();
  inodes.forEach(({ inode, source }, i) => {
    if (inode.type === "file" && (compress === undefined || compress.isWanted(source))) wanted.add(ranges[i].first);
  });
  const { places, chunks } = placeContents(pool.contents, wanted, chunkBytes);
  const frames = compress === undefined
    ? noFrames
    : placeInFrames(pool.contents, wanted, chunks.length, places, compress);
  const layout = packLayout({
    inodeCount: inodes.length,
    direntCount: inodes.reduce((sum, { dirents }) => sum + dirents.length, 0),
    contentCount: places.length,
    chunkCount: chunks.length,
    frameCount: frames.records.length,
    namesLength: names.length,
  });
  const index = new Uint8Array(layout.length);
  const view = new DataView(index.buffer);
  writeHeader(view, layout);
  const links = countLinks(inodes);
  let dirent = 0;
  inodes.forEach(({ inode, dirents }, i) => {
    const range = inode.type === "directory" ? { first: dirent, count: dirents.length } : ranges[i];
    writeInode(view, layout.inodesAt + i * inodeBytes, inode, links[i], range);
    dirents.forEach(([, number], j) => {
      writeWords(view, layout.direntsAt + dirent++ * direntBytes, [...nameOffsets[i][j], number]);
    });
  });
  places.forEach((place, i) => writeWords(view, layout.contentsAt + i * contentBytes, place));
  chunks.forEach((chunk, i) => writeWords(view, layout.chunksAt + i * chunkLengthBytes, [chunk.length]));
  frames.records.forEach((words, i) => writeWords(view, layout.framesAt + i * frameBytes, words));
  names.write(index.subarray(layout.namesAt));
  const sizes = {
    chunks: chunks.length,
    chunkBytes: chunks.reduce((n, chunk) => n + chunk.length, 0),
    groups: frames.groups.length,
    storedBytes: frames.records.reduce((n, [stored]) => n + stored, 0),
    expandedBytes: frames.records.reduce((n, [, length]) => n + length, 0),
  };
  return { index, chunks, groups: frames.groups, sizes };
}

function numberInodes(tree: Tree): NumberedInode[] {
  const numbers = new Map<InodeNumber, InodeNumber>([[tree.root, 1]]);
  const sources: InodeNumber[] = [tree.root];
  const inodes: NumberedInode[] = [];
  // `sources` grows while the loop runs: breadth first.
  for (let i = 0; i < sources.length; i++) {
    const source = sources[i];
    const children = [...tree.children(source)].sort(([a], [b]) => compareNames(a, b));
    const dirents = children.map(([name, child]) => {
      let number = numbers.get(child);
      if (number === undefined) {
        number = sources.push(child);
        numbers.set(child, number);
      }
      return [name, number] as const;
    });
    inodes.push({ inode: tree.inode(source), source, dirents });
  }
  return inodes;
}

// Counted anew, because a host directory's link counts include names outside of the tree.
function countLinks(inodes: readonly NumberedInode[]): number[] {
  const links = inodes.map(({ inode }) => inode.type === "directory" ? 2 : 0);
  inodes.forEach(({ dirents }, parent) => {
    for (const [, number] of dirents) {
      if (inodes[number - 1].inode.type === "directory") links[parent]++;
      else links[number - 1]++;
    }
  });
  return links;
}

function rangeOf(numbered: NumberedInode, tree: Tree, names: NamePool, pool: ContentPool) {
  const { inode, source } = numbered;
  if (inode.type === "file") return { first: pool.add(tree.read(source)), count: 0 };
  if (inode.type !== "symlink") return { first: 0, count: 0 };
  const [first, count] = names.add(inode.target);
  return { first, count };
}

/** The contents that are not wanted, into frames; sets their places. */
function placeInFrames(
  contents: readonly Uint8Array[],
  wanted: ReadonlySet<number>,
  firstUnit: number,
  places: number[][],
  { compress }: Compression,
): Frames {
  const others = [...contents.keys()].filter((i) => !wanted.has(i) && contents[i].length > 0);
  const frames = cutFrames(others.map((i) => contents[i]), compress);
  others.forEach((i, k) => {
    const { frame, offset } = frames.places[k];
    places[i] = [firstUnit + frame, offset, contents[i].length];
  });
  return frames;
}

/** Fills chunks in order. A content that fits in a chunk is never cut, so that reading it is a view of the chunk. */
function placeContents(contents: readonly Uint8Array[], wanted: ReadonlySet<number>, chunkBytes: number) {
  const places: number[][] = [];
  const chunks: Uint8Array[] = [];
  let pieces: Uint8Array[] = [];
  let used = 0;
  const finishChunk = () => {
    if (used === 0) return;
    const chunk = new Uint8Array(used);
    let at = 0;
    for (const piece of pieces) {
      chunk.set(piece, at);
      at += piece.length;
    }
    chunks.push(chunk);
    pieces = [];
    used = 0;
  };
  for (const [i, content] of contents.entries()) {
    if (content.length > 0xffff_ffff) throw overLimit(`a file of ${content.length} bytes is too large for a pack`);
    if (content.length === 0 || !wanted.has(i)) {
      places.push([0, 0, 0]);
      continue;
    }
    if (used === chunkBytes || (content.length <= chunkBytes && used + content.length > chunkBytes)) finishChunk();
    places.push([chunks.length, used, content.length]);
    for (let at = 0; at < content.length;) {
      if (used === chunkBytes) finishChunk();
      const piece = content.subarray(at, at + chunkBytes - used);
      pieces.push(piece);
      used += piece.length;
      at += piece.length;
    }
  }
  finishChunk();
  return { places, chunks };
}

/** Names and link targets, each stored once. */
class NamePool {
  length = 0;
  private readonly parts: Uint8Array[] = [];
  private readonly known = new Map<string, readonly [offset: number, length: number]>();

  add(name: string): readonly [offset: number, length: number] {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const bytes = encodeName(name);
    const range = [this.length, bytes.length] as const;
    this.known.set(name, range);
    this.parts.push(bytes);
    this.length += bytes.length;
    return range;
  }

  write(target: Uint8Array): void {
    let at = 0;
    for (const part of this.parts) {
      target.set(part, at);
      at += part.length;
    }
  }
}

function writeHeader(view: DataView, layout: PackLayout): void {
  const { inodeCount, direntCount, contentCount, chunkCount, frameCount, namesLength } = layout;
  const counts = [inodeCount, direntCount, contentCount, chunkCount, namesLength, frameCount];
  writeWords(view, 0, [packMagic, packVersion, ...counts]);
}

function writeInode(view: DataView, at: number, inode: Inode, links: number, range: { first: number; count: number }) {
  view.setUint8(at, inodeTypes.indexOf(inode.type));
  view.setUint16(at + 2, inode.mode, true);
  writeWords(view, at + 4, [inode.uid, inode.gid, links]);
  view.setFloat64(at + 16, inode.mtime, true);
  writeWords(view, at + 24, [inode.mtimeNs, range.first, range.count]);
}

function writeWords(view: DataView, at: number, words: readonly number[]): void {
  words.forEach((word, i) => view.setUint32(at + i * 4, word, true));
}
