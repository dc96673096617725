/** AES, carry-less multiplication and SHA, with their VEX forms. */
import { family, op } from "./builder.ts";

export const CRYPTO_ROWS = [
  ...family("aes", [
    op("aesimc", "66 0F 38 DB /r", "xmm, xm128"),
    op("aesenc", "66 0F 38 DC /r", "xmm, xm128"),
    op("aesenclast", "66 0F 38 DD /r", "xmm, xm128"),
    op("aesdec", "66 0F 38 DE /r", "xmm, xm128"),
    op("aesdeclast", "66 0F 38 DF /r", "xmm, xm128"),
    op("aeskeygenassist", "66 0F 3A DF /r ib", "xmm, xm128, imm8"),
    op("vaesimc", "VEX.128.66.0F38.WIG DB /r", "xmm, xm128"),
    op("vaesenc", "VEX.128.66.0F38.WIG DC /r", "xmm, xmm.v, xm128"),
    op("vaesenclast", "VEX.128.66.0F38.WIG DD /r", "xmm, xmm.v, xm128"),
    op("vaesdec", "VEX.128.66.0F38.WIG DE /r", "xmm, xmm.v, xm128"),
    op("vaesdeclast", "VEX.128.66.0F38.WIG DF /r", "xmm, xmm.v, xm128"),
    op("vaeskeygenassist", "VEX.128.66.0F3A.WIG DF /r ib", "xmm, xm128, imm8"),
  ]),
  ...family("pclmulqdq", [
    op("pclmulqdq", "66 0F 3A 44 /r ib", "xmm, xm128, imm8"),
    op("vpclmulqdq", "VEX.128.66.0F3A.WIG 44 /r ib", "xmm, xmm.v, xm128, imm8"),
  ]),
  ...family("sha", [
    op("sha1nexte", "NP 0F 38 C8 /r", "xmm, xm128"),
    op("sha1msg1", "NP 0F 38 C9 /r", "xmm, xm128"),
    op("sha1msg2", "NP 0F 38 CA /r", "xmm, xm128"),
    // The third operand is XMM0.
    op("sha256rnds2", "NP 0F 38 CB /r", "xmm, xm128"),
    op("sha256msg1", "NP 0F 38 CC /r", "xmm, xm128"),
    op("sha256msg2", "NP 0F 38 CD /r", "xmm, xm128"),
    op("sha1rnds4", "NP 0F 3A CC /r ib", "xmm, xm128, imm8"),
  ]),
];
