/** The reference interpreter's string comparisons (SSE4.2), as the operations in ops.ts have them. */
import type { Exec, Frame } from "./frame.ts";
import type { OpName } from "./ops.ts";

/** Reads an element of value v, signed. */
type Read = (f: Frame, v: number, i: number) => number;

interface Shape {
  readonly count: number;
  readonly at: Read;
}

const BYTES: Shape = { count: 16, at: (f, v, i) => f.i8[v * 16 + i] };
const WORDS: Shape = { count: 8, at: (f, v, i) => f.i16[v * 8 + i] };

/** Whether element j of b matches; `c` is the operation's third operand. */
type Matches = (f: Frame, a: number, b: number, c: number, j: number) => boolean;

function bitsOf(count: number, matches: Matches): Exec {
  return (f, v, a, b, c) => {
    const third = f.i32[c * 4];
    let bits = 0;
    for (let j = 0; j < count; j++) if (matches(f, a, b, third, j)) bits |= 1 << j;
    f.i32[v * 4] = bits;
  };
}

function equalAny({ count, at }: Shape): Exec {
  return bitsOf(count, (f, a, b, length, j) => {
    for (let i = 0, x = at(f, b, j); i < length; i++) if (at(f, a, i) === x) return true;
    return false;
  });
}

function ranges({ count, at }: Shape): Exec {
  return bitsOf(count, (f, a, b, length, j) => {
    for (let i = 0, x = at(f, b, j); i < length; i += 2) if (at(f, a, i) <= x && x <= at(f, a, i + 1)) return true;
    return false;
  });
}

/** The first occurs in the second at j, as far as the register goes. */
function equalOrdered({ count, at }: Shape): Exec {
  return bitsOf(count, (f, a, b, c, j) => {
    const length = c & 0xff, invalid = c >>> 8;
    for (let i = 0; i < length && i + j < count; i++) {
      if (invalid >> i + j & 1 || at(f, a, i) !== at(f, b, i + j)) return false;
    }
    return true;
  });
}

export const STRING_OPS: Partial<Record<OpName, Exec>> = {
  i8x16_equal_any: equalAny(BYTES),
  i16x8_equal_any: equalAny(WORDS),
  i8x16_ranges: ranges(BYTES),
  i16x8_ranges: ranges(WORDS),
  i8x16_equal_ordered: equalOrdered(BYTES),
  i16x8_equal_ordered: equalOrdered(WORDS),
};
