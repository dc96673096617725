import { bug } from "../errors.ts";
import { FrameCache } from "./frame_cache.ts";
import { decodeName } from "./names.ts";
import {
  contentBytes,
  direntBytes,
  inodeBytes,
  inodeTypes,
  type PackedTreeBytes,
  type PackedTreeParts,
  type PackLayout,
} from "./pack_format.ts";
import { checkedLayout } from "./pack_check.ts";
import { type Inode, type InodeNumber, noBytes, noChildren, type Tree } from "./tree.ts";

export interface OpenPackOptions {
  /** What errors call it. */
  readonly name?: string;
  /** Most bytes of expanded frames that are kept; default: as many as compression saves. */
  readonly keptBytes?: number;
}

/**
 * Opens what `packTree` made. The whole index is checked first, so that nothing read from it later can be out of
 * bounds. Frames are checked when they are first read, which throws bad input for those that are damaged.
 */
export function openPackedTree(bytes: PackedTreeBytes | PackedTreeParts, options: OpenPackOptions = {}): Tree {
  const { name = "packed rootfs", keptBytes = Infinity } = options;
  const layout = checkedLayout(bytes, name);
  const { index, chunks, groups } = bytes;
  return new PackedTree(index, chunks, layout, new FrameCache(index, groups, layout, name, keptBytes));
}

/**
 * A tree over packed bytes. Inodes and directories come to life when asked for; contents are views of the chunks, or of
 * frames that are expanded for them.
 */
class PackedTree implements Tree {
  readonly root = 1;
  private readonly view: DataView;
  private readonly inodes = new Map<InodeNumber, Inode>();
  private readonly directories = new Map<InodeNumber, ReadonlyMap<string, InodeNumber>>();

  constructor(
    private readonly index: Uint8Array,
    private readonly chunks: readonly Uint8Array[],
    private readonly layout: PackLayout,
    private readonly frames: FrameCache,
  ) {
    this.view = viewOf(index);
  }

  inode(number: InodeNumber): Inode {
    let inode = this.inodes.get(number);
    if (inode === undefined) this.inodes.set(number, inode = this.decodeInode(number));
    return inode;
  }

  children(number: InodeNumber): ReadonlyMap<string, InodeNumber> {
    if (this.inode(number).type !== "directory") return noChildren;
    let children = this.directories.get(number);
    if (children === undefined) this.directories.set(number, children = this.decodeDirectory(number));
    return children;
  }

  read(number: InodeNumber): Uint8Array {
    const { type, size } = this.inode(number);
    if (type !== "file" || size === 0) return noBytes;
    const at = this.contentAt(number);
    const first = this.unit(this.view.getUint32(at, true));
    const offset = this.view.getUint32(at + 4, true);
    if (offset + size <= first.length) return first.subarray(offset, offset + size);
    // Not kept: memory is bounded by what the frames may take.
    const whole = new Uint8Array(size);
    this.readInto(number, 0, whole, 0, size);
    return whole;
  }

  readInto(number: InodeNumber, position: number, target: Uint8Array, at: number, length: number): void {
    const content = this.contentAt(number), end = at + length;
    let unit = this.view.getUint32(content, true), offset = this.view.getUint32(content + 4, true) + position;
    while (at < end) {
      // What lies before is not expanded.
      const available = this.unitLength(unit) - offset;
      if (available > 0) {
        const piece = this.unit(unit).subarray(offset, offset + end - at);
        target.set(piece, at);
        at += piece.length;
      }
      offset = Math.max(0, -available);
      unit++;
    }
  }

  bring(number: InodeNumber, done: (problem: string | null) => void): boolean {
    const { type, size } = this.inode(number);
    if (type !== "file" || size === 0) return true;
    const content = this.contentAt(number), { chunkCount } = this.layout;
    const first = this.view.getUint32(content, true);
    let last = first, end = this.view.getUint32(content + 4, true) + size;
    while (end > this.unitLength(last)) end -= this.unitLength(last++);
    // Chunks are always here.
    return last < chunkCount || this.frames.bring(Math.max(0, first - chunkCount), last - chunkCount, done);
  }

  // Of a chunk or, behind these, a frame.
  private unit(number: number): Uint8Array {
    const { chunkCount } = this.layout;
    return number < chunkCount ? this.chunks[number] : this.frames.get(number - chunkCount);
  }

  private unitLength(number: number): number {
    const { chunkCount } = this.layout;
    return number < chunkCount ? this.chunks[number].length : this.frames.lengthOf(number - chunkCount);
  }

  private decodeInode(number: InodeNumber): Inode {
    const at = this.inodeAt(number);
    const type = inodeTypes[this.view.getUint8(at)];
    return {
      type,
      mode: this.view.getUint16(at + 2, true),
      uid: this.view.getUint32(at + 4, true),
      gid: this.view.getUint32(at + 8, true),
      nlink: this.view.getUint32(at + 12, true),
      mtime: this.view.getFloat64(at + 16, true),
      mtimeNs: this.view.getUint32(at + 24, true),
      size: type === "symlink"
        ? this.view.getUint32(at + 32, true)
        : type === "file"
        ? this.view.getUint32(this.contentAt(number) + 8, true)
        : 0,
      target: type === "symlink" ? this.text(at + 28) : "",
    };
  }

  private decodeDirectory(number: InodeNumber): ReadonlyMap<string, InodeNumber> {
    const at = this.inodeAt(number);
    const first = this.view.getUint32(at + 28, true);
    const count = this.view.getUint32(at + 32, true);
    const children = new Map<string, InodeNumber>();
    for (let i = first; i < first + count; i++) {
      const dirent = this.layout.direntsAt + i * direntBytes;
      children.set(this.text(dirent), this.view.getUint32(dirent + 8, true));
    }
    return children;
  }

  // The name whose offset and length stand at `at`.
  private text(at: number): string {
    const start = this.layout.namesAt + this.view.getUint32(at, true);
    return decodeName(this.index.subarray(start, start + this.view.getUint32(at + 4, true)));
  }

  private inodeAt(number: InodeNumber): number {
    if (!Number.isInteger(number) || number < 1 || number > this.layout.inodeCount) throw bug(`no inode ${number}`);
    return this.layout.inodesAt + (number - 1) * inodeBytes;
  }

  private contentAt(number: InodeNumber): number {
    return this.layout.contentsAt + this.view.getUint32(this.inodeAt(number) + 28, true) * contentBytes;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
