/** Packed integers in VEX encodings: 128 bits came with AVX, 256 bits with AVX2. */
import { bothLengths, type Facts, family, op, type TableRow } from "./builder.ts";

const AVX2: Facts = { feature: "avx2" };
const STRING_COMPARE: Facts = { writes: "OSZAPC" };
const EXPLICIT_LENGTH: Facts = { ...STRING_COMPARE, size: "y" };

/** Opcodes of map 0F and 0F38 with two sources. */
function binary(map: string, rows: readonly (readonly [mnemonic: string, opcode: string])[]): TableRow[] {
  return rows.flatMap(([mnemonic, opcode]) =>
    bothLengths(mnemonic, `66.${map}.WIG`, `${opcode} /r`, "xmm, xmm.v, xm128", {}, AVX2)
  );
}

function unary(mnemonic: string, fields: string, rest: string, tail = ""): TableRow[] {
  return bothLengths(mnemonic, fields, rest, `xmm, xm128${tail}`, {}, AVX2);
}

/** The count is an xmm register or 128 bits of memory in both lengths. */
function shiftByVector(mnemonic: string, opcode: string): TableRow[] {
  return [
    op(mnemonic, `VEX.128.66.0F.WIG ${opcode} /r`, "xmm, xmm.v, xm128"),
    op(mnemonic, `VEX.256.66.0F.WIG ${opcode} /r`, "ymm, ymm.v, xm128", AVX2),
  ];
}

function shiftByImmediate(mnemonic: string, rest: string): TableRow[] {
  return bothLengths(mnemonic, "66.0F.WIG", `${rest} ib`, "xmm.v, xmm.rm, imm8", {}, AVX2);
}

/** pmovsx, pmovzx: sources of half, a quarter and an eighth of the length. */
function widening(mnemonic: string, opcode: string, part: 2 | 4 | 8): TableRow[] {
  return [
    op(mnemonic, `VEX.128.66.0F38.WIG ${opcode} /r`, `xmm, xm${128 / part}`),
    op(mnemonic, `VEX.256.66.0F38.WIG ${opcode} /r`, `ymm, xm${256 / part}`, AVX2),
  ];
}

function shiftByLane(mnemonic: string, w: string, opcode: string): TableRow[] {
  return bothLengths(mnemonic, `66.0F38.${w}`, `${opcode} /r`, "xmm, xmm.v, xm128", AVX2);
}

