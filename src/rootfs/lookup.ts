import { badInput } from "../errors.ts";
import { symlinksMax } from "./limits.ts";
import type { InodeNumber, Tree } from "./tree.ts";

/** The inode that a path names within the tree, symbolic links followed; undefined when there is none. */
export function lookup(tree: Tree, path: string): InodeNumber | undefined {
  return walkPath(tree, path, true);
}

/** Like `lookup`, but a symbolic link at the very end is itself the answer. */
export function lookupNoFollow(tree: Tree, path: string): InodeNumber | undefined {
  return walkPath(tree, path, false);
}

/** Content of the regular file at a path, symbolic links followed; undefined when there is none. */
export function readFileAt(tree: Tree, path: string): Uint8Array | undefined {
  const found = lookup(tree, path);
  return found !== undefined && tree.inode(found).type === "file" ? tree.read(found) : undefined;
}

function walkPath(tree: Tree, path: string, followsLast: boolean): InodeNumber | undefined {
  const ancestors: InodeNumber[] = [tree.root];
  const pending = path.split("/").reverse();
  let symlinks = 0;
  while (pending.length > 0) {
    const name = pending.pop()!;
    const current = ancestors[ancestors.length - 1];
    if (tree.inode(current).type !== "directory") return undefined;
    if (name === "" || name === ".") continue;
    if (name === "..") {
      // ".." of the root is the root: nothing leads out of the tree.
      if (ancestors.length > 1) ancestors.pop();
      continue;
    }
    const child = tree.children(current).get(name);
    if (child === undefined) return undefined;
    const inode = tree.inode(child);
    if (inode.type === "symlink" && (followsLast || pending.length > 0)) {
      if (++symlinks > symlinksMax) throw badInput("too many levels of symbolic links", { file: path });
      if (inode.target.startsWith("/")) ancestors.length = 1;
      pending.push(...inode.target.split("/").reverse());
    } else {
      ancestors.push(child);
    }
  }
  return ancestors[ancestors.length - 1];
}
