import type { Kernel } from "../../kernel.ts";
import type { Task } from "../../task/task.ts";
import type { FileSystem } from "../../vfs/file_system.ts";
import type { Inode } from "../../vfs/inode.ts";
import { GeneratedDirectory, GeneratedFile, inodeNumberOf } from "./inodes.ts";

/** Makes a file's contents. */
export type Generator = (k: Kernel, t: Task) => string;
/** Names and what they are: a file's contents, or a directory. */
export interface GeneratedTree {
  readonly [name: string]: Generator | GeneratedTree;
}

/** Trees by the name under which saved inodes refer to them. */
const trees = new Map<string, GeneratedTree>();

export function registerTree(name: string, tree: GeneratedTree): void {
  trees.set(name, tree);
}

function find(path: string): Generator | GeneratedTree | undefined {
  let at: Generator | GeneratedTree | undefined;
  for (const name of path.split("/")) {
    if (at === undefined) at = trees.get(name);
    else if (typeof at === "function" || !Object.hasOwn(at, name)) return undefined;
    else at = at[name];
  }
  return at;
}

/** The inode of an entry of a registered tree: `path` starts with the tree's name. */
export function treeInode(fs: FileSystem, path: string): Inode | null {
  const node = find(path);
  if (node === undefined) return null;
  return typeof node === "function" ? new TreeFile(fs, path) : new TreeDirectory(fs, path);
}

export function treeNames(path: string): readonly string[] {
  return Object.keys(find(path) ?? {});
}

export class TreeFile extends GeneratedFile {
  static override readonly savedFields: readonly string[] = [...GeneratedFile.savedFields, "path"];
  constructor(fs: FileSystem, private readonly path: string) {
    super(fs, inodeNumberOf(path), 0o444);
  }

  override generate(k: Kernel, t: Task): string {
    return (find(this.path) as Generator)(k, t);
  }
}

export class TreeDirectory extends GeneratedDirectory {
  static override readonly savedFields: readonly string[] = [...GeneratedDirectory.savedFields, "path"];
  constructor(fs: FileSystem, private readonly path: string) {
    super(fs, inodeNumberOf(path));
  }

  override names(): readonly string[] {
    return treeNames(this.path);
  }

  override entry(_k: Kernel, _t: Task, name: string): Inode | null {
    return treeInode(this.fs, `${this.path}/${name}`);
  }
}
