/** AVX floating point: the VEX forms of SSE to SSE4.1 arithmetic, comparisons and conversions, and F16C. */
import { bothLengths, type Facts, family, op, type TableRow } from "./builder.ts";

const COMPARE: Facts = { writes: "OSZAPC" };

function packedForms(name: string, rest: string, operands = "xmm, xmm.v, xm128"): TableRow[] {
  return [
    ...bothLengths(`v${name}ps`, "NP.0F.WIG", rest, operands),
    ...bothLengths(`v${name}pd`, "66.0F.WIG", rest, operands),
  ];
}

function scalarForms(name: string, rest: string, tail = ""): TableRow[] {
  return [
    op(`v${name}ss`, `VEX.LIG.F3.0F.WIG ${rest}`, `xmm, xmm.v, xm32${tail}`),
    op(`v${name}sd`, `VEX.LIG.F2.0F.WIG ${rest}`, `xmm, xmm.v, xm64${tail}`),
  ];
}

function fourForms(name: string, opcode: string): TableRow[] {
  return [...packedForms(name, `${opcode} /r`), ...scalarForms(name, `${opcode} /r`)];
}

export const AVX_FLOAT_ROWS = [
  ...family("avx", [
    ...packedForms("sqrt", "51 /r", "xmm, xm128"),
    ...scalarForms("sqrt", "51 /r"),
    ...packedForms("and", "54 /r"),
    ...packedForms("andn", "55 /r"),
    ...packedForms("or", "56 /r"),
    ...packedForms("xor", "57 /r"),
    ...fourForms("add", "58"),
    ...fourForms("mul", "59"),
    ...fourForms("sub", "5C"),
    ...fourForms("min", "5D"),
    ...fourForms("div", "5E"),
    ...fourForms("max", "5F"),
    ...bothLengths("vrsqrtps", "NP.0F.WIG", "52 /r", "xmm, xm128"),
    op("vrsqrtss", "VEX.LIG.F3.0F.WIG 52 /r", "xmm, xmm.v, xm32"),
    ...bothLengths("vrcpps", "NP.0F.WIG", "53 /r", "xmm, xm128"),
    op("vrcpss", "VEX.LIG.F3.0F.WIG 53 /r", "xmm, xmm.v, xm32"),
    ...packedForms("cmp", "C2 /r ib", "xmm, xmm.v, xm128, imm8"),
    ...scalarForms("cmp", "C2 /r ib", ", imm8"),
    op("vucomiss", "VEX.LIG.NP.0F.WIG 2E /r", "xmm, xm32", COMPARE),
    op("vucomisd", "VEX.LIG.66.0F.WIG 2E /r", "xmm, xm64", COMPARE),
    op("vcomiss", "VEX.LIG.NP.0F.WIG 2F /r", "xmm, xm32", COMPARE),
    op("vcomisd", "VEX.LIG.66.0F.WIG 2F /r", "xmm, xm64", COMPARE),
    ...bothLengths("vhaddpd", "66.0F.WIG", "7C /r", "xmm, xmm.v, xm128"),
    ...bothLengths("vhaddps", "F2.0F.WIG", "7C /r", "xmm, xmm.v, xm128"),
    ...bothLengths("vhsubpd", "66.0F.WIG", "7D /r", "xmm, xmm.v, xm128"),
    ...bothLengths("vhsubps", "F2.0F.WIG", "7D /r", "xmm, xmm.v, xm128"),
    ...bothLengths("vaddsubpd", "66.0F.WIG", "D0 /r", "xmm, xmm.v, xm128"),
    ...bothLengths("vaddsubps", "F2.0F.WIG", "D0 /r", "xmm, xmm.v, xm128"),
    ...bothLengths("vroundps", "66.0F3A.WIG", "08 /r ib", "xmm, xm128, imm8"),
    ...bothLengths("vroundpd", "66.0F3A.WIG", "09 /r ib", "xmm, xm128, imm8"),
    op("vroundss", "VEX.LIG.66.0F3A.WIG 0A /r ib", "xmm, xmm.v, xm32, imm8"),
    op("vroundsd", "VEX.LIG.66.0F3A.WIG 0B /r ib", "xmm, xmm.v, xm64, imm8"),
    ...bothLengths("vdpps", "66.0F3A.WIG", "40 /r ib", "xmm, xmm.v, xm128, imm8"),
    op("vdppd", "VEX.128.66.0F3A.WIG 41 /r ib", "xmm, xmm.v, xm128, imm8"),

    op("vcvtsi2ss", "VEX.LIG.F3.0F 2A /r", "xmm, xmm.v, rmy"),
    op("vcvtsi2sd", "VEX.LIG.F2.0F 2A /r", "xmm, xmm.v, rmy"),
    op("vcvttss2si", "VEX.LIG.F3.0F 2C /r", "ry, xm32"),
    op("vcvttsd2si", "VEX.LIG.F2.0F 2C /r", "ry, xm64"),
    op("vcvtss2si", "VEX.LIG.F3.0F 2D /r", "ry, xm32"),
    op("vcvtsd2si", "VEX.LIG.F2.0F 2D /r", "ry, xm64"),
    op("vcvtps2pd", "VEX.128.NP.0F.WIG 5A /r", "xmm, xm64"),
    op("vcvtps2pd", "VEX.256.NP.0F.WIG 5A /r", "ymm, xm128"),
    op("vcvtpd2ps", "VEX.128.66.0F.WIG 5A /r", "xmm, xm128"),
    op("vcvtpd2ps", "VEX.256.66.0F.WIG 5A /r", "xmm, ym256"),
    op("vcvtss2sd", "VEX.LIG.F3.0F.WIG 5A /r", "xmm, xmm.v, xm32"),
    op("vcvtsd2ss", "VEX.LIG.F2.0F.WIG 5A /r", "xmm, xmm.v, xm64"),
    ...bothLengths("vcvtdq2ps", "NP.0F.WIG", "5B /r", "xmm, xm128"),
    ...bothLengths("vcvtps2dq", "66.0F.WIG", "5B /r", "xmm, xm128"),
    ...bothLengths("vcvttps2dq", "F3.0F.WIG", "5B /r", "xmm, xm128"),
    op("vcvttpd2dq", "VEX.128.66.0F.WIG E6 /r", "xmm, xm128"),
    op("vcvttpd2dq", "VEX.256.66.0F.WIG E6 /r", "xmm, ym256"),
    op("vcvtdq2pd", "VEX.128.F3.0F.WIG E6 /r", "xmm, xm64"),
    op("vcvtdq2pd", "VEX.256.F3.0F.WIG E6 /r", "ymm, xm128"),
    op("vcvtpd2dq", "VEX.128.F2.0F.WIG E6 /r", "xmm, xm128"),
    op("vcvtpd2dq", "VEX.256.F2.0F.WIG E6 /r", "xmm, ym256"),
    op("vldmxcsr", "VEX.LZ.NP.0F.WIG AE /2", "m32"),
    op("vstmxcsr", "VEX.LZ.NP.0F.WIG AE /3", "m32"),
  ]),
  ...family("f16c", [
    op("vcvtph2ps", "VEX.128.66.0F38.W0 13 /r", "xmm, xm64"),
    op("vcvtph2ps", "VEX.256.66.0F38.W0 13 /r", "ymm, xm128"),
    op("vcvtps2ph", "VEX.128.66.0F3A.W0 1D /r ib", "xm64, xmm, imm8"),
    op("vcvtps2ph", "VEX.256.66.0F3A.W0 1D /r ib", "xm128, ymm, imm8"),
  ]),
];
