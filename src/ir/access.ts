/** How many bytes of memory each load and store touches. */
import { KIND_LOAD, KIND_STORE, OP_COUNT, OP_KIND, OP_NAME } from "./ops.ts";

/** By operation; 0 for those that are no access, and for memory_copy and memory_fill, whose length is an argument. */
export const ACCESS_BYTES: Uint8Array = new Uint8Array(OP_COUNT);

const WHOLE: Record<string, number> = { i32: 4, i64: 8, f32: 4, f64: 8, v128: 16 };

for (let op = 0; op < OP_COUNT; op++) {
  if (OP_KIND[op] === KIND_LOAD || OP_KIND[op] === KIND_STORE) ACCESS_BYTES[op] = bytesOf(OP_NAME[op]);
}

/** From the name: "i64_load32_s", "v128_load8x8_u", "v128_load64_splat", "f64_store". */
function bytesOf(name: string): number {
  const parts = /^(\w+?)_(?:load|store)(\d+)?(?:x(\d+))?/.exec(name);
  if (parts === null) return 0;
  const [, type, bits, lanes] = parts;
  return bits === undefined ? WHOLE[type] : Number(bits) * Number(lanes ?? 1) / 8;
}
