/** Bit tests, scans and counts. */
import { type Facts, family, op, type TableRow } from "./builder.ts";

// ZF stays, the rest is undefined.
const TEST: Facts = { writes: "C", undefined: "OSAP" };
const TEST_AND_SET: Facts = { ...TEST, lock: true };
const COUNT: Facts = { writes: "ZC", undefined: "OSAP" };
const SCAN: Facts = { writes: "Z", undefined: "OSAPC" };

function bitTest(mnemonic: string, opcode: string, digit: number, facts: Facts): TableRow[] {
  return [op(mnemonic, `0F ${opcode} /r`, "rmv, rv", facts), op(mnemonic, `0F BA /${digit} ib`, "rmv, imm8", facts)];
}

export const BIT_ROWS = family("base", [
  ...bitTest("bt", "A3", 4, TEST),
  ...bitTest("bts", "AB", 5, TEST_AND_SET),
  ...bitTest("btr", "B3", 6, TEST_AND_SET),
  ...bitTest("btc", "BB", 7, TEST_AND_SET),

  op("bsf", "0F BC /r", "rv, rmv", SCAN),
  op("bsr", "0F BD /r", "rv, rmv", SCAN),
  // CPUs without the feature ignore the F3.
  op("tzcnt", "F3 0F BC /r", "rv, rmv", { ...COUNT, feature: "bmi1", otherwise: "bsf" }),
  op("lzcnt", "F3 0F BD /r", "rv, rmv", { ...COUNT, feature: "lzcnt", otherwise: "bsr" }),
  op("popcnt", "F3 0F B8 /r", "rv, rmv", { writes: "OSZAPC", feature: "popcnt" }),

  op("crc32", "F2 0F 38 F0 /r", "r32, rm8", { feature: "sse4.2" }),
  op("crc32", "F2 REX.W 0F 38 F0 /r", "r64, rm8", { feature: "sse4.2" }),
  op("crc32", "F2 o16 0F 38 F1 /r", "r32, rm16", { feature: "sse4.2" }),
  op("crc32", "F2 o32 0F 38 F1 /r", "r32, rm32", { feature: "sse4.2" }),
  op("crc32", "F2 REX.W 0F 38 F1 /r", "r64, rm64", { feature: "sse4.2" }),
]);
