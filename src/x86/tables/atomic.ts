/** Read-modify-write instructions made for sharing memory. XCHG with memory locks without being asked. */
import { family, op } from "./builder.ts";

export const ATOMIC_ROWS = family("base", [
  op("xchg", "86 /r", "rm8, r8", { lock: true }),
  op("xchg", "87 /r", "rmv, rv", { lock: true }),
  op("xadd", "0F C0 /r", "rm8, r8", { writes: "OSZAPC", lock: true }),
  op("xadd", "0F C1 /r", "rmv, rv", { writes: "OSZAPC", lock: true }),
  op("cmpxchg", "0F B0 /r", "rm8, r8", { writes: "OSZAPC", lock: true }),
  op("cmpxchg", "0F B1 /r", "rmv, rv", { writes: "OSZAPC", lock: true }),
  op("cmpxchg8b", "0F C7 /1", "m64", { writes: "Z", lock: true, feature: "cx8" }),
  op("cmpxchg16b", "REX.W + 0F C7 /1", "m128", { writes: "Z", lock: true, feature: "cx16" }),
]);