export const AVX_INT_ROWS = family("avx", [
  ...binary("0F", [
    ["vpunpcklbw", "60"],
    ["vpunpcklwd", "61"],
    ["vpunpckldq", "62"],
    ["vpacksswb", "63"],
    ["vpcmpgtb", "64"],
    ["vpcmpgtw", "65"],
    ["vpcmpgtd", "66"],
    ["vpackuswb", "67"],
    ["vpunpckhbw", "68"],
    ["vpunpckhwd", "69"],
    ["vpunpckhdq", "6A"],
    ["vpackssdw", "6B"],
    ["vpunpcklqdq", "6C"],
    ["vpunpckhqdq", "6D"],
    ["vpcmpeqb", "74"],
    ["vpcmpeqw", "75"],
    ["vpcmpeqd", "76"],
    ["vpaddq", "D4"],
    ["vpmullw", "D5"],
    ["vpsubusb", "D8"],
    ["vpsubusw", "D9"],
    ["vpminub", "DA"],
    ["vpand", "DB"],
    ["vpaddusb", "DC"],
    ["vpaddusw", "DD"],
    ["vpmaxub", "DE"],
    ["vpandn", "DF"],
    ["vpavgb", "E0"],
    ["vpavgw", "E3"],
    ["vpmulhuw", "E4"],
    ["vpmulhw", "E5"],
    ["vpsubsb", "E8"],
    ["vpsubsw", "E9"],
    ["vpminsw", "EA"],
    ["vpor", "EB"],
    ["vpaddsb", "EC"],
    ["vpaddsw", "ED"],
    ["vpmaxsw", "EE"],
    ["vpxor", "EF"],
    ["vpmuludq", "F4"],
    ["vpmaddwd", "F5"],
    ["vpsadbw", "F6"],
    ["vpsubb", "F8"],
    ["vpsubw", "F9"],
    ["vpsubd", "FA"],
    ["vpsubq", "FB"],
    ["vpaddb", "FC"],
    ["vpaddw", "FD"],
    ["vpaddd", "FE"],
  ]),
  ...binary("0F38", [
    ["vpshufb", "00"],
    ["vphaddw", "01"],
    ["vphaddd", "02"],
    ["vphaddsw", "03"],
    ["vpmaddubsw", "04"],
    ["vphsubw", "05"],
    ["vphsubd", "06"],
    ["vphsubsw", "07"],
    ["vpsignb", "08"],
    ["vpsignw", "09"],
    ["vpsignd", "0A"],
    ["vpmulhrsw", "0B"],
    ["vpmuldq", "28"],
    ["vpcmpeqq", "29"],
    ["vpackusdw", "2B"],
    ["vpcmpgtq", "37"],
    ["vpminsb", "38"],
    ["vpminsd", "39"],
    ["vpminuw", "3A"],
    ["vpminud", "3B"],
    ["vpmaxsb", "3C"],
    ["vpmaxsd", "3D"],
    ["vpmaxuw", "3E"],
    ["vpmaxud", "3F"],
    ["vpmulld", "40"],
  ]),
  ...shiftByVector("vpsrlw", "D1"),
  ...shiftByVector("vpsrld", "D2"),
  ...shiftByVector("vpsrlq", "D3"),
  ...shiftByVector("vpsraw", "E1"),
  ...shiftByVector("vpsrad", "E2"),
  ...shiftByVector("vpsllw", "F1"),
  ...shiftByVector("vpslld", "F2"),
  ...shiftByVector("vpsllq", "F3"),
  ...shiftByImmediate("vpsrlw", "71 /2"),
  ...shiftByImmediate("vpsraw", "71 /4"),
  ...shiftByImmediate("vpsllw", "71 /6"),
  ...shiftByImmediate("vpsrld", "72 /2"),
  ...shiftByImmediate("vpsrad", "72 /4"),
  ...shiftByImmediate("vpslld", "72 /6"),
  ...shiftByImmediate("vpsrlq", "73 /2"),
  ...shiftByImmediate("vpsrldq", "73 /3"),
  ...shiftByImmediate("vpsllq", "73 /6"),
  ...shiftByImmediate("vpslldq", "73 /7"),
  ...shiftByLane("vpsrlvd", "W0", "45"),
  ...shiftByLane("vpsrlvq", "W1", "45"),
  ...shiftByLane("vpsravd", "W0", "46"),
  ...shiftByLane("vpsllvd", "W0", "47"),
  ...shiftByLane("vpsllvq", "W1", "47"),
  ...unary("vpshufd", "66.0F.WIG", "70 /r ib", ", imm8"),
  ...unary("vpshufhw", "F3.0F.WIG", "70 /r ib", ", imm8"),
  ...unary("vpshuflw", "F2.0F.WIG", "70 /r ib", ", imm8"),
  ...unary("vpabsb", "66.0F38.WIG", "1C /r"),
  ...unary("vpabsw", "66.0F38.WIG", "1D /r"),
  ...unary("vpabsd", "66.0F38.WIG", "1E /r"),
  ...widening("vpmovsxbw", "20", 2),
  ...widening("vpmovsxbd", "21", 4),
  ...widening("vpmovsxbq", "22", 8),
  ...widening("vpmovsxwd", "23", 2),
  ...widening("vpmovsxwq", "24", 4),
  ...widening("vpmovsxdq", "25", 2),
  ...widening("vpmovzxbw", "30", 2),
  ...widening("vpmovzxbd", "31", 4),
  ...widening("vpmovzxbq", "32", 8),
  ...widening("vpmovzxwd", "33", 2),
  ...widening("vpmovzxwq", "34", 4),
  ...widening("vpmovzxdq", "35", 2),
  op("vphminposuw", "VEX.128.66.0F38.WIG 41 /r", "xmm, xm128"),
  ...bothLengths("vptest", "66.0F38.WIG", "17 /r", "xmm, xm128", { writes: "OSZAPC" }),
  ...bothLengths("vpmovmskb", "66.0F", "D7 /r", "ry, xmm.rm", {}, AVX2),
  op("vpinsrb", "VEX.128.66.0F3A 20 /r ib", "xmm, xmm.v, ry/m8, imm8"),
  op("vpinsrw", "VEX.128.66.0F C4 /r ib", "xmm, xmm.v, ry/m16, imm8"),
  op("vpinsrd", "VEX.128.66.0F3A.W0 22 /r ib", "xmm, xmm.v, rm32, imm8"),
  op("vpinsrq", "VEX.128.66.0F3A.W1 22 /r ib", "xmm, xmm.v, rm64, imm8"),
  op("vpextrb", "VEX.128.66.0F3A 14 /r ib", "ry/m8, xmm, imm8"),
  op("vpextrw", "VEX.128.66.0F C5 /r ib", "ry, xmm.rm, imm8"),
  op("vpextrw", "VEX.128.66.0F3A 15 /r ib", "ry/m16, xmm, imm8"),
  op("vpextrd", "VEX.128.66.0F3A.W0 16 /r ib", "rm32, xmm, imm8"),
  op("vpextrq", "VEX.128.66.0F3A.W1 16 /r ib", "rm64, xmm, imm8"),
  ...bothLengths("vpblendw", "66.0F3A.WIG", "0E /r ib", "xmm, xmm.v, xm128, imm8", {}, AVX2),
  ...bothLengths("vpblendd", "66.0F3A.W0", "02 /r ib", "xmm, xmm.v, xm128, imm8", AVX2),
  ...bothLengths("vpalignr", "66.0F3A.WIG", "0F /r ib", "xmm, xmm.v, xm128, imm8", {}, AVX2),
  ...bothLengths("vmpsadbw", "66.0F3A.WIG", "42 /r ib", "xmm, xmm.v, xm128, imm8", {}, AVX2),
  ...bothLengths("vpblendvb", "66.0F3A.W0", "4C /r /is4", "xmm, xmm.v, xm128, xmm.is4", {}, AVX2),
  op("vpcmpestrm", "VEX.128.66.0F3A 60 /r ib", "xmm, xm128, imm8", EXPLICIT_LENGTH),
  op("vpcmpestri", "VEX.128.66.0F3A 61 /r ib", "xmm, xm128, imm8", EXPLICIT_LENGTH),
  op("vpcmpistrm", "VEX.128.66.0F3A.WIG 62 /r ib", "xmm, xm128, imm8", STRING_COMPARE),
  op("vpcmpistri", "VEX.128.66.0F3A.WIG 63 /r ib", "xmm, xm128, imm8", STRING_COMPARE),
]);
