import { encodeName } from "./names.ts";
import { MemoryTree } from "./memory_tree.ts";
import { compareNames } from "./names.ts";
import { type Inode, type InodeNumber, type InodeType, noBytes, noChildren } from "./tree.ts";

/** Who may do what, and when it was written: what a layer entry says about an inode. */
export interface Attributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly mtimeNs: number;
}

/** An inode while layers are being merged. Names that share a node are hard links. */
export interface Node {
  readonly type: InodeType;
  attributes: Attributes;
  /** Only for directories. */
  readonly children: Map<string, Dirent>;
  readonly content: Uint8Array;
  readonly target: string;
}

/** A name in a directory. The layer is kept by name, not by node: a new hard link to an old file is a new name. */
export interface Dirent {
  node: Node;
  /** The layer that wrote this name last. */
  layer: number;
}

/** Owner, mode and time of a directory that a layer needs but does not describe, as docker makes it. */
export const impliedDirectory: Attributes = { mode: 0o755, uid: 0, gid: 0, mtime: 0, mtimeNs: 0 };

const noDirents = new Map<string, Dirent>();

export function directoryNode(attributes: Attributes): Node {
  return { type: "directory", attributes, children: new Map(), content: noBytes, target: "" };
}

export function fileNode(attributes: Attributes, content: Uint8Array): Node {
  return { type: "file", attributes, children: noDirents, content, target: "" };
}

export function symlinkNode(attributes: Attributes, target: string): Node {
  return { type: "symlink", attributes, children: noDirents, content: noBytes, target };
}

export function fifoNode(attributes: Attributes): Node {
  return { type: "fifo", attributes, children: noDirents, content: noBytes, target: "" };
}

/** Numbers the nodes that are still reachable, in byte order of their names, and counts their links. */
export function freeze(root: Node): MemoryTree {
  const numbers = new Map<Node, InodeNumber>([[root, 1]]);
  const nodes: Node[] = [root];
  const names = new Map<Node, number>();
  const children: ReadonlyMap<string, InodeNumber>[] = [];
  // `nodes` grows while the loop runs: breadth first, with no recursion on the tree's depth.
  for (let i = 0; i < nodes.length; i++) {
    if (nodes[i].type !== "directory") {
      children.push(noChildren);
      continue;
    }
    const map = new Map<string, InodeNumber>();
    for (const [name, { node }] of [...nodes[i].children].sort(([a], [b]) => compareNames(a, b))) {
      let number = numbers.get(node);
      if (number === undefined) {
        number = nodes.push(node);
        numbers.set(node, number);
      }
      names.set(node, (names.get(node) ?? 0) + 1);
      map.set(name, number);
    }
    children.push(map);
  }
  const inodes = nodes.map((node) => toInode(node, names.get(node) ?? 0));
  return new MemoryTree(inodes, children, nodes.map((node) => node.content));
}

function toInode(node: Node, names: number): Inode {
  const { type, attributes, target } = node;
  const size = type === "symlink" ? encodeName(target).length : node.content.length;
  return { type, ...attributes, nlink: type === "directory" ? directoryLinks(node) : names, size, target };
}

function directoryLinks(node: Node): number {
  let links = 2;
  for (const dirent of node.children.values()) if (dirent.node.type === "directory") links++;
  return links;
}
