/**
 * Deletion marks of image layers (OCI image spec, layer.md "Whiteouts"): `.wh.name` deletes `name` of the layers
 * below, `.wh..wh..opq` deletes everything that the layers below have in its directory.
 */
import { badInput, type ErrorPlace } from "../errors.ts";
import type { Node } from "./node.ts";

export type Mark =
  | { readonly kind: "none" }
  | { readonly kind: "opaque" }
  | { readonly kind: "delete"; readonly name: string }
  /** Left behind by AUFS (`.wh..wh.plnk`, `.wh..wh.aufs`): means nothing to a reader of images. */
  | { readonly kind: "ignore" };

const prefix = ".wh.";
const metaPrefix = ".wh..wh.";

/** What the components of an entry's path say about deletion. */
export function whiteoutMark(components: readonly string[], place: ErrorPlace): Mark {
  const name = components[components.length - 1] ?? "";
  if (name === `${metaPrefix}.opq`) return { kind: "opaque" };
  if (components.some((component) => component.startsWith(metaPrefix))) return { kind: "ignore" };
  if (!name.startsWith(prefix)) return { kind: "none" };
  const deleted = name.slice(prefix.length);
  if (deleted === "" || deleted === "." || deleted === "..") {
    throw badInput(`whiteout ${JSON.stringify(name)} names no file`, place);
  }
  return { kind: "delete", name: deleted };
}

/**
 * Removes what layers below `layer` have in a directory and keeps what `layer` itself wrote, at any depth, because a
 * whiteout may come before or after the entries of its own layer. `step` is called once a name. Says whether anything is left.
 */
export function removeLower(directory: Node, layer: number, step: () => void): boolean {
  for (const [name, dirent] of directory.children) {
    step();
    const keepsSome = dirent.node.type === "directory" && removeLower(dirent.node, layer, step);
    if (dirent.layer !== layer && !keepsSome) directory.children.delete(name);
  }
  return directory.children.size > 0;
}

/** Removes one name as `removeLower` removes all. */
export function removeLowerName(directory: Node, name: string, layer: number, step: () => void): void {
  const dirent = directory.children.get(name);
  if (dirent === undefined) return;
  const keepsSome = dirent.node.type === "directory" && removeLower(dirent.node, layer, step);
  if (dirent.layer !== layer && !keepsSome) directory.children.delete(name);
}
