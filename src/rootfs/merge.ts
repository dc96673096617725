import { badInput, type ErrorPlace, overLimit } from "../errors.ts";
import { entryComponents, longerThan, shorten } from "./entry_path.ts";
import { defaultRootfsLimits, pathBytesMax, type RootfsLimits, symlinksMax } from "./limits.ts";
import type { MemoryTree } from "./memory_tree.ts";
import {
  type Attributes,
  directoryNode,
  fifoNode,
  fileNode,
  freeze,
  impliedDirectory,
  type Node,
  symlinkNode,
} from "./node.ts";
import { noBytes } from "./tree.ts";
import { removeLower, removeLowerName, whiteoutMark } from "./whiteout.ts";

export type LayerEntryType =
  | "file"
  | "directory"
  | "symlink"
  | "hardlink"
  | "fifo"
  | "character device"
  | "block device";

/** One entry of a layer, as a tar archive gives it. */
export interface LayerEntry extends Attributes {
  readonly path: string;
  readonly type: LayerEntryType;
  /** Target of a symbolic link, or path of the file that a hard link shares. */
  readonly linkPath: string;
  /** Bytes of content that follow in the archive. */
  readonly size: number;
  /** Where the entry's header is in the uncompressed layer. */
  readonly offset: number;
  /** The content; to be called before the next entry is asked for. */
  read(): Promise<Uint8Array>;
}

/** One layer, as far as merging is concerned. */
export interface LayerSource {
  /** How errors call it. */
  readonly name: string;
  entries(): AsyncIterable<LayerEntry>;
}

/** A device node that was left out of the tree. */
export interface SkippedEntry {
  readonly path: string;
  readonly type: LayerEntryType;
}

export interface MergeResult {
  readonly tree: MemoryTree;
  /** The first hundred device nodes left out. */
  readonly skipped: readonly SkippedEntry[];
  readonly skippedCount: number;
}

const skippedListed = 100;

/** Applies layers, the lowest first, to an empty root and returns the tree that a container would see. */
export async function mergeLayers(
  layers: Iterable<LayerSource>,
  limits: Partial<RootfsLimits> = {},
): Promise<MergeResult> {
  const merger = new LayerMerger(limits);
  for (const layer of layers) {
    merger.beginLayer(layer.name);
    for await (const entry of layer.entries()) {
      merger.admit(entry);
      merger.apply(entry, entry.type === "file" ? await entry.read() : noBytes);
    }
  }
  return merger.finish();
}

/**
 * The root file system while layers are applied to it. Semantics are those of docker and containerd (`archive/tar.go`):
 * symbolic links in the path *to* an entry are followed within the root; the entry's own name is not followed, but
 * replaced, except that a directory over a directory keeps its content.
 */
export class LayerMerger {
  private readonly limits: RootfsLimits;
  private readonly root = directoryNode(impliedDirectory);
  private readonly skipped: SkippedEntry[] = [];
  private skippedCount = 0;
  private layer = 0;
  private layerName = "";
  private entries = 0;
  private totalBytes = 0;
  private steps = 0;

  constructor(limits: Partial<RootfsLimits> = {}) {
    this.limits = { ...defaultRootfsLimits, ...limits };
  }

  /** Entries that follow belong to the next layer up. */
  beginLayer(name: string): void {
    this.layer++;
    this.layerName = name;
  }

  /** Counts an entry against the limits; to be called before its content is read. */
  admit(entry: LayerEntry): void {
    const { entries, fileBytes, totalBytes } = this.limits;
    const place = this.place(entry);
    if (++this.entries > entries) throw overLimit(`more than ${entries} entries in the layers`, place);
    if (entry.type !== "file") return;
    if (entry.size > fileBytes) {
      const name = JSON.stringify(shorten(entry.path));
      throw overLimit(`file ${name} has ${entry.size} bytes, the limit is ${fileBytes}`, place);
    }
    this.totalBytes += entry.size;
    if (this.totalBytes > totalBytes) throw overLimit(`files in the layers exceed ${totalBytes} bytes`, place);
  }

  /** Applies one entry; `content` is for regular files. */
  apply(entry: LayerEntry, content: Uint8Array): void {
    const place = this.place(entry);
    const components = entryComponents(entry.path, place);
    if (components.length === 0) return this.applyToRoot(entry, place);
    const mark = whiteoutMark(components, place);
    if (mark.kind === "ignore") return;
    const name = components.pop()!;
    if (mark.kind === "none") {
      return this.put(entry, content, this.directoryAt(components, "create", place)!, name, place);
    }
    const directory = this.directoryAt(components, "find", place);
    if (directory === undefined) return;
    if (mark.kind === "opaque") removeLower(directory, this.layer, this.step);
    else removeLowerName(directory, mark.name, this.layer, this.step);
  }

