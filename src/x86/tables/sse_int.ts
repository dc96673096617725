/** Packed integers: each MMX instruction and its SSE2 or SSSE3 twin, and what came with SSE2 alone. */
import { family, op, type TableRow } from "./builder.ts";

/** The mm form, brought by `mmFeature`, and the xmm form, brought by `xmmFeature`. */
function twins(mnemonic: string, opcode: string, mmFeature = "mmx", xmmFeature = "sse2"): TableRow[] {
  return [
    op(mnemonic, `NP ${opcode} /r`, "mm, mm/m64", { feature: mmFeature }),
    op(mnemonic, `66 ${opcode} /r`, "xmm, xm128", { feature: xmmFeature }),
  ];
}

/** Low unpacks read only half of an mm source. */
function lowUnpack(mnemonic: string, opcode: string): TableRow[] {
  return [
    op(mnemonic, `NP ${opcode} /r`, "mm, mm/m32", { feature: "mmx" }),
    op(mnemonic, `66 ${opcode} /r`, "xmm, xm128", { feature: "sse2" }),
  ];
}

/** Shift by an immediate count. */
function shiftByImmediate(mnemonic: string, encoding: string): TableRow[] {
  return [
    op(mnemonic, `NP ${encoding}`, "mm.rm, imm8", { feature: "mmx" }),
    op(mnemonic, `66 ${encoding}`, "xmm.rm, imm8", { feature: "sse2" }),
  ];
}

