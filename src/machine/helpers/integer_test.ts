import { describe, expect, it } from "vitest";
import { GUEST_LOWEST, RAX, RBX, RCX, RDX, STATE_GPR, STATE_SCRATCH } from "../state.ts";
import type { CpuLevel } from "../cpu_level.ts";
import { PlainGuestMemory } from "../guest_memory.ts";
import { NO_CLIENT } from "../no_client.ts";
import { crc32c } from "./crc32c.ts";
import { integerHelpers } from "./integer.ts";
import type { HelperCpu } from "./types.ts";

function newCpu(tscNs = 0, cpuLevel: CpuLevel = "x86-64-v2"): HelperCpu {
  return {
    memory: new PlainGuestMemory(GUEST_LOWEST),
    client: { ...NO_CLIENT, tscNs: () => tscNs, cpuLevel },
  };
}

/** eax, ebx, ecx, edx after CPUID, unsigned. */
function cpuid(leaf: number, subleaf = 0, level: CpuLevel = "x86-64-v2"): [number, number, number, number] {
  const cpu = newCpu(0, level);
  const { i32 } = cpu.memory;
  const word = (register: number) => (STATE_GPR + register * 8) >> 2;
  i32[word(RAX)] = leaf;
  i32[word(RCX)] = subleaf;
  integerHelpers.cpuid(cpu, 0, 0);
  return [i32[word(RAX)] >>> 0, i32[word(RBX)] >>> 0, i32[word(RCX)] >>> 0, i32[word(RDX)] >>> 0];
}

function text(words: number[]): string {
  return words.flatMap((w) => [0, 8, 16, 24].map((k) => String.fromCharCode((w >>> k) & 0xff))).join("");
}

describe("cpuid", () => {
  it("names vendor and brand", () => {
    const [, ebx, ecx, edx] = cpuid(0);
    expect(text([ebx, edx, ecx])).toBe("GenuineIntel");
    const brand = [0x80000002, 0x80000003, 0x80000004].flatMap((leaf) => cpuid(leaf));
    expect(text(brand).replace(/\0+$/, "")).toBe("Lighter");
  });

  it("announces x86-64-v2 and nothing that needs XSAVE", () => {
    const [, , ecx] = cpuid(1);
    const has = (bit: number) => (ecx >>> bit & 1) === 1;
    // SSE3 SSSE3 CX16 SSE4.1 SSE4.2 POPCNT; XSAVE OSXSAVE AVX F16C RDRAND.
    expect([0, 9, 13, 19, 20, 23].every(has)).toBe(true);
    expect([26, 27, 28, 29, 30].some(has)).toBe(false);
    expect(cpuid(0x80000001)[2] & 1).toBe(1);
  });

  it("announces x86-64-v3 with the state that it needs, if that is the level", () => {
    const level = "x86-64-v3";
    const [, , ecx] = cpuid(1, 0, level), [, ebx] = cpuid(7, 0, level);
    // FMA MOVBE AES XSAVE OSXSAVE AVX F16C; BMI1 AVX2 BMI2; LZCNT.
    expect([12, 22, 25, 26, 27, 28, 29].every((bit) => ecx >>> bit & 1)).toBe(true);
    expect([3, 5, 8].every((bit) => ebx >>> bit & 1)).toBe(true);
    expect(cpuid(0x80000001, 0, level)[2] >>> 5 & 1).toBe(1);
    // AVX-512, MPX and protection keys are not there.
    expect([14, 16, 17, 21, 26, 27, 28, 30, 31].some((bit) => ebx >>> bit & 1)).toBe(false);
    expect(cpuid(0xd, 0, level)).toEqual([7, 832, 832, 0]);
    expect(cpuid(0xd, 2, level)).toEqual([256, 576, 0, 0]);
    expect(cpuid(0, 0, level)[0]).toBe(0xd);
  });

  it("describes caches whose size is the product of their geometry", () => {
    const sizes = [0, 1, 2, 3].map((subleaf) => {
      const [, ebx, ecx] = cpuid(4, subleaf);
      return ((ebx >>> 22) + 1) * ((ebx >>> 12 & 0x3ff) + 1) * ((ebx & 0xfff) + 1) * (ecx + 1) / 1024;
    });
    expect(sizes).toEqual([32, 32, 1024, 16384]);
    expect(cpuid(4, 4)).toEqual([0, 0, 0, 0]);
  });
});

describe("128-bit division", () => {
  const divide = (name: string, high: bigint, low: bigint, divisor: bigint) => {
    const cpu = newCpu();
    const { view } = cpu.memory;
    [low, high, divisor].forEach((v, i) => view.setBigUint64(STATE_SCRATCH + i * 8, BigInt.asUintN(64, v), true));
    if (integerHelpers[name](cpu, 0, 0)) return "#DE";
    return [view.getBigInt64(STATE_SCRATCH, true), view.getBigInt64(STATE_SCRATCH + 8, true)];
  };

  it("udiv128 gives quotient and remainder, or #DE where the quotient does not fit", () => {
    expect(divide("udiv128", 1n, 0n, 3n)).toEqual([0x5555555555555555n, 1n]);
    expect(divide("udiv128", 3n, 0n, 3n)).toBe("#DE");
    expect(divide("udiv128", 0n, 5n, 0n)).toBe("#DE");
  });

  it("sdiv128 rounds towards zero and knows the one-sided limit", () => {
    expect(divide("sdiv128", -1n, -7n, 2n)).toEqual([-3n, -1n]);
    // -2^63 fits, +2^63 does not.
    expect(divide("sdiv128", -1n, -(1n << 63n), 1n)).toEqual([-(1n << 63n), 0n]);
    expect(divide("sdiv128", -1n, -(1n << 63n), -1n)).toBe("#DE");
  });
});

it("rdtsc splits nanoseconds over edx:eax", () => {
  const cpu = newCpu(5 * 2 ** 32 + 7.9);
  integerHelpers.rdtsc(cpu, 0, 0);
  expect(cpu.memory.view.getBigUint64(STATE_GPR + RAX * 8, true)).toBe(7n);
  expect(cpu.memory.view.getBigUint64(STATE_GPR + RDX * 8, true)).toBe(5n);
});

it('crc32c of "123456789" is the published check value', () => {
  let crc = -1;
  for (const c of "123456789") crc = crc32c(crc, c.charCodeAt(0), 1);
  expect(~crc >>> 0).toBe(0xe3069283);
});
