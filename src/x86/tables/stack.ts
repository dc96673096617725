/** PUSH, POP and the frame instructions. Operand size 64, or 16 with the 66 prefix. */
import { family, op } from "./builder.ts";

export const STACK_ROWS = family("base", [
  op("push", "50+rd", "oq"),
  op("push", "FF /6", "rmq"),
  op("push", "6A ib", "imm8s", { size: "q" }),
  op("push", "68 iz", "immzq"),
  op("push", "0F A0", "fs", { size: "q" }),
  op("push", "0F A8", "gs", { size: "q" }),
  op("pop", "58+rd", "oq"),
  op("pop", "8F /0", "rmq"),
  op("pop", "0F A1", "fs", { size: "q" }),
  op("pop", "0F A9", "gs", { size: "q" }),
  op("pushf", "9C", "", { size: "q", reads: "OSZAPCD" }),
  op("popf", "9D", "", { size: "q", writes: "OSZAPCD" }),
  op("enter", "C8 iw ib", "imm16, imm8", { size: "q" }),
  op("leave", "C9", "", { size: "q" }),
]);
