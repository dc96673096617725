/**
 * The compressed files of an image in the output folder: a file for each group of frames, brought by the host when the guest opens
 * what is in it. Where a host says what a program may have (modules of Workers), they do not count.
 */
import { badInput } from "../errors.ts";
import { dataOfModule, decodeDataFile, encodeDataFile } from "./data_file.ts";

/** Their folder in the output; on Workers that of the static assets, with a binding of this name. */
export const GROUP_FOLDER = "files", GROUP_BINDING = "FILES";

/** The one blob of such a file, which has the form of a data file. */
const BLOB = "frames";

export function groupFile(group: number): string {
  return `${GROUP_FOLDER}/${group}.wasm`;
}

export function encodeGroup(frames: Uint8Array): Uint8Array<ArrayBuffer> {
  return encodeDataFile(new Map([[BLOB, frames]]));
}

/** As hosts have such a file: compiled (Deno), or its bytes. */
export type LoadedGroup = WebAssembly.Module | ArrayBuffer | Uint8Array<ArrayBuffer>;

/** How a host loads them, by the group's number: at once, or later. */
export type GroupLoader<Loaded = LoadedGroup> =
  | { readonly read: (group: number) => Loaded }
  | { readonly fetch: (group: number) => Promise<Loaded> };

/** The frames of loaded groups, as a packed tree takes them. */
export function groupSource(loader: GroupLoader): GroupLoader<Uint8Array> {
  if ("read" in loader) return { read: (group) => framesOf(loader.read(group), group) };
  return { fetch: async (group) => framesOf(await loader.fetch(group), group) };
}

function framesOf(file: LoadedGroup, group: number): Uint8Array {
  const name = groupFile(group);
  const blobs = file instanceof WebAssembly.Module
    ? dataOfModule(file, [BLOB])
    : decodeDataFile(file instanceof Uint8Array ? file : new Uint8Array(file), name);
  const frames = blobs.get(BLOB);
  if (frames === undefined) throw badInput("holds no compressed files", { file: name });
  return frames;
}