  /** The merged tree. Nothing may be applied afterwards. */
  finish(): MergeResult {
    return { tree: freeze(this.root), skipped: this.skipped, skippedCount: this.skippedCount };
  }

  private applyToRoot(entry: LayerEntry, place: ErrorPlace): void {
    if (entry.type !== "directory") throw badInput(`the root directory is given as a ${entry.type}`, place);
    this.root.attributes = attributesOf(entry);
  }

  private put(entry: LayerEntry, content: Uint8Array, directory: Node, name: string, place: ErrorPlace): void {
    const existing = directory.children.get(name);
    if (entry.type === "directory" && existing?.node.type === "directory") {
      existing.node.attributes = attributesOf(entry);
      existing.layer = this.layer;
      return;
    }
    const node = this.nodeFor(entry, content, place);
    if (node === undefined) directory.children.delete(name);
    else directory.children.set(name, { node, layer: this.layer });
  }

  // Undefined for a device: it takes the place of what had its name, but is not in the tree.
  private nodeFor(entry: LayerEntry, content: Uint8Array, place: ErrorPlace): Node | undefined {
    switch (entry.type) {
      case "file":
        return fileNode(attributesOf(entry), content);
      case "directory":
        return directoryNode(attributesOf(entry));
      case "fifo":
        return fifoNode(attributesOf(entry));
      case "symlink":
        return symlinkNode(attributesOf(entry), checkedTarget(entry, place));
      case "hardlink":
        return this.hardLinkTarget(entry, place);
      case "character device":
      case "block device":
        this.skippedCount++;
        if (this.skipped.length < skippedListed) this.skipped.push({ path: entry.path, type: entry.type });
        return undefined;
    }
  }

  private hardLinkTarget(entry: LayerEntry, place: ErrorPlace): Node {
    const link = `hard link ${JSON.stringify(shorten(entry.path))} to ${JSON.stringify(shorten(entry.linkPath))}`;
    const components = entryComponents(entry.linkPath, place);
    const name = components.pop() ?? "";
    const node = this.directoryAt(components, "find", place)?.children.get(name)?.node;
    if (node === undefined) throw badInput(`${link}, which does not exist`, place);
    if (node.type === "directory") throw badInput(`${link}, which is a directory`, place);
    return node;
  }

  /**
   * The directory at a path, symbolic links followed as chroot(2) would: ".." and absolute targets stop at the root.
   * Missing directories are made or answered with undefined, as `missing` says.
   */
  private directoryAt(components: readonly string[], missing: "create" | "find", place: ErrorPlace): Node | undefined {
    const ancestors: Node[] = [this.root];
    const pending = components.toReversed();
    const quoted = () => JSON.stringify(shorten(components.join("/")));
    let symlinks = 0;
    while (pending.length > 0) {
      this.step();
      const name = pending.pop()!;
      if (name === "" || name === ".") continue;
      if (name === "..") {
        if (ancestors.length > 1) ancestors.pop();
        continue;
      }
      const directory = ancestors[ancestors.length - 1];
      let node = directory.children.get(name)?.node;
      if (node === undefined) {
        if (missing === "find") return undefined;
        node = directoryNode(impliedDirectory);
        directory.children.set(name, { node, layer: this.layer });
      }
      if (node.type === "symlink") {
        if (++symlinks > symlinksMax) throw badInput(`path ${quoted()} runs in a loop of symbolic links`, place);
        if (node.target.startsWith("/")) ancestors.length = 1;
        pending.push(...node.target.split("/").reverse());
      } else if (node.type === "directory") {
        if (ancestors.push(node) > this.limits.depth) {
          throw overLimit(`path ${quoted()} is deeper than ${this.limits.depth} directories`, place);
        }
      } else {
        throw badInput(`path ${quoted()} goes through ${JSON.stringify(name)}, which is a ${node.type}`, place);
      }
    }
    return ancestors[ancestors.length - 1];
  }

  private readonly step = (): void => {
    if (++this.steps > this.limits.steps) {
      throw overLimit(`paths in the layers take more than ${this.limits.steps} steps`, { file: this.layerName });
    }
  };

  private place(entry: LayerEntry): ErrorPlace {
    return { file: this.layerName, offset: entry.offset };
  }
}

function attributesOf({ mode, uid, gid, mtime, mtimeNs }: LayerEntry): Attributes {
  return { mode: mode & 0o7777, uid, gid, mtime, mtimeNs };
}

function checkedTarget(entry: LayerEntry, place: ErrorPlace): string {
  const target = entry.linkPath;
  const link = JSON.stringify(shorten(entry.path));
  if (target === "" || target.includes("\0")) throw badInput(`symbolic link ${link} has no valid target`, place);
  if (longerThan(target, pathBytesMax)) {
    throw badInput(`symbolic link ${link} has a target longer than ${pathBytesMax} bytes`, place);
  }
  return target;
}
