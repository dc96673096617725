/** SSE to SSE3 floating-point arithmetic, comparisons and conversions. */
import { type Facts, family, op, type TableRow } from "./builder.ts";

// COMISS and its like set ZF PF CF and clear the others.
const COMPARE: Facts = { writes: "OSZAPC" };

/** The four forms of an arithmetic instruction: packed and scalar, single and double. */
function fourForms(name: string, opcode: string): TableRow[] {
  return [
    op(name + "ps", `NP 0F ${opcode} /r`, "xmm, xm128", { feature: "sse" }),
    op(name + "pd", `66 0F ${opcode} /r`, "xmm, xm128", { feature: "sse2" }),
    op(name + "ss", `F3 0F ${opcode} /r`, "xmm, xm32", { feature: "sse" }),
    op(name + "sd", `F2 0F ${opcode} /r`, "xmm, xm64", { feature: "sse2" }),
  ];
}

/** Packed single and packed double. */
function packedForms(name: string, opcode: string): TableRow[] {
  return fourForms(name, opcode).slice(0, 2);
}

export const SSE_FLOAT_ROWS = [
  ...fourForms("sqrt", "51"),
  ...packedForms("and", "54"),
  ...packedForms("andn", "55"),
  ...packedForms("or", "56"),
  ...packedForms("xor", "57"),
  ...fourForms("add", "58"),
  ...fourForms("mul", "59"),
  ...fourForms("sub", "5C"),
  ...fourForms("min", "5D"),
  ...fourForms("div", "5E"),
  ...fourForms("max", "5F"),
  ...family("sse", [
    op("rsqrtps", "NP 0F 52 /r", "xmm, xm128"),
    op("rsqrtss", "F3 0F 52 /r", "xmm, xm32"),
    op("rcpps", "NP 0F 53 /r", "xmm, xm128"),
    op("rcpss", "F3 0F 53 /r", "xmm, xm32"),
    op("cmpps", "NP 0F C2 /r ib", "xmm, xm128, imm8"),
    op("cmpss", "F3 0F C2 /r ib", "xmm, xm32, imm8"),
    op("ucomiss", "NP 0F 2E /r", "xmm, xm32", COMPARE),
    op("comiss", "NP 0F 2F /r", "xmm, xm32", COMPARE),
    op("cvtpi2ps", "NP 0F 2A /r", "xmm, mm/m64"),
    op("cvttps2pi", "NP 0F 2C /r", "mm, xm64"),
    op("cvtps2pi", "NP 0F 2D /r", "mm, xm64"),
    op("cvtsi2ss", "F3 0F 2A /r", "xmm, rmy"),
    op("cvttss2si", "F3 0F 2C /r", "ry, xm32"),
    op("cvtss2si", "F3 0F 2D /r", "ry, xm32"),
  ]),
  ...family("sse2", [
    op("cmppd", "66 0F C2 /r ib", "xmm, xm128, imm8"),
    op("cmpsd", "F2 0F C2 /r ib", "xmm, xm64, imm8"),
    op("ucomisd", "66 0F 2E /r", "xmm, xm64", COMPARE),
    op("comisd", "66 0F 2F /r", "xmm, xm64", COMPARE),
    op("cvtpi2pd", "66 0F 2A /r", "xmm, mm/m64"),
    op("cvttpd2pi", "66 0F 2C /r", "mm, xm128"),
    op("cvtpd2pi", "66 0F 2D /r", "mm, xm128"),
    op("cvtsi2sd", "F2 0F 2A /r", "xmm, rmy"),
    op("cvttsd2si", "F2 0F 2C /r", "ry, xm64"),
    op("cvtsd2si", "F2 0F 2D /r", "ry, xm64"),
    op("cvtps2pd", "NP 0F 5A /r", "xmm, xm64"),
    op("cvtpd2ps", "66 0F 5A /r", "xmm, xm128"),
    op("cvtss2sd", "F3 0F 5A /r", "xmm, xm32"),
    op("cvtsd2ss", "F2 0F 5A /r", "xmm, xm64"),
    op("cvtdq2ps", "NP 0F 5B /r", "xmm, xm128"),
    op("cvtps2dq", "66 0F 5B /r", "xmm, xm128"),
    op("cvttps2dq", "F3 0F 5B /r", "xmm, xm128"),
    op("cvttpd2dq", "66 0F E6 /r", "xmm, xm128"),
    op("cvtdq2pd", "F3 0F E6 /r", "xmm, xm64"),
    op("cvtpd2dq", "F2 0F E6 /r", "xmm, xm128"),
  ]),
  ...family("sse3", [
    op("haddpd", "66 0F 7C /r", "xmm, xm128"),
    op("haddps", "F2 0F 7C /r", "xmm, xm128"),
    op("hsubpd", "66 0F 7D /r", "xmm, xm128"),
    op("hsubps", "F2 0F 7D /r", "xmm, xm128"),
    op("addsubpd", "66 0F D0 /r", "xmm, xm128"),
    op("addsubps", "F2 0F D0 /r", "xmm, xm128"),
  ]),
  // AMD's short-lived extension.
  ...family("sse4a", [
    op("movntss", "F3 0F 2B /r", "m32, xmm", { unsupported: true }),
    op("movntsd", "F2 0F 2B /r", "m64, xmm", { unsupported: true }),
    op("extrq", "66 0F 78 /0 ib ib", "xmm.rm, imm8, imm8", { unsupported: true }),
    op("extrq", "66 0F 79 /r", "xmm, xmm.rm", { unsupported: true }),
    op("insertq", "F2 0F 78 /r ib ib", "xmm, xmm.rm, imm8, imm8", { unsupported: true }),
    op("insertq", "F2 0F 79 /r", "xmm, xmm.rm", { unsupported: true }),
  ]),
];
