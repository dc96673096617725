/** Helpers of BMI2 and F16C; declared in ir/helpers.ts. */
import { STATE_MXCSR, STATE_SCRATCH } from "../state.ts";
import { f16ToF32, f32ToF16 } from "./float16.ts";
import type { HelperBody } from "./types.ts";

const VALUE = STATE_SCRATCH >> 2, MASK = VALUE + 2;

/** Low bits of the value go where the mask has ones, from the lowest on. */
const pdep: HelperBody = ({ memory: { i32 } }) => {
  let low = i32[VALUE], high = i32[VALUE + 1];
  for (const word of [0, 1]) {
    let result = 0;
    for (let mask = i32[MASK + word]; mask !== 0; mask &= mask - 1) {
      if (low & 1) result |= mask & -mask;
      low = low >>> 1 | high << 31;
      high >>>= 1;
    }
    i32[VALUE + word] = result;
  }
  return 0;
};

/** Bits of the value where the mask has ones go to the low end. */
const pext: HelperBody = ({ memory: { i32 } }) => {
  const result = [0, 0];
  let place = 0;
  for (const word of [0, 1]) {
    const value = i32[VALUE + word];
    for (let mask = i32[MASK + word]; mask !== 0; mask &= mask - 1, place++) {
      if (value & mask & -mask) result[place >> 5] |= 1 << (place & 31);
    }
  }
  i32[VALUE] = result[0];
  i32[VALUE + 1] = result[1];
  return 0;
};

export const vectorHelpers: Record<string, HelperBody> = {
  pdep,
  pext,
  f16_to_f32: (_, bits) => f16ToF32(bits),
  f32_to_f16: ({ memory: { view } }, bits, rounding) => f32ToF16(bits, rounding, view.getInt32(STATE_MXCSR, true)),
};
