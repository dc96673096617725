/**
 * Data that travels with the code, as a wasm module without code: one custom section a blob.
 *
 * Why this form: `import source data from "./app.data.wasm"` is the one way to bring bytes into a Deno program without a read
 * permission, Workers and Node take the same file as plain bytes, so one file serves all hosts. A blob is a view of the file.
 */
import { badInput } from "../errors.ts";

const MAGIC = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** Names are ours and plain ASCII. */
const encoder = new TextEncoder(), decoder = new TextDecoder();

/** The file with the blobs in the order given. */
export function encodeDataFile(blobs: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const heads = [...blobs].map(([name, bytes]) => {
    const label = encoder.encode(name);
    const inner = [...leb(label.length), ...label];
    return Uint8Array.from([0x00, ...leb(inner.length + bytes.length), ...inner]);
  });
  let length = MAGIC.length;
  [...blobs.values()].forEach((bytes, i) => length += heads[i].length + bytes.length);
  const file = new Uint8Array(length);
  file.set(MAGIC);
  let at = MAGIC.length;
  [...blobs.values()].forEach((bytes, i) => {
    file.set(heads[i], at);
    at += heads[i].length;
    file.set(bytes, at);
    at += bytes.length;
  });
  return file;
}

/** The blobs of a file, as views of it. */
export function decodeDataFile(
  file: Uint8Array<ArrayBuffer>,
  name = "data file",
): Map<string, Uint8Array<ArrayBuffer>> {
  const blobs = new Map<string, Uint8Array<ArrayBuffer>>();
  if (file.length < MAGIC.length || MAGIC.some((b, i) => file[i] !== b)) {
    throw badInput("not a Lighter data file", { file: name });
  }
  let at = MAGIC.length;
  const number = () => {
    let value = 0, shift = 0;
    for (;;) {
      const b = file[at++];
      if (b === undefined || shift > 28) throw badInput("damaged section header", { file: name, offset: at });
      value += (b & 0x7f) * 2 ** shift;
      if (b < 0x80) return value;
      shift += 7;
    }
  };
  while (at < file.length) {
    const id = file[at++];
    const size = number();
    const end = at + size;
    if (id !== 0 || end > file.length) throw badInput("damaged section", { file: name, offset: at });
    const nameLength = number();
    if (at + nameLength > end) throw badInput("damaged section name", { file: name, offset: at });
    const label = decoder.decode(file.subarray(at, at + nameLength));
    at += nameLength;
    blobs.set(label, file.subarray(at, end));
    at = end;
  }
  return blobs;
}

/** The blobs of a compiled module (Deno: `import source`); copies, as the API gives them. */
export function dataOfModule(
  module: WebAssembly.Module,
  names: readonly string[],
): Map<string, Uint8Array<ArrayBuffer>> {
  const blobs = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const name of names) {
    const [section] = WebAssembly.Module.customSections(module, name);
    if (section !== undefined) blobs.set(name, new Uint8Array(section));
  }
  return blobs;
}

function leb(value: number): number[] {
  const out: number[] = [];
  do {
    const low = value % 128;
    value = Math.floor(value / 128);
    out.push(value > 0 ? low | 0x80 : low);
  } while (value > 0);
  return out;
}