export const SSE_INT_ROWS = [
  ...lowUnpack("punpcklbw", "0F 60"),
  ...lowUnpack("punpcklwd", "0F 61"),
  ...lowUnpack("punpckldq", "0F 62"),
  ...twins("packsswb", "0F 63"),
  ...twins("pcmpgtb", "0F 64"),
  ...twins("pcmpgtw", "0F 65"),
  ...twins("pcmpgtd", "0F 66"),
  ...twins("packuswb", "0F 67"),
  ...twins("punpckhbw", "0F 68"),
  ...twins("punpckhwd", "0F 69"),
  ...twins("punpckhdq", "0F 6A"),
  ...twins("packssdw", "0F 6B"),
  ...shiftByImmediate("psrlw", "0F 71 /2 ib"),
  ...shiftByImmediate("psraw", "0F 71 /4 ib"),
  ...shiftByImmediate("psllw", "0F 71 /6 ib"),
  ...shiftByImmediate("psrld", "0F 72 /2 ib"),
  ...shiftByImmediate("psrad", "0F 72 /4 ib"),
  ...shiftByImmediate("pslld", "0F 72 /6 ib"),
  ...shiftByImmediate("psrlq", "0F 73 /2 ib"),
  ...shiftByImmediate("psllq", "0F 73 /6 ib"),
  ...twins("pcmpeqb", "0F 74"),
  ...twins("pcmpeqw", "0F 75"),
  ...twins("pcmpeqd", "0F 76"),
  ...twins("psrlw", "0F D1"),
  ...twins("psrld", "0F D2"),
  ...twins("psrlq", "0F D3"),
  ...twins("paddq", "0F D4", "sse2"),
  ...twins("pmullw", "0F D5"),
  ...twins("psubusb", "0F D8"),
  ...twins("psubusw", "0F D9"),
  ...twins("pminub", "0F DA", "sse"),
  ...twins("pand", "0F DB"),
  ...twins("paddusb", "0F DC"),
  ...twins("paddusw", "0F DD"),
  ...twins("pmaxub", "0F DE", "sse"),
  ...twins("pandn", "0F DF"),
  ...twins("pavgb", "0F E0", "sse"),
  ...twins("psraw", "0F E1"),
  ...twins("psrad", "0F E2"),
  ...twins("pavgw", "0F E3", "sse"),
  ...twins("pmulhuw", "0F E4", "sse"),
  ...twins("pmulhw", "0F E5"),
  ...twins("psubsb", "0F E8"),
  ...twins("psubsw", "0F E9"),
  ...twins("pminsw", "0F EA", "sse"),
  ...twins("por", "0F EB"),
  ...twins("paddsb", "0F EC"),
  ...twins("paddsw", "0F ED"),
  ...twins("pmaxsw", "0F EE", "sse"),
  ...twins("pxor", "0F EF"),
  ...twins("psllw", "0F F1"),
  ...twins("pslld", "0F F2"),
  ...twins("psllq", "0F F3"),
  ...twins("pmuludq", "0F F4", "sse2"),
  ...twins("pmaddwd", "0F F5"),
  ...twins("psadbw", "0F F6", "sse"),
  ...twins("psubb", "0F F8"),
  ...twins("psubw", "0F F9"),
  ...twins("psubd", "0F FA"),
  ...twins("psubq", "0F FB", "sse2"),
  ...twins("paddb", "0F FC"),
  ...twins("paddw", "0F FD"),
  ...twins("paddd", "0F FE"),
  ...family("sse", [
    op("pshufw", "NP 0F 70 /r ib", "mm, mm/m64, imm8"),
    op("pinsrw", "NP 0F C4 /r ib", "mm, ry/m16, imm8"),
    op("pextrw", "NP 0F C5 /r ib", "ry, mm.rm, imm8"),
    op("pmovmskb", "NP 0F D7 /r", "ry, mm.rm"),
  ]),
  ...family("sse2", [
    op("punpcklqdq", "66 0F 6C /r", "xmm, xm128"),
    op("punpckhqdq", "66 0F 6D /r", "xmm, xm128"),
    op("pshufd", "66 0F 70 /r ib", "xmm, xm128, imm8"),
    op("pshufhw", "F3 0F 70 /r ib", "xmm, xm128, imm8"),
    op("pshuflw", "F2 0F 70 /r ib", "xmm, xm128, imm8"),
    op("psrldq", "66 0F 73 /3 ib", "xmm.rm, imm8"),
    op("pslldq", "66 0F 73 /7 ib", "xmm.rm, imm8"),
    op("pinsrw", "66 0F C4 /r ib", "xmm, ry/m16, imm8"),
    op("pextrw", "66 0F C5 /r ib", "ry, xmm.rm, imm8"),
    op("pmovmskb", "66 0F D7 /r", "ry, xmm.rm"),
  ]),

  ...twins("pshufb", "0F 38 00", "ssse3", "ssse3"),
  ...twins("phaddw", "0F 38 01", "ssse3", "ssse3"),
  ...twins("phaddd", "0F 38 02", "ssse3", "ssse3"),
  ...twins("phaddsw", "0F 38 03", "ssse3", "ssse3"),
  ...twins("pmaddubsw", "0F 38 04", "ssse3", "ssse3"),
  ...twins("phsubw", "0F 38 05", "ssse3", "ssse3"),
  ...twins("phsubd", "0F 38 06", "ssse3", "ssse3"),
  ...twins("phsubsw", "0F 38 07", "ssse3", "ssse3"),
  ...twins("psignb", "0F 38 08", "ssse3", "ssse3"),
  ...twins("psignw", "0F 38 09", "ssse3", "ssse3"),
  ...twins("psignd", "0F 38 0A", "ssse3", "ssse3"),
  ...twins("pmulhrsw", "0F 38 0B", "ssse3", "ssse3"),
  ...twins("pabsb", "0F 38 1C", "ssse3", "ssse3"),
  ...twins("pabsw", "0F 38 1D", "ssse3", "ssse3"),
  ...twins("pabsd", "0F 38 1E", "ssse3", "ssse3"),
  ...family("ssse3", [
    op("palignr", "NP 0F 3A 0F /r ib", "mm, mm/m64, imm8"),
    op("palignr", "66 0F 3A 0F /r ib", "xmm, xm128, imm8"),
  ]),
];
