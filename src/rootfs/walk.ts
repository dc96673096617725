import { encodeName } from "./names.ts";
import type { Inode, InodeNumber, Tree } from "./tree.ts";

export interface TreeEntry {
  /** Absolute path; "/" for the root. */
  readonly path: string;
  readonly number: InodeNumber;
  readonly inode: Inode;
}

/** Every name of a tree, parents first, names in byte order. A file with three names comes three times. */
export function* walkTree(tree: Tree): Generator<TreeEntry> {
  const pending: { path: string; number: InodeNumber }[] = [{ path: "/", number: tree.root }];
  while (pending.length > 0) {
    const { path, number } = pending.pop()!;
    const inode = tree.inode(number);
    yield { path, number, inode };
    if (inode.type !== "directory") continue;
    const prefix = path === "/" ? "/" : `${path}/`;
    for (const [name, child] of [...tree.children(number)].reverse()) {
      pending.push({ path: prefix + name, number: child });
    }
  }
}

/** A path for each regular file of a tree: the first of its names. */
export function filePaths(tree: Tree): Map<InodeNumber, string> {
  const paths = new Map<InodeNumber, string>();
  for (const { path, number, inode } of walkTree(tree)) {
    if (inode.type === "file" && !paths.has(number)) paths.set(number, path);
  }
  return paths;
}

/** Names, inodes and content bytes of a tree, for reports and limits. */
export function measureTree(tree: Tree): { names: number; inodes: number; bytes: number; nameBytes: number } {
  const seen = new Set<InodeNumber>();
  let names = 0;
  let bytes = 0;
  let nameBytes = 0;
  for (const { path, number, inode } of walkTree(tree)) {
    names++;
    nameBytes += encodeName(path.slice(path.lastIndexOf("/") + 1)).length;
    if (seen.has(number)) continue;
    seen.add(number);
    if (inode.type === "file") bytes += inode.size;
  }
  return { names, inodes: seen.size, bytes, nameBytes };
}
