/** Multiplication, division and the sign extensions that prepare for it. */
import { type Facts, family, op } from "./builder.ts";

const MULTIPLY: Facts = { writes: "OC", undefined: "SZAP" };
const DIVIDE: Facts = { undefined: "OSZAPC" };

export const MUL_DIV_ROWS = family("base", [
  op("mul", "F6 /4", "rm8", MULTIPLY),
  op("mul", "F7 /4", "rmv", MULTIPLY),
  op("imul", "F6 /5", "rm8", MULTIPLY),
  op("imul", "F7 /5", "rmv", MULTIPLY),
  op("imul", "0F AF /r", "rv, rmv", MULTIPLY),
  op("imul", "6B /r ib", "rv, rmv, imm8s", MULTIPLY),
  op("imul", "69 /r iz", "rv, rmv, immz", MULTIPLY),
  op("div", "F6 /6", "rm8", DIVIDE),
  op("div", "F7 /6", "rmv", DIVIDE),
  op("idiv", "F6 /7", "rm8", DIVIDE),
  op("idiv", "F7 /7", "rmv", DIVIDE),

  op("cbw", "o16 98", "", { size: "v" }),
  op("cwde", "o32 98", "", { size: "v" }),
  op("cdqe", "REX.W + 98", "", { size: "v" }),
  op("cwd", "o16 99", "", { size: "v" }),
  op("cdq", "o32 99", "", { size: "v" }),
  op("cqo", "REX.W + 99", "", { size: "v" }),
]);
