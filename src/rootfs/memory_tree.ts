import { bug } from "../errors.ts";
import type { Inode, InodeNumber, Tree } from "./tree.ts";

/** A tree held in memory: three arrays, indexed by inode number less one. */
export class MemoryTree implements Tree {
  readonly root = 1;

  constructor(
    private readonly inodes: readonly Inode[],
    private readonly directories: readonly ReadonlyMap<string, InodeNumber>[],
    private readonly contents: readonly Uint8Array[],
  ) {}

  inode(number: InodeNumber): Inode {
    return this.inodes[this.index(number)];
  }

  children(number: InodeNumber): ReadonlyMap<string, InodeNumber> {
    return this.directories[this.index(number)];
  }

  read(number: InodeNumber): Uint8Array {
    return this.contents[this.index(number)];
  }

  readInto(number: InodeNumber, position: number, target: Uint8Array, at: number, length: number): void {
    target.set(this.read(number).subarray(position, position + length), at);
  }

  bring(): boolean {
    return true;
  }

  private index(number: InodeNumber): number {
    if (!Number.isInteger(number) || number < 1 || number > this.inodes.length) throw bug(`no inode ${number}`);
    return number - 1;
  }
}
