/** Everything that executes as nothing: NOPs, prefetches, and hints of extensions that our CPU does not have. */
import { family, op } from "./builder.ts";

export const HINT_ROWS = family("base", [
  op("nop", "90"),
  // An opcode of its own in the manual, but the same instruction with hints: the lifter may yield here.
  op("pause", "F3 90"),

  op("nop", "0F 0D /r", "rmv"),
  op("prefetch", "0F 0D /0", "m8", { text: "prefetch" }),
  op("prefetch", "0F 0D /1", "m8", { text: "prefetchw" }),
  op("prefetch", "0F 0D /3", "m8", { text: "prefetchw" }),
  op("prefetch", "0F 0D /2", "m8", { text: "prefetchwt1" }),
  ...[4, 5, 6, 7].map((digit) => op("nop", `0F 0D /${digit}`, "m8", { text: "prefetch" })),
  op("nop", "0F 18 /r", "rmv"),
  op("prefetch", "0F 18 /0", "m8", { text: "prefetchnta" }),
  op("prefetch", "0F 18 /1", "m8", { text: "prefetcht0" }),
  op("prefetch", "0F 18 /2", "m8", { text: "prefetcht1" }),
  op("prefetch", "0F 18 /3", "m8", { text: "prefetcht2" }),
  op("nop", "0F 18 /6", "m8", { text: "prefetchit1" }),
  op("nop", "0F 18 /7", "m8", { text: "prefetchit0" }),
  op("nop", "0F 19 /r", "rmv"),
  op("nop", "0F 1A /r", "rmv"),
  op("nop", "0F 1B /r", "rmv"),
  op("nop", "0F 1C /r", "rmv"),
  op("nop", "NP 0F 1C /0", "m8", { text: "cldemote" }),
  op("nop", "0F 1D /r", "rmv"),
  op("nop", "0F 1E /r", "rmv"),
  // Shadow stacks are off: RDSSP leaves its register alone, as on a CPU without them.
  op("nop", "F3 0F 1E /1", "ry.rm", { text: "rdssp" }),
  op("nop", "F3 0F 1E FA", "", { text: "endbr64" }),
  op("nop", "F3 0F 1E FB", "", { text: "endbr32" }),
  op("nop", "0F 1F /r", "rmv"),
]);
