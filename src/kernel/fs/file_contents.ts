/** Bytes a block holds: a compromise between holes and the cost of many arrays. */
const BLOCK = 65536;
/** Blocks lie at multiples of this, see FileContents.storedBlock(). */
export const FILE_BLOCK_BYTES = BLOCK;
/** The first block of a file starts small and doubles, since most files are small. */
const SMALLEST_FIRST_BLOCK = 512;

/** A block whose zeros are not stored, though the image may have bytes there. */
const HOLE = null;

/** Where the unchanged bytes of a file of the image come from. */
export interface LowerBytes {
  /** Its inode number in the image's tree. */
  readonly number: number;
  /** Copies `length` bytes from `position` on, which are there, to target[at..]. */
  read(position: number, target: Uint8Array, at: number, length: number): void;
  /** As Tree.bring. */
  bring(done: (problem: string | null) => void): boolean;
}

/**
 * Contents of a regular file: blocks in memory over the (read-only) bytes of the image. Writing copies up only the blocks
 * it touches; what was never written is a hole and reads as zeros.
 */
export class FileContents {
  static readonly savedFields: readonly string[] = ["size", "blocks", "lower", "lowerEnd"];
  size = 0;
  /** By number; without an entry: the image's bytes below lowerEnd, zeros above. HOLE: zeros. */
  private readonly blocks = new Map<number, Uint8Array | null>();
  private lower: LowerBytes | null;
  /** How much of the image's file still shows; truncation lowers it. */
  private lowerEnd: number;

  constructor(lower: LowerBytes | null = null, size = 0) {
    this.lower = lower;
    this.size = this.lowerEnd = size;
  }

  /** True if this is, byte for byte, a file of the image. */
  get isImageFile(): boolean {
    return this.lower !== null && this.blocks.size === 0 && this.lowerEnd === this.size;
  }

  /** Number of the file of the image that this is, byte for byte; 0 if it is none. */
  get imageFile(): number {
    return this.isImageFile ? this.lower!.number : 0;
  }

  /** The file of the image whose bytes show somewhere, or null. */
  get shownFile(): LowerBytes | null {
    return this.lowerEnd > 0 ? this.lower : null;
  }

  /** Bytes held in memory. */
  get storedBytes(): number {
    let n = 0;
    for (const b of this.blocks.values()) if (b) n += b.length;
    return n;
  }

  /** 512-byte units for st_blocks: pages that are not holes. */
  get sectors(): number {
    let bytes = this.lowerEnd;
    for (const [index, block] of this.blocks) {
      const start = index * BLOCK, below = Math.max(0, Math.min(BLOCK, this.lowerEnd - start));
      bytes += (block === HOLE ? 0 : Math.min(block.length, this.size - start)) - below;
    }
    return Math.ceil(bytes / 4096) * 8;
  }

  /** Copies up to `length` bytes at `position` to bytes[at..]; returns how many there were. */
  read(bytes: Uint8Array, at: number, length: number, position: number): number {
    const n = Math.min(length, this.size - position);
    if (n <= 0) return 0;
    if (this.blocks.size === 0) {
      this.readLower(bytes, at, n, position);
      return n;
    }
    for (let done = 0; done < n;) {
      const p = position + done, index = Math.floor(p / BLOCK), within = p - index * BLOCK;
      const part = Math.min(n - done, BLOCK - within);
      const block = this.blocks.get(index);
      if (block === undefined) this.readLower(bytes, at + done, part, p);
      else if (block === HOLE) bytes.fill(0, at + done, at + done + part);
      else {
        const stored = Math.min(part, Math.max(0, block.length - within));
        if (stored > 0) bytes.set(block.subarray(within, within + stored), at + done);
        if (stored < part) bytes.fill(0, at + done + stored, at + done + part);
      }
      done += part;
    }
    return n;
  }

  /** Stores `length` bytes at `position`, growing the file. The range has been checked against limits. */
  write(bytes: Uint8Array, at: number, length: number, position: number): void {
    for (let done = 0; done < length;) {
      const p = position + done, index = Math.floor(p / BLOCK), within = p - index * BLOCK;
      const part = Math.min(length - done, BLOCK - within);
      this.blockForWriting(index, within + part).set(bytes.subarray(at + done, at + done + part), within);
      done += part;
    }
    if (position + length > this.size) this.size = position + length;
  }

