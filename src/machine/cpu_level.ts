/** The processors that a guest may be shown: the levels of the x86-64 System V ABI (section 3.1.1), and what goes with them. */

/**
 * x86-64-v2 has SSE4.2, POPCNT and CMPXCHG16B. x86-64-v3 adds AVX2, BMI1, BMI2, FMA, F16C, LZCNT, MOVBE and XSAVE, and here
 * also what nearly all of its processors have: AES, PCLMULQDQ, SHA, RDRAND, RDSEED, ADX.
 */
export type CpuLevel = "x86-64-v2" | "x86-64-v3";

export const CPU_LEVELS: readonly CpuLevel[] = ["x86-64-v2", "x86-64-v3"];
export const DEFAULT_CPU_LEVEL: CpuLevel = "x86-64-v2";
