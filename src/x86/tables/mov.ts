/** Moves between general registers, memory and immediates; extensions, exchanges of bytes, addresses. */
import { CONDITION_FLAGS, CONDITIONS, family, op } from "./builder.ts";

export const MOV_ROWS = family("base", [
  op("mov", "88 /r", "rm8, r8"),
  op("mov", "89 /r", "rmv, rv"),
  op("mov", "8A /r", "r8, rm8"),
  op("mov", "8B /r", "rv, rmv"),
  op("mov", "A0 mo", "al, moffs8"),
  op("mov", "A1 mo", "av, moffsv"),
  op("mov", "A2 mo", "moffs8, al"),
  op("mov", "A3 mo", "moffsv, av"),
  op("mov", "B0+rb ib", "o8, imm8sb"),
  op("mov", "B8+rv iv", "ov, immv"),
  op("mov", "C6 /0 ib", "rm8, imm8sb"),
  op("mov", "C7 /0 iz", "rmv, immz"),
  ...[0, 1, 2, 3, 4, 5].map((segment) => op("mov", `8C /${segment}`, "rv/m16, sreg")),
  // CS cannot be loaded.
  ...[0, 2, 3, 4, 5].map((segment) => op("mov", `8E /${segment}`, "sreg, rv/m16")),

  op("movzx", "0F B6 /r", "rv, rm8"),
  op("movzx", "0F B7 /r", "rv, rm16"),
  op("movsx", "0F BE /r", "rv, rm8"),
  op("movsx", "0F BF /r", "rv, rm16"),
  op("movsxd", "o16 63 /r", "rv, rmv"),
  op("movsxd", "63 /r", "rv, rm32"),

  op("lea", "8D /r", "rv, mv"),
  op("movbe", "NFx 0F 38 F0 /r", "rv, mv", { feature: "movbe" }),
  op("movbe", "NFx 0F 38 F1 /r", "mv, rv", { feature: "movbe" }),
  op("bswap", "0F C8+rv", "ov"),

  // 90+rv without 90 itself, which is NOP unless REX.B makes it R8.
  ...[1, 2, 3, 4, 5, 6, 7].map((reg) => op("xchg", `9${reg}`, "ov, av")),
  op("xchg", "REX.B + 90", "ov, av"),
  op("xlat", "D7", "", { size: 1 }),

  ...CONDITIONS.map((name, code) =>
    op("cmovcc", `0F ${(0x40 + code).toString(16).toUpperCase()} /r`, "rv, rmv", {
      condition: code,
      reads: CONDITION_FLAGS[code >> 1],
      text: "cmov" + name,
    })
  ),
  ...CONDITIONS.map((name, code) =>
    op("setcc", `0F ${(0x90 + code).toString(16).toUpperCase()} /r`, "rm8", {
      condition: code,
      reads: CONDITION_FLAGS[code >> 1],
      text: "set" + name,
    })
  ),
]);