  truncate(size: number): void {
    if (size < this.size) {
      const keep = Math.ceil(size / BLOCK);
      for (const index of this.blocks.keys()) if (index >= keep) this.blocks.delete(index);
      const last = this.blocks.get(keep - 1), within = size - (keep - 1) * BLOCK;
      if (last && within < last.length) last.fill(0, within);
      if (this.lowerEnd > size) this.lowerEnd = size;
    }
    this.size = size;
  }

  /** Makes [start, end) read as zeros and gives back what whole blocks held (FALLOC_FL_PUNCH_HOLE). */
  punch(start: number, end: number): void {
    end = Math.min(end, this.size);
    if (start >= end) return;
    const first = Math.ceil(start / BLOCK), last = Math.floor(end / BLOCK);
    if (first > last) return this.zero(last, start - last * BLOCK, end - last * BLOCK);
    if (start < first * BLOCK) this.zero(first - 1, start - (first - 1) * BLOCK, BLOCK);
    if (end > last * BLOCK) this.zero(last, 0, end - last * BLOCK);
    for (const index of this.blocks.keys()) if (index >= first && index < last) this.blocks.delete(index);
    for (let i = first; i < last && i * BLOCK < this.lowerEnd; i++) this.blocks.set(i, HOLE);
  }

  /** Zeroes part of a block, unless it is a hole anyway. */
  private zero(index: number, from: number, to: number): void {
    const block = this.blocks.get(index);
    if (block) block.fill(0, from, to);
    else if (block === undefined && index * BLOCK < this.lowerEnd) this.blockForWriting(index, to).fill(0, from, to);
  }

  /** SEEK_DATA: first position >= `from` that is not in a hole, or -1. */
  nextData(from: number): number {
    for (; from < this.lowerEnd; from = (Math.floor(from / BLOCK) + 1) * BLOCK) {
      if (this.blocks.get(Math.floor(from / BLOCK)) !== HOLE) return from;
    }
    let first = Infinity;
    for (const [index, block] of this.blocks) {
      if (block !== HOLE && (index + 1) * BLOCK > from) first = Math.min(first, Math.max(from, index * BLOCK));
    }
    return first < this.size ? first : -1;
  }

  /** SEEK_HOLE: first position >= `from` that is in a hole; the end of the file is one. */
  nextHole(from: number): number {
    while (from < this.size) {
      const index = Math.floor(from / BLOCK), block = this.blocks.get(index);
      if (block === HOLE || (block === undefined && from >= this.lowerEnd)) return from;
      from = (index + 1) * BLOCK;
    }
    return this.size;
  }

  /**
   * The bytes of the block that `position` is in, those past its length being zero: null if it is a hole, undefined if the
   * image's bytes show there.
   */
  storedBlock(position: number): Uint8Array | null | undefined {
    const index = Math.floor(position / BLOCK), block = this.blocks.get(index);
    return block === undefined && index * BLOCK >= this.lowerEnd ? HOLE : block;
  }

  private readLower(bytes: Uint8Array, at: number, length: number, position: number): void {
    const shown = Math.min(length, Math.max(0, this.lowerEnd - position));
    if (shown > 0) this.lower!.read(position, bytes, at, shown);
    if (shown < length) bytes.fill(0, at + shown, at + length);
  }

  /** Block `index` as an array of at least `end` bytes, copied up or made. */
  private blockForWriting(index: number, end: number): Uint8Array {
    const old = this.blocks.get(index);
    if (old && old.length >= end) return old;
    const copied = old === undefined ? Math.min(BLOCK, Math.max(0, this.lowerEnd - index * BLOCK)) : 0;
    let capacity = BLOCK;
    if (index === 0 && this.size <= BLOCK) {
      capacity = Math.min(BLOCK, Math.max(SMALLEST_FIRST_BLOCK, copied, (old?.length ?? 0) * 2));
      while (capacity < end) capacity *= 2;
    }
    const block = new Uint8Array(capacity);
    if (old) block.set(old);
    else if (copied > 0) this.lower!.read(index * BLOCK, block, 0, copied);
    this.blocks.set(index, block);
    return block;
  }
}
