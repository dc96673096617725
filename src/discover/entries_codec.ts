/** What was found of a program's code, for other threads: they would find the same, in a tenth of the time that a translation takes. */
import { CodeMap } from "./code_map.ts";
import { type CodeEntries, entriesOf } from "./entries.ts";

/** Lists, in this order; the words before them are their lengths, the number of functions, and that of bytes with marks. */
const LISTS = 6, HEAD = LISTS + 2;

export function encodeEntries({ map, roots, starts, ends, labels, functions }: CodeEntries): SharedArrayBuffer {
  const ranges = map.ranges.flatMap(({ start, end }) => [start, end]);
  const lists: ArrayLike<number>[] = [ranges, roots, starts, ends, labels, [...map.referenced]];
  const words = HEAD + lists.reduce((n, { length }) => n + length, 0);
  const buffer = new SharedArrayBuffer(4 * words + map.bytes), out = new Uint32Array(buffer, 0, words);
  let at = HEAD;
  lists.forEach((list, i) => {
    out[i] = list.length;
    out.set(list, at);
    at += list.length;
  });
  out[LISTS] = functions;
  out[LISTS + 1] = map.bytes;
  map.copyMarks(new Uint8Array(buffer, 4 * words));
  return buffer;
}

/** The marks stay where they are. */
export function decodeEntries(buffer: SharedArrayBuffer): CodeEntries {
  const head = new Uint32Array(buffer, 0, HEAD);
  let at = 4 * HEAD;
  const list = (i: number) => {
    const words = new Uint32Array(buffer, at, head[i]);
    at += words.byteLength;
    return words;
  };
  const bounds = list(0),
    roots = [...list(1)],
    starts = list(2),
    ends = list(3),
    labels = [...list(4)],
    referenced = list(5);
  const ranges = Array.from(
    { length: bounds.length / 2 },
    (_, i) => ({ start: bounds[2 * i], end: bounds[2 * i + 1] }),
  );
  const map = new CodeMap(ranges, new Uint8Array(buffer, at, head[LISTS + 1]));
  for (let i = 0; i < referenced.length; i++) map.referenced.add(referenced[i]);
  return entriesOf({ map, roots, starts, ends, labels, functions: head[LISTS] });
}
