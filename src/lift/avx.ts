/** AVX and AVX2 instructions that are SSE instructions in VEX encodings, half by half. What is new is in avx_*.ts. */
import { avxConvertLifts } from "./avx_convert.ts";
import { avxMaskLifts } from "./avx_mask.ts";
import { avxPermuteLifts } from "./avx_permute.ts";
import { cryptoLifts } from "./crypto.ts";
import type { Lift } from "./lifter.ts";
import { sse4Lifts } from "./sse4.ts";
import { sseConvertLifts } from "./sse_convert.ts";
import { sseFloatLifts } from "./sse_float.ts";
import { sseIntLifts } from "./sse_int.ts";
import { sseMoveLifts } from "./sse_move.ts";
import { sseStateLifts } from "./sse_state.ts";
import { vex, type VexOptions } from "./vex.ts";

const SSE: Record<string, Lift> = {
  ...sseMoveLifts,
  ...sseFloatLifts,
  ...sseIntLifts,
  ...sseConvertLifts,
  ...sse4Lifts,
  ...sseStateLifts,
  ...cryptoLifts,
};

/** Operands as those of the SSE form. */
const SAME = `
  movups movupd movaps movapd movdqu movdqa lddqu movntps movntpd movntdq movntdqa movd movq
  movsldup movshdup movddup pshufd pshufhw pshuflw
  sqrtps sqrtpd rsqrtps rcpps roundps roundpd
  cvttss2si cvttsd2si cvtss2si cvtsd2si cvtdq2ps cvtps2dq cvttps2dq ldmxcsr stmxcsr
  pabsb pabsw pabsd phminposuw pextrb pextrw pextrd pextrq extractps
  aesimc aeskeygenassist
`;

/** As above, and no vector register is written. */
const READS_ONLY = "maskmovdqu comiss comisd ucomiss ucomisd pcmpestri pcmpistri";

/** A first source of its own. */
const THREE = `
  movss movsd movlps movlpd movhps movhpd movhlps movlhps unpcklps unpcklpd unpckhps unpckhpd shufps insertps
  sqrtss sqrtsd rsqrtss rcpss andps andpd andnps andnpd orps orpd xorps xorpd
  addps addpd addss addsd subps subpd subss subsd mulps mulpd mulss mulsd divps divpd divss divsd
  minps minpd minss minsd maxps maxpd maxss maxsd cmpps cmppd cmpss cmpsd
  haddps haddpd hsubps hsubpd addsubps addsubpd dpps dppd cvtsi2ss cvtsi2sd cvtss2sd cvtsd2ss
  punpcklbw punpcklwd punpckldq punpcklqdq punpckhbw punpckhwd punpckhdq punpckhqdq
  packsswb packuswb packssdw packusdw pshufb palignr pblendw pinsrb pinsrw pinsrd pinsrq
  pcmpeqb pcmpeqw pcmpeqd pcmpeqq pcmpgtb pcmpgtw pcmpgtd pcmpgtq pand pandn por pxor
  paddb paddw paddd paddq paddsb paddsw paddusb paddusw psubb psubw psubd psubq psubsb psubsw psubusb psubusw
  pmullw pmulhw pmulhuw pmuludq pmuldq pmulld pmaddwd pmaddubsw pmulhrsw psadbw pavgb pavgw
  pminub pminuw pminud pminsb pminsw pminsd pmaxub pmaxuw pmaxud pmaxsb pmaxsw pmaxsd
  psignb psignw psignd phaddw phaddd phaddsw phsubw phsubd phsubsw
  psllw pslld psllq pslldq psrlw psrld psrlq psrldq psraw psrad
  aesenc aesenclast aesdec aesdeclast pclmulqdq
`;

/** Immediates that have bits for each half. */
const BY_HALF: Record<string, number> = { shufpd: 2, blendps: 4, blendpd: 2, mpsadbw: 3 };

function named(names: string, options: VexOptions): [string, Lift][] {
  return names.trim().split(/\s+/).map((name) => {
    if (SSE[name] === undefined) throw new Error(`no SSE form of v${name}`);
    return [`v${name}`, vex(SSE[name], options)];
  });
}

export const avxLifts: Record<string, Lift> = {
  ...Object.fromEntries(named(SAME, {})),
  ...Object.fromEntries(named(READS_ONLY, { readsOnly: true })),
  ...Object.fromEntries(named(THREE, { threeOperands: true })),
  ...Object.fromEntries(
    Object.entries(BY_HALF).flatMap(([name, immediateBits]) => named(name, { threeOperands: true, immediateBits })),
  ),
  ...Object.fromEntries(named("roundss roundsd", { threeOperands: true, splits: true })),
  ...avxConvertLifts,
  ...avxPermuteLifts,
  ...avxMaskLifts,
};
