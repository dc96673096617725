/**
 * CPUID of the guest's processor: x86-64-v2, that is SSE4.2, POPCNT, CMPXCHG16B and LAHF, or x86-64-v3 with what
 * machine/cpu_level.ts says.
 * Intel's vendor name, because run-time libraries read cache sizes by vendor and know Intel's leaves best. Intel SDM
 * volume 2, CPUID.
 */
import type { CpuLevel } from "../cpu_level.ts";
import { XSAVE_BYTES, XSAVE_COMPONENTS, XSAVE_YMM, XSAVE_YMM_BYTES } from "../xsave.ts";

/** eax, ebx, ecx, edx. */
export type CpuidLeaf = readonly [number, number, number, number];

const NOTHING: CpuidLeaf = [0, 0, 0, 0];
const VENDOR = "GenuineIntel";
const BRAND = "Lighter";

const bits = (...numbers: number[]) => numbers.reduce((mask, n) => mask | 1 << n, 0);

/** What one level announces. */
interface Announced {
  readonly maxLeaf: number;
  readonly signature: number;
  /** Leaf 1, leaf 7, leaf 80000001. */
  readonly featuresEcx: number;
  readonly leaf7Ebx: number;
  readonly extendedEcx: number;
}

/** CLFLUSH line of 8 quadwords, one logical processor, APIC id 0. */
const LINE_AND_COUNT = 0x00010800;
/** FPU VME DE PSE TSC MSR PAE MCE CX8 APIC SEP MTRR PGE MCA CMOV PAT PSE36 CLFSH MMX FXSR SSE SSE2. */
const FEATURES_EDX = bits(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 19, 23, 24, 25, 26);
/** SYSCALL, NX, RDTSCP, LM. */
const EXTENDED_EDX = bits(11, 20, 27, 29);

const LEVELS: Record<CpuLevel, Announced> = {
  "x86-64-v2": {
    maxLeaf: 7,
    // Family 6, model 2C (Westmere, the last generation without AVX), stepping 2: libraries have it in their lists.
    signature: 0x000206c2,
    // SSE3, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2, POPCNT.
    featuresEcx: bits(0, 9, 13, 19, 20, 23),
    // ERMS: REP MOVSB and STOSB become memory.copy and memory.fill, quicker than any loop from a few hundred bytes on.
    leaf7Ebx: bits(9),
    // LAHF and SAHF, PREFETCHW.
    extendedEcx: bits(0, 8),
  },
  "x86-64-v3": {
    maxLeaf: 0xd,
    // Family 6, model 97 (Alder Lake, which has SHA and no AVX-512), stepping 2.
    signature: 0x00090672,
    // As above, and PCLMULQDQ, FMA, MOVBE, AES, XSAVE, OSXSAVE, AVX, F16C, RDRAND.
    featuresEcx: bits(0, 1, 9, 12, 13, 19, 20, 22, 23, 25, 26, 27, 28, 29, 30),
    // FSGSBASE, BMI1, AVX2, BMI2, ERMS, RDSEED, ADX, SHA.
    leaf7Ebx: bits(0, 3, 5, 8, 9, 18, 19, 29),
    // LAHF and SAHF, LZCNT, PREFETCHW.
    extendedEcx: bits(0, 5, 8),
  },
};

/** XCR0 of x86-64-v3: x87, SSE and AVX state. Without XSAVE the register is not there; 3 is what it would be. */
export function xcr0(level: CpuLevel): number {
  return level === "x86-64-v3" ? XSAVE_COMPONENTS : 3;
}

/** Leaf D: the components and sizes of XSAVE's area, by subleaf. */
const XSAVE_LEAVES: readonly CpuidLeaf[] = [
  [XSAVE_COMPONENTS, XSAVE_BYTES, XSAVE_BYTES, 0],
  // XSAVEOPT, XSAVEC and XGETBV with ECX = 1.
  [bits(0, 1, 2), XSAVE_BYTES, 0, 0],
  [XSAVE_YMM_BYTES, XSAVE_YMM, 0, 0],
];

const LINE_BYTES = 64;
const CACHE_DATA = 1, CACHE_CODE = 2, CACHE_UNIFIED = 3;

/** Leaf 4's description of one cache, of one core. */
function cache(type: number, level: number, kib: number, ways: number): CpuidLeaf {
  const sets = kib * 1024 / (ways * LINE_BYTES);
  const selfInitialising = 1 << 8;
  return [type | level << 5 | selfInitialising, LINE_BYTES - 1 | ways - 1 << 22, sets - 1, 0];
}

/** Sizes from which memcpy takes its thresholds (glibc's sysdeps/x86/dl-cacheinfo.h). */
const CACHES: readonly CpuidLeaf[] = [
  cache(CACHE_DATA, 1, 32, 8),
  cache(CACHE_CODE, 1, 32, 8),
  cache(CACHE_UNIFIED, 2, 1024, 16),
  cache(CACHE_UNIFIED, 3, 16384, 16),
];

/** Four characters as a little-endian number. */
function packed(text: string, at: number): number {
  let n = 0;
  for (let i = 0; i < 4; i++) n |= (at + i < text.length ? text.charCodeAt(at + i) : 0) << 8 * i;
  return n;
}

/** A third of the brand string: leaves 80000002 to 80000004. */
function brand(part: number): CpuidLeaf {
  const at = part * 16;
  return [packed(BRAND, at), packed(BRAND, at + 4), packed(BRAND, at + 8), packed(BRAND, at + 12)];
}

/** The registers for a leaf (eax, unsigned) and subleaf (ecx). Leaves that do not exist are zero. */
export function cpuidLeaf(leaf: number, subleaf: number, level: CpuLevel): CpuidLeaf {
  const { maxLeaf, signature, featuresEcx, leaf7Ebx, extendedEcx } = LEVELS[level];
  switch (leaf) {
    case 0:
      return [maxLeaf, packed(VENDOR, 0), packed(VENDOR, 8), packed(VENDOR, 4)];
    case 1:
      return [signature, LINE_AND_COUNT, featuresEcx, FEATURES_EDX];
    case 2:
      // FF: see leaf 4. 01 in the lowest byte: one query says all.
      return [0x0000ff01, 0, 0, 0];
    case 4:
      return CACHES[subleaf] ?? NOTHING;
    case 7:
      return subleaf === 0 ? [0, leaf7Ebx, 0, 0] : NOTHING;
    case 0xd:
      return level === "x86-64-v3" ? XSAVE_LEAVES[subleaf] ?? NOTHING : NOTHING;
    case 0x80000000:
      return [0x80000008 | 0, 0, 0, 0];
    case 0x80000001:
      return [0, 0, extendedEcx, EXTENDED_EDX];
    case 0x80000002:
    case 0x80000003:
    case 0x80000004:
      return brand(leaf - 0x80000002);
    case 0x80000006:
      // Level 2: 1024 KiB, 16 ways (code 8), 64-byte lines.
      return [0, 0, 1024 << 16 | 8 << 12 | LINE_BYTES, 0];
    case 0x80000007:
      // The time-stamp counter runs at a constant rate.
      return [0, 0, 0, bits(8)];
    case 0x80000008:
      // 48 bits of linear and 40 of physical address.
      return [48 << 8 | 40, 0, 0, 0];
  }
  return NOTHING;
}
