/** AVX and AVX2 moves: loads, stores, shuffles of floats, broadcasts, permutations, masked moves, gathers. */
import { bothLengths, type Facts, family, op, type TableRow } from "./builder.ts";

const AVX2: Facts = { feature: "avx2" };
const TEST: Facts = { writes: "OSZAPC" };

/** Load and store form of a whole-register move. */
function whole(mnemonic: string, fields: string, load: string, store: string): TableRow[] {
  return [
    ...bothLengths(mnemonic, fields, `${load} /r`, "xmm, xm128"),
    ...bothLengths(mnemonic, fields, `${store} /r`, "xm128, xmm"),
  ];
}

function scalar(mnemonic: string, pp: string, bits: number): TableRow[] {
  return [
    op(mnemonic, `VEX.LIG.${pp}.0F.WIG 10 /r`, `xmm, m${bits}`),
    op(mnemonic, `VEX.LIG.${pp}.0F.WIG 10 /r`, "xmm, xmm.v, xmm.rm"),
    op(mnemonic, `VEX.LIG.${pp}.0F.WIG 11 /r`, `m${bits}, xmm`),
    op(mnemonic, `VEX.LIG.${pp}.0F.WIG 11 /r`, "xmm.rm, xmm.v, xmm"),
  ];
}

/** Gathers with 32-bit and with 64-bit indices, of 32-bit (W0) and 64-bit elements (W1). */
function gathers(stem: string, opcodeD: string, opcodeQ: string, single: string, double: string): TableRow[] {
  const row = (name: string, length: string, w: string, opcode: string, operands: string) =>
    op(name, `VEX.${length}.66.0F38.${w} ${opcode} /vsib`, operands);
  return [
    row(`${stem}d${single}`, "128", "W0", opcodeD, "xmm, vm32x.32, xmm.v"),
    row(`${stem}d${single}`, "256", "W0", opcodeD, "ymm, vm32y.32, ymm.v"),
    row(`${stem}d${double}`, "128", "W1", opcodeD, "xmm, vm32x.64, xmm.v"),
    row(`${stem}d${double}`, "256", "W1", opcodeD, "ymm, vm32x.64, ymm.v"),
    row(`${stem}q${single}`, "128", "W0", opcodeQ, "xmm, vm64x.32, xmm.v"),
    row(`${stem}q${single}`, "256", "W0", opcodeQ, "xmm, vm64y.32, xmm.v"),
    row(`${stem}q${double}`, "128", "W1", opcodeQ, "xmm, vm64x.64, xmm.v"),
    row(`${stem}q${double}`, "256", "W1", opcodeQ, "ymm, vm64y.64, ymm.v"),
  ];
}

function maskedMove(mnemonic: string, w: string, load: string, store: string): TableRow[] {
  return [
    ...bothLengths(mnemonic, `66.0F38.${w}`, `${load} /r`, "xmm, xmm.v, m128"),
    ...bothLengths(mnemonic, `66.0F38.${w}`, `${store} /r`, "m128, xmm.v, xmm"),
  ];
}

