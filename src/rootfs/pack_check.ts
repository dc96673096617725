/** Validation of a pack's index: after it, every offset, count and number in the index can be followed blindly. */
import { badInput, type TranslatorError, unsupported } from "../errors.ts";
import { nameBytesMax, pathBytesMax } from "./limits.ts";
import { compareBytes } from "./names.ts";
import {
  chunkLengthBytes,
  contentBytes,
  direntBytes,
  frameBytes,
  groupFrames,
  headerBytes,
  inodeBytes,
  inodeTypes,
  maxFrameContent,
  type PackedTreeBytes,
  type PackedTreeParts,
  type PackLayout,
  packLayout,
  packMagic,
  packVersion,
} from "./pack_format.ts";

const slash = 0x2f;
const dot = 0x2e;

/** The layout of a valid index; throws bad input, naming the offset, for any other. */
export function checkedLayout(bytes: PackedTreeBytes | PackedTreeParts, name: string): PackLayout {
  return new PackCheck(bytes, name).run();
}

class PackCheck {
  private readonly view: DataView;
  private readonly index: Uint8Array;
  private layout!: PackLayout;

  constructor(private readonly bytes: PackedTreeBytes | PackedTreeParts, private readonly name: string) {
    this.index = bytes.index;
    this.view = new DataView(this.index.buffer, this.index.byteOffset, this.index.byteLength);
  }

  run(): PackLayout {
    this.layout = this.header();
    const lengths = [...this.chunks(), ...this.frames()];
    this.contents(lengths);
    this.links(this.inodes());
    return this.layout;
  }

  private header(): PackLayout {
    if (this.index.length < headerBytes) throw this.bad(0, "too short for the index of a packed rootfs");
    if (this.word(0) !== packMagic) throw this.bad(0, "not the index of a packed rootfs");
    if (this.word(4) !== packVersion) {
      throw unsupported(`packed rootfs has version ${this.word(4)}, this one reads ${packVersion}`, {
        file: this.name,
      });
    }
    const [inodeCount, direntCount, contentCount, chunkCount, namesLength, frameCount] = [8, 12, 16, 20, 24, 28]
      .map((at) => this.word(at));
    const layout = packLayout({ inodeCount, direntCount, contentCount, chunkCount, frameCount, namesLength });
    if (layout.length !== this.index.length) {
      throw this.bad(0, `index has ${this.index.length} bytes, its header asks for ${layout.length}`);
    }
    if (inodeCount === 0) throw this.bad(8, "no inodes");
    return layout;
  }

  // Lengths of the chunks.
  private chunks(): number[] {
    const { chunkCount, chunksAt } = this.layout;
    if (this.bytes.chunks.length !== chunkCount) {
      throw this.bad(20, `${this.bytes.chunks.length} chunks given, the index asks for ${chunkCount}`);
    }
    this.bytes.chunks.forEach((chunk, i) => {
      const at = chunksAt + i * chunkLengthBytes;
      const wanted = this.word(at);
      if (chunk.length !== wanted) throw this.bad(at, `chunk ${i} has ${chunk.length} bytes instead of ${wanted}`);
      if (wanted === 0) throw this.bad(at, `chunk ${i} is empty`);
    });
    return this.bytes.chunks.map((chunk) => chunk.length);
  }

  // Lengths of what the frames hold. Whether they hold it, and whether groups are as long as their frames, shows when they are read.
  private frames(): number[] {
    const { frameCount, framesAt } = this.layout, lengths: number[] = [];
    const { groups } = this.bytes, groupCount = Math.ceil(frameCount / groupFrames);
    if ("length" in groups && groups.length !== groupCount) {
      throw this.bad(28, `${groups.length} groups of frames given, the index asks for ${groupCount}`);
    }
    for (let i = 0; i < frameCount; i++) {
      const at = framesAt + i * frameBytes, bytes = this.word(at), length = this.word(at + 4);
      if (bytes === 0 || bytes > length || length > maxFrameContent) {
        throw this.bad(at, `frame ${i} has ${bytes} bytes for ${length}`);
      }
      lengths.push(length);
    }
    return lengths;
  }

  private contents(lengths: readonly number[]): void {
    const { contentCount, contentsAt } = this.layout;
    for (let i = 0; i < contentCount; i++) {
      const at = contentsAt + i * contentBytes;
      let unit = this.word(at);
      let offset = this.word(at + 4);
      let left = this.word(at + 8);
      // Each turn uses up a whole unit, or is the last.
      while (left > 0) {
        if (unit >= lengths.length || offset >= lengths[unit]) {
          throw this.bad(at, `content ${i} is outside of the chunks and frames`);
        }
        left -= Math.min(left, lengths[unit] - offset);
        unit++;
        offset = 0;
      }
    }
  }

