import { bug } from "../errors.ts";
import { decodeName } from "./names.ts";
import {
  contentBytes,
  direntBytes,
  inodeBytes,
  inodeTypes,
  type PackedTreeBytes,
  type PackLayout,
} from "./pack_format.ts";
import { checkedLayout } from "./pack_check.ts";
import { type Inode, type InodeNumber, noBytes, noChildren, type Tree } from "./tree.ts";

/**
 * Opens what `packTree` made. The whole index is checked first, so that nothing read from it later can be out of
 * bounds; `name` is what errors call it.
 */
export function openPackedTree(bytes: PackedTreeBytes, name = "packed rootfs"): Tree {
  return new PackedTree(bytes, checkedLayout(bytes, name));
}

/** A tree over packed bytes. Inodes and directories come to life when asked for; contents are views of the chunks. */
class PackedTree implements Tree {
  readonly root = 1;
  private readonly view: DataView;
  private readonly inodes = new Map<InodeNumber, Inode>();
  private readonly directories = new Map<InodeNumber, ReadonlyMap<string, InodeNumber>>();
  /** Only of files that span chunks, which have to be put together. */
  private readonly joined = new Map<InodeNumber, Uint8Array>();

  constructor(private readonly bytes: PackedTreeBytes, private readonly layout: PackLayout) {
    this.view = viewOf(bytes.index);
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
    const chunk = this.view.getUint32(at, true);
    const offset = this.view.getUint32(at + 4, true);
    if (offset + size <= this.bytes.chunks[chunk].length) {
      return this.bytes.chunks[chunk].subarray(offset, offset + size);
    }
    let joined = this.joined.get(number);
    if (joined === undefined) this.joined.set(number, joined = this.join(chunk, offset, size));
    return joined;
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

  private join(chunk: number, offset: number, size: number): Uint8Array {
    const whole = new Uint8Array(size);
    for (let at = 0; at < size;) {
      const piece = this.bytes.chunks[chunk++].subarray(offset, offset + size - at);
      whole.set(piece, at);
      at += piece.length;
      offset = 0;
    }
    return whole;
  }

  // The name whose offset and length stand at `at`.
  private text(at: number): string {
    const start = this.layout.namesAt + this.view.getUint32(at, true);
    return decodeName(this.bytes.index.subarray(start, start + this.view.getUint32(at + 4, true)));
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