export const AVX_MOVE_ROWS = [
  ...family("avx", [
    ...whole("vmovups", "NP.0F.WIG", "10", "11"),
    ...whole("vmovupd", "66.0F.WIG", "10", "11"),
    ...whole("vmovaps", "NP.0F.WIG", "28", "29"),
    ...whole("vmovapd", "66.0F.WIG", "28", "29"),
    ...whole("vmovdqa", "66.0F.WIG", "6F", "7F"),
    ...whole("vmovdqu", "F3.0F.WIG", "6F", "7F"),
    ...bothLengths("vlddqu", "F2.0F.WIG", "F0 /r", "xmm, m128"),
    ...bothLengths("vmovntps", "NP.0F.WIG", "2B /r", "m128, xmm"),
    ...bothLengths("vmovntpd", "66.0F.WIG", "2B /r", "m128, xmm"),
    ...bothLengths("vmovntdq", "66.0F.WIG", "E7 /r", "m128, xmm"),
    ...bothLengths("vmovntdqa", "66.0F38.WIG", "2A /r", "xmm, m128", {}, AVX2),
    ...scalar("vmovss", "F3", 32),
    ...scalar("vmovsd", "F2", 64),
    op("vmovlps", "VEX.128.NP.0F.WIG 12 /r", "xmm, xmm.v, m64"),
    op("vmovhlps", "VEX.128.NP.0F.WIG 12 /r", "xmm, xmm.v, xmm.rm"),
    op("vmovlps", "VEX.128.NP.0F.WIG 13 /r", "m64, xmm"),
    op("vmovhps", "VEX.128.NP.0F.WIG 16 /r", "xmm, xmm.v, m64"),
    op("vmovlhps", "VEX.128.NP.0F.WIG 16 /r", "xmm, xmm.v, xmm.rm"),
    op("vmovhps", "VEX.128.NP.0F.WIG 17 /r", "m64, xmm"),
    op("vmovlpd", "VEX.128.66.0F.WIG 12 /r", "xmm, xmm.v, m64"),
    op("vmovlpd", "VEX.128.66.0F.WIG 13 /r", "m64, xmm"),
    op("vmovhpd", "VEX.128.66.0F.WIG 16 /r", "xmm, xmm.v, m64"),
    op("vmovhpd", "VEX.128.66.0F.WIG 17 /r", "m64, xmm"),
    op("vmovd", "VEX.128.66.0F.W0 6E /r", "xmm, rm32"),
    op("vmovq", "VEX.128.66.0F.W1 6E /r", "xmm, rm64"),
    op("vmovd", "VEX.128.66.0F.W0 7E /r", "rm32, xmm"),
    op("vmovq", "VEX.128.66.0F.W1 7E /r", "rm64, xmm"),
    op("vmovq", "VEX.128.F3.0F.WIG 7E /r", "xmm, xm64"),
    op("vmovq", "VEX.128.66.0F.WIG D6 /r", "xm64, xmm"),
    ...bothLengths("vmovmskps", "NP.0F", "50 /r", "ry, xmm.rm"),
    ...bothLengths("vmovmskpd", "66.0F", "50 /r", "ry, xmm.rm"),
    op("vmaskmovdqu", "VEX.128.66.0F.WIG F7 /r", "xmm, xmm.rm"),

    ...bothLengths("vmovsldup", "F3.0F.WIG", "12 /r", "xmm, xm128"),
    ...bothLengths("vmovshdup", "F3.0F.WIG", "16 /r", "xmm, xm128"),
    op("vmovddup", "VEX.128.F2.0F.WIG 12 /r", "xmm, xm64"),
    op("vmovddup", "VEX.256.F2.0F.WIG 12 /r", "ymm, ym256"),
    ...bothLengths("vunpcklps", "NP.0F.WIG", "14 /r", "xmm, xmm.v, xm128"),
    ...bothLengths("vunpcklpd", "66.0F.WIG", "14 /r", "xmm, xmm.v, xm128"),
    ...bothLengths("vunpckhps", "NP.0F.WIG", "15 /r", "xmm, xmm.v, xm128"),
    ...bothLengths("vunpckhpd", "66.0F.WIG", "15 /r", "xmm, xmm.v, xm128"),
    ...bothLengths("vshufps", "NP.0F.WIG", "C6 /r ib", "xmm, xmm.v, xm128, imm8"),
    ...bothLengths("vshufpd", "66.0F.WIG", "C6 /r ib", "xmm, xmm.v, xm128, imm8"),
    ...bothLengths("vblendps", "66.0F3A.WIG", "0C /r ib", "xmm, xmm.v, xm128, imm8"),
    ...bothLengths("vblendpd", "66.0F3A.WIG", "0D /r ib", "xmm, xmm.v, xm128, imm8"),
    ...bothLengths("vblendvps", "66.0F3A.W0", "4A /r /is4", "xmm, xmm.v, xm128, xmm.is4"),
    ...bothLengths("vblendvpd", "66.0F3A.W0", "4B /r /is4", "xmm, xmm.v, xm128, xmm.is4"),
    op("vextractps", "VEX.128.66.0F3A 17 /r ib", "ry/m32, xmm, imm8"),
    op("vinsertps", "VEX.128.66.0F3A.WIG 21 /r ib", "xmm, xmm.v, xm32, imm8"),

    op("vzeroupper", "VEX.128.NP.0F.WIG 77"),
    op("vzeroall", "VEX.256.NP.0F.WIG 77"),
    ...bothLengths("vpermilps", "66.0F38.W0", "0C /r", "xmm, xmm.v, xm128"),
    ...bothLengths("vpermilpd", "66.0F38.W0", "0D /r", "xmm, xmm.v, xm128"),
    ...bothLengths("vpermilps", "66.0F3A.W0", "04 /r ib", "xmm, xm128, imm8"),
    ...bothLengths("vpermilpd", "66.0F3A.W0", "05 /r ib", "xmm, xm128, imm8"),
    op("vperm2f128", "VEX.256.66.0F3A.W0 06 /r ib", "ymm, ymm.v, ym256, imm8"),
    op("vinsertf128", "VEX.256.66.0F3A.W0 18 /r ib", "ymm, ymm.v, xm128, imm8"),
    op("vextractf128", "VEX.256.66.0F3A.W0 19 /r ib", "xm128, ymm, imm8"),
    op("vbroadcastss", "VEX.128.66.0F38.W0 18 /r", "xmm, m32"),
    op("vbroadcastss", "VEX.256.66.0F38.W0 18 /r", "ymm, m32"),
    op("vbroadcastsd", "VEX.256.66.0F38.W0 19 /r", "ymm, m64"),
    op("vbroadcastf128", "VEX.256.66.0F38.W0 1A /r", "ymm, m128"),
    ...bothLengths("vtestps", "66.0F38.W0", "0E /r", "xmm, xm128", TEST),
    ...bothLengths("vtestpd", "66.0F38.W0", "0F /r", "xmm, xm128", TEST),
    ...maskedMove("vmaskmovps", "W0", "2C", "2E"),
    ...maskedMove("vmaskmovpd", "W0", "2D", "2F"),
  ]),
  ...family("avx2", [
    op("vbroadcastss", "VEX.128.66.0F38.W0 18 /r", "xmm, xmm.rm"),
    op("vbroadcastss", "VEX.256.66.0F38.W0 18 /r", "ymm, xmm.rm"),
    op("vbroadcastsd", "VEX.256.66.0F38.W0 19 /r", "ymm, xmm.rm"),
    op("vbroadcasti128", "VEX.256.66.0F38.W0 5A /r", "ymm, m128"),
    op("vpbroadcastb", "VEX.128.66.0F38.W0 78 /r", "xmm, xm8"),
    op("vpbroadcastb", "VEX.256.66.0F38.W0 78 /r", "ymm, xm8"),
    op("vpbroadcastw", "VEX.128.66.0F38.W0 79 /r", "xmm, xm16"),
    op("vpbroadcastw", "VEX.256.66.0F38.W0 79 /r", "ymm, xm16"),
    op("vpbroadcastd", "VEX.128.66.0F38.W0 58 /r", "xmm, xm32"),
    op("vpbroadcastd", "VEX.256.66.0F38.W0 58 /r", "ymm, xm32"),
    op("vpbroadcastq", "VEX.128.66.0F38.W0 59 /r", "xmm, xm64"),
    op("vpbroadcastq", "VEX.256.66.0F38.W0 59 /r", "ymm, xm64"),
    op("vpermps", "VEX.256.66.0F38.W0 16 /r", "ymm, ymm.v, ym256"),
    op("vpermd", "VEX.256.66.0F38.W0 36 /r", "ymm, ymm.v, ym256"),
    op("vpermq", "VEX.256.66.0F3A.W1 00 /r ib", "ymm, ym256, imm8"),
    op("vpermpd", "VEX.256.66.0F3A.W1 01 /r ib", "ymm, ym256, imm8"),
    op("vperm2i128", "VEX.256.66.0F3A.W0 46 /r ib", "ymm, ymm.v, ym256, imm8"),
    op("vinserti128", "VEX.256.66.0F3A.W0 38 /r ib", "ymm, ymm.v, xm128, imm8"),
    op("vextracti128", "VEX.256.66.0F3A.W0 39 /r ib", "xm128, ymm, imm8"),
    ...maskedMove("vpmaskmovd", "W0", "8C", "8E"),
    ...maskedMove("vpmaskmovq", "W1", "8C", "8E"),
    ...gathers("vpgather", "90", "91", "d", "q"),
    ...gathers("vgather", "92", "93", "ps", "pd"),
  ]),
];
