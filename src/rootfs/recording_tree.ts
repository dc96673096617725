import type { Inode, InodeNumber, Tree } from "./tree.ts";

/** A tree that knows which files of it were read. */
export class RecordingTree implements Tree {
  readonly root: InodeNumber;
  readonly filesRead = new Set<InodeNumber>();

  constructor(private readonly tree: Tree) {
    this.root = tree.root;
  }

  inode(number: InodeNumber): Inode {
    return this.tree.inode(number);
  }

  children(number: InodeNumber): ReadonlyMap<string, InodeNumber> {
    return this.tree.children(number);
  }

  read(number: InodeNumber): Uint8Array {
    this.filesRead.add(number);
    return this.tree.read(number);
  }

  readInto(number: InodeNumber, position: number, target: Uint8Array, at: number, length: number): void {
    this.filesRead.add(number);
    this.tree.readInto(number, position, target, at, length);
  }

  bring(number: InodeNumber, done: (problem: string | null) => void): boolean {
    return this.tree.bring(number, done);
  }
}
