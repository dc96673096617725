/**
 * Trap tables as source maps (Source Map revision 3), which is how binaryen carries debug locations through its passes: the
 * "column" is the byte offset, the "line" the number of the guest pc in a table.
 */

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = new Int8Array(128).fill(-1);
for (let i = 0; i < 64; i++) VALUES[DIGITS.charCodeAt(i)] = i;

/** Places in code: from each offset (ascending) on, the line that holds there; -1 for none. */
export interface CodeLines {
  offsets: ArrayLike<number>;
  lines: ArrayLike<number>;
}

export function encodeSourceMap({ offsets, lines }: CodeLines): string {
  const parts: string[] = [];
  let offset = 0, line = 0;
  for (let i = 0; i < offsets.length; i++) {
    let part = vlq(offsets[i] - offset);
    offset = offsets[i];
    if (lines[i] >= 0) {
      part += "A" + vlq(lines[i] - line) + "A";
      line = lines[i];
    }
    parts.push(part);
  }
  return JSON.stringify({ version: 3, sources: ["guest"], names: [], mappings: parts.join(",") });
}

function vlq(value: number): string {
  let rest = value < 0 ? (-value << 1) | 1 : value << 1;
  let text = "";
  do {
    const digit = rest & 31;
    rest >>>= 5;
    text += DIGITS[rest > 0 ? digit | 32 : digit];
  } while (rest > 0);
  return text;
}

export function decodeSourceMap(text: string): { offsets: number[]; lines: number[] } {
  const { mappings } = JSON.parse(text) as { mappings: string };
  const offsets: number[] = [], lines: number[] = [];
  let offset = 0, line = 0;
  // Fields of one segment: column, source, line, column there.
  let field = 0, value = 0, shift = 0;
  const endSegment = () => {
    if (field === 0) return;
    offsets.push(offset);
    lines.push(field >= 4 ? line : -1);
    field = 0;
  };
  for (let i = 0; i < mappings.length; i++) {
    const code = mappings.charCodeAt(i);
    const digit = code < 128 ? VALUES[code] : -1;
    if (digit < 0) {
      endSegment();
      continue;
    }
    value |= (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    const number = value & 1 ? -(value >>> 1) : value >>> 1;
    if (field === 0) offset += number;
    else if (field === 2) line += number;
    field++;
    value = shift = 0;
  }
  endSegment();
  return { offsets, lines };
}
