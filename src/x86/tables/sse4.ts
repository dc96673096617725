/** SSE4.1 and SSE4.2, and unsupported neighbours: Galois fields, key locker. */
import { type Facts, family, op } from "./builder.ts";

// PCMPxSTRx clear AF and PF.
const STRING_COMPARE: Facts = { writes: "OSZAPC" };
// With REX.W the lengths are in RAX and RDX instead of EAX and EDX.
const EXPLICIT_LENGTH: Facts = { ...STRING_COMPARE, size: "y" };

const UNSUPPORTED: Facts = { unsupported: true };

export const SSE4_ROWS = [
  ...family("sse4.1", [
    // The mask of the variable blends is XMM0.
    op("pblendvb", "66 0F 38 10 /r", "xmm, xm128"),
    op("blendvps", "66 0F 38 14 /r", "xmm, xm128"),
    op("blendvpd", "66 0F 38 15 /r", "xmm, xm128"),
    op("ptest", "66 0F 38 17 /r", "xmm, xm128", { writes: "OSZAPC" }),
    op("pmovsxbw", "66 0F 38 20 /r", "xmm, xm64"),
    op("pmovsxbd", "66 0F 38 21 /r", "xmm, xm32"),
    op("pmovsxbq", "66 0F 38 22 /r", "xmm, xm16"),
    op("pmovsxwd", "66 0F 38 23 /r", "xmm, xm64"),
    op("pmovsxwq", "66 0F 38 24 /r", "xmm, xm32"),
    op("pmovsxdq", "66 0F 38 25 /r", "xmm, xm64"),
    op("pmuldq", "66 0F 38 28 /r", "xmm, xm128"),
    op("pcmpeqq", "66 0F 38 29 /r", "xmm, xm128"),
    op("movntdqa", "66 0F 38 2A /r", "xmm, m128"),
    op("packusdw", "66 0F 38 2B /r", "xmm, xm128"),
    op("pmovzxbw", "66 0F 38 30 /r", "xmm, xm64"),
    op("pmovzxbd", "66 0F 38 31 /r", "xmm, xm32"),
    op("pmovzxbq", "66 0F 38 32 /r", "xmm, xm16"),
    op("pmovzxwd", "66 0F 38 33 /r", "xmm, xm64"),
    op("pmovzxwq", "66 0F 38 34 /r", "xmm, xm32"),
    op("pmovzxdq", "66 0F 38 35 /r", "xmm, xm64"),
    op("pminsb", "66 0F 38 38 /r", "xmm, xm128"),
    op("pminsd", "66 0F 38 39 /r", "xmm, xm128"),
    op("pminuw", "66 0F 38 3A /r", "xmm, xm128"),
    op("pminud", "66 0F 38 3B /r", "xmm, xm128"),
    op("pmaxsb", "66 0F 38 3C /r", "xmm, xm128"),
    op("pmaxsd", "66 0F 38 3D /r", "xmm, xm128"),
    op("pmaxuw", "66 0F 38 3E /r", "xmm, xm128"),
    op("pmaxud", "66 0F 38 3F /r", "xmm, xm128"),
    op("pmulld", "66 0F 38 40 /r", "xmm, xm128"),
    op("phminposuw", "66 0F 38 41 /r", "xmm, xm128"),
    op("roundps", "66 0F 3A 08 /r ib", "xmm, xm128, imm8"),
    op("roundpd", "66 0F 3A 09 /r ib", "xmm, xm128, imm8"),
    op("roundss", "66 0F 3A 0A /r ib", "xmm, xm32, imm8"),
    op("roundsd", "66 0F 3A 0B /r ib", "xmm, xm64, imm8"),
    op("blendps", "66 0F 3A 0C /r ib", "xmm, xm128, imm8"),
    op("blendpd", "66 0F 3A 0D /r ib", "xmm, xm128, imm8"),
    op("pblendw", "66 0F 3A 0E /r ib", "xmm, xm128, imm8"),
    op("pextrb", "66 0F 3A 14 /r ib", "ry/m8, xmm, imm8"),
    op("pextrw", "66 0F 3A 15 /r ib", "ry/m16, xmm, imm8"),
    op("pextrd", "66 0F 3A 16 /r ib", "rm32, xmm, imm8"),
    op("pextrq", "66 REX.W 0F 3A 16 /r ib", "rm64, xmm, imm8"),
    op("extractps", "66 0F 3A 17 /r ib", "ry/m32, xmm, imm8"),
    op("pinsrb", "66 0F 3A 20 /r ib", "xmm, ry/m8, imm8"),
    op("insertps", "66 0F 3A 21 /r ib", "xmm, xm32, imm8"),
    op("pinsrd", "66 0F 3A 22 /r ib", "xmm, rm32, imm8"),
    op("pinsrq", "66 REX.W 0F 3A 22 /r ib", "xmm, rm64, imm8"),
    op("dpps", "66 0F 3A 40 /r ib", "xmm, xm128, imm8"),
    op("dppd", "66 0F 3A 41 /r ib", "xmm, xm128, imm8"),
    op("mpsadbw", "66 0F 3A 42 /r ib", "xmm, xm128, imm8"),
  ]),
  ...family("sse4.2", [
    op("pcmpgtq", "66 0F 38 37 /r", "xmm, xm128"),
    op("pcmpestrm", "66 0F 3A 60 /r ib", "xmm, xm128, imm8", EXPLICIT_LENGTH),
    op("pcmpestri", "66 0F 3A 61 /r ib", "xmm, xm128, imm8", EXPLICIT_LENGTH),
    op("pcmpistrm", "66 0F 3A 62 /r ib", "xmm, xm128, imm8", STRING_COMPARE),
    op("pcmpistri", "66 0F 3A 63 /r ib", "xmm, xm128, imm8", STRING_COMPARE),
  ]),
  ...family("gfni", [
    op("gf2p8mulb", "66 0F 38 CF /r", "xmm, xm128", UNSUPPORTED),
    op("gf2p8affineqb", "66 0F 3A CE /r ib", "xmm, xm128, imm8", UNSUPPORTED),
    op("gf2p8affineinvqb", "66 0F 3A CF /r ib", "xmm, xm128, imm8", UNSUPPORTED),
  ]),
  ...family("keylocker", [
    op("loadiwkey", "F3 0F 38 DC /r", "xmm, xmm.rm", UNSUPPORTED),
    op("aesenc128kl", "F3 0F 38 DC /r", "xmm, m", UNSUPPORTED),
    op("aesdec128kl", "F3 0F 38 DD /r", "xmm, m", UNSUPPORTED),
    op("aesenc256kl", "F3 0F 38 DE /r", "xmm, m", UNSUPPORTED),
    op("aesdec256kl", "F3 0F 38 DF /r", "xmm, m", UNSUPPORTED),
    op("aesencwide128kl", "F3 0F 38 D8 /0", "m", UNSUPPORTED),
    op("aesdecwide128kl", "F3 0F 38 D8 /1", "m", UNSUPPORTED),
    op("aesencwide256kl", "F3 0F 38 D8 /2", "m", UNSUPPORTED),
    op("aesdecwide256kl", "F3 0F 38 D8 /3", "m", UNSUPPORTED),
    op("encodekey128", "F3 0F 38 FA /r", "r32, r32.rm", UNSUPPORTED),
    op("encodekey256", "F3 0F 38 FB /r", "r32, r32.rm", UNSUPPORTED),
  ]),
];
