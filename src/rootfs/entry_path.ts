import { badInput, type ErrorPlace } from "../errors.ts";
import { nameBytesMax, pathBytesMax } from "./limits.ts";
import { encodeName } from "./names.ts";

/**
 * The components of a layer entry's path, counted from the root: "/usr/./bin/../lib" is ["usr", "lib"], "./" is [].
 * A path that climbs above the root is refused, because no tool writes such a layer by honest means.
 */
export function entryComponents(path: string, place: ErrorPlace): string[] {
  const quoted = JSON.stringify(shorten(path));
  if (path.includes("\0")) throw badInput(`path ${quoted} holds a NUL`, place);
  if (longerThan(path, pathBytesMax)) throw badInput(`path ${quoted} is longer than ${pathBytesMax} bytes`, place);
  const components: string[] = [];
  for (const name of path.split("/")) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (components.pop() === undefined) throw badInput(`path ${quoted} escapes the root`, place);
      continue;
    }
    if (longerThan(name, nameBytesMax)) {
      throw badInput(`path ${quoted} has a name longer than ${nameBytesMax} bytes`, place);
    }
    components.push(name);
  }
  return components;
}

/** Whether a name's bytes exceed a limit; encodes only when it could matter. */
export function longerThan(name: string, bytes: number): boolean {
  if (name.length > bytes) return true;
  return name.length * 3 > bytes && encodeName(name).length > bytes;
}

/** A hostile name cut to what fits in one line of an error. */
export function shorten(name: string): string {
  return name.length > 200 ? `${name.slice(0, 200)}…` : name;
}
