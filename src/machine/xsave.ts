/** The area of XSAVE (Intel SDM volume 1, 13.4): the image of FXSAVE, a header, the upper halves of the ymm registers. */

/** State components: x87, SSE, AVX. */
export const XSAVE_X87 = 1, XSAVE_SSE = 2, XSAVE_AVX = 4;
export const XSAVE_COMPONENTS = XSAVE_X87 | XSAVE_SSE | XSAVE_AVX;

/** Offsets: XSTATE_BV and XCOMP_BV of the header, and the upper halves (in the compacted form, too). */
export const XSAVE_STATE_BV = 512, XSAVE_COMPACT_BV = 520, XSAVE_HEADER_END = 576;
export const XSAVE_YMM = 576, XSAVE_YMM_BYTES = 256;
export const XSAVE_BYTES = XSAVE_YMM + XSAVE_YMM_BYTES;

/** MXCSR after a reset. */
export const MXCSR_INITIAL = 0x1f80;
