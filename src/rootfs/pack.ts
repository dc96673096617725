import { bug, overLimit } from "../errors.ts";
import { ContentPool } from "./content_pool.ts";
import { compareNames, encodeName } from "./names.ts";
import {
  chunkLengthBytes,
  contentBytes,
  direntBytes,
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
}

const maxChunkBytes = 0xffff_ffff;

interface NumberedInode {
  readonly inode: Inode;
  readonly source: InodeNumber;
  /** Dirents of a directory in byte order, with the numbers that they have in the pack. */
  readonly dirents: readonly (readonly [string, InodeNumber])[];
}

/**
 * A tree as an index and chunks of content. Equal trees give equal bytes, whatever kind of tree they come from.
 * Identical files are stored once.
 */
export function packTree(tree: Tree, options: PackOptions = {}): PackedTreeBytes {
  const chunkBytes = options.chunkBytes ?? maxChunkBytes;
  if (!(chunkBytes >= 1 && chunkBytes <= maxChunkBytes)) throw bug(`chunks of ${chunkBytes} bytes`);
  const inodes = numberInodes(tree);
  const names = new NamePool();
  const pool = new ContentPool();
  const ranges = inodes.map((numbered) => rangeOf(numbered, tree, names, pool));
  const nameOffsets = inodes.map(({ dirents }) => dirents.map(([name]) => names.add(name)));
  const { places, chunks } = placeContents(pool.contents, chunkBytes);
  const layout = packLayout({
    inodeCount: inodes.length,
    direntCount: inodes.reduce((sum, { dirents }) => sum + dirents.length, 0),
    contentCount: places.length,
    chunkCount: chunks.length,
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
  names.write(index.subarray(layout.namesAt));
  return { index, chunks };
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

/** Fills chunks in order. A content that fits in a chunk is never cut, so that reading it is a view of the chunk. */
function placeContents(contents: readonly Uint8Array[], chunkBytes: number) {
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
  for (const content of contents) {
    if (content.length > 0xffff_ffff) throw overLimit(`a file of ${content.length} bytes is too large for a pack`);
    if (content.length === 0) {
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
  const { inodeCount, direntCount, contentCount, chunkCount, namesLength } = layout;
  writeWords(view, 0, [packMagic, packVersion, inodeCount, direntCount, contentCount, chunkCount, namesLength, 0]);
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