  // Checks all inodes with their dirents; the answer is how many names each inode has.
  private inodes(): Uint32Array {
    const { inodeCount, direntCount, inodesAt } = this.layout;
    const names = new Uint32Array(inodeCount + 1);
    let dirents = 0;
    for (let number = 1; number <= inodeCount; number++) {
      const at = inodesAt + (number - 1) * inodeBytes;
      const first = this.word(at + 28);
      const count = this.word(at + 32);
      const type = inodeTypes[this.index[at]];
      this.attributes(at, number);
      if (type === "file") {
        if (first >= this.layout.contentCount || count !== 0) {
          throw this.bad(at, `inode ${number} has no valid content`);
        }
      } else if (type === "symlink") {
        this.nameRange(at + 28, pathBytesMax, `target of inode ${number}`);
      } else if (type === "directory") {
        if (first !== dirents || first + count > direntCount) {
          throw this.bad(at, `directory ${number} does not own its entries`);
        }
        dirents += count;
        this.directory(number, first, count, names);
      } else if (first !== 0 || count !== 0) {
        throw this.bad(at, `inode ${number} has content`);
      }
    }
    if (dirents !== direntCount) throw this.bad(12, "entries that belong to no directory");
    return names;
  }

  private attributes(at: number, number: number): void {
    const mtime = this.view.getFloat64(at + 16, true);
    const valid = this.index[at] < inodeTypes.length && this.index[at + 1] === 0 &&
      this.view.getUint16(at + 2, true) <= 0o7777 && Number.isSafeInteger(mtime) && this.word(at + 24) < 1_000_000_000;
    if (!valid) throw this.bad(at, `inode ${number} has attributes out of range`);
    if (number === 1 && inodeTypes[this.index[at]] !== "directory") throw this.bad(at, "the root is not a directory");
  }

  private directory(number: number, first: number, count: number, names: Uint32Array): void {
    const { direntsAt, inodeCount, inodesAt } = this.layout;
    let before: Uint8Array | undefined;
    let links = 2;
    for (let i = first; i < first + count; i++) {
      const at = direntsAt + i * direntBytes;
      const name = this.nameRange(at, nameBytesMax, `name of entry ${i}`);
      const isDots = name[0] === dot && (name.length === 1 || (name.length === 2 && name[1] === dot));
      if (isDots || name.includes(slash)) throw this.bad(at, `name of entry ${i} is not a file name`);
      if (before !== undefined && compareBytes(before, name) >= 0) throw this.bad(at, `entry ${i} is out of order`);
      before = name;
      const child = this.word(at + 8);
      if (child < 2 || child > inodeCount) throw this.bad(at, `entry ${i} names no inode`);
      names[child]++;
      if (inodeTypes[this.index[inodesAt + (child - 1) * inodeBytes]] !== "directory") continue;
      links++;
      // Parents come before children and a directory has one name: this is what keeps cycles out.
      if (child <= number || names[child] > 1) throw this.bad(at, `entry ${i} makes a directory part of itself`);
    }
    const at = inodesAt + (number - 1) * inodeBytes + 12;
    if (this.word(at) !== links) throw this.bad(at, `directory ${number} has a wrong link count`);
  }

  private links(names: Uint32Array): void {
    const { inodeCount, inodesAt } = this.layout;
    for (let number = 2; number <= inodeCount; number++) {
      const at = inodesAt + (number - 1) * inodeBytes;
      if (names[number] === 0) throw this.bad(at, `inode ${number} has no name`);
      if (inodeTypes[this.index[at]] !== "directory" && this.word(at + 12) !== names[number]) {
        throw this.bad(at, `inode ${number} has a wrong link count`);
      }
    }
  }

  private nameRange(at: number, max: number, what: string): Uint8Array {
    const { namesAt, namesLength } = this.layout;
    const offset = this.word(at);
    const length = this.word(at + 4);
    if (length === 0 || length > max || offset + length > namesLength) throw this.bad(at, `${what} is out of range`);
    const name = this.index.subarray(namesAt + offset, namesAt + offset + length);
    if (name.includes(0)) throw this.bad(at, `${what} holds a NUL`);
    return name;
  }

  private word(at: number): number {
    return this.view.getUint32(at, true);
  }

  private bad(offset: number, reason: string): TranslatorError {
    return badInput(reason, { file: this.name, offset });
  }
}
