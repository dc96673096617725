/** Helpers of the integer instructions; declared in ir/helpers.ts. */
import { RAX, RBX, RCX, RDX, STATE_GPR, STATE_SCRATCH } from "../state.ts";
import { cpuidLeaf, xcr0 } from "./cpuid.ts";
import { crc32c } from "./crc32c.ts";
import type { HelperBody, HelperCpu } from "./types.ts";

const MIN_I64 = -(1n << 63n), MAX_I64 = (1n << 63n) - 1n;

function readGpr32(cpu: HelperCpu, register: number): number {
  return cpu.memory.i32[(STATE_GPR + register * 8) >> 2];
}

/** Writes a 32-bit result: the upper half becomes zero. */
function writeGpr32(cpu: HelperCpu, register: number, value: number): void {
  const at = (STATE_GPR + register * 8) >> 2;
  cpu.memory.i32[at] = value;
  cpu.memory.i32[at + 1] = 0;
}

const cpuid: HelperBody = (cpu) => {
  const leaf = readGpr32(cpu, RAX) >>> 0, subleaf = readGpr32(cpu, RCX) >>> 0;
  const [eax, ebx, ecx, edx] = cpuidLeaf(leaf, subleaf, cpu.client.cpuLevel);
  writeGpr32(cpu, RAX, eax);
  writeGpr32(cpu, RBX, ebx);
  writeGpr32(cpu, RCX, ecx);
  writeGpr32(cpu, RDX, edx);
  return 0;
};

/** The counter ticks once a nanosecond. */
const rdtsc: HelperBody = (cpu) => {
  const ns = Math.floor(cpu.client.tscNs());
  writeGpr32(cpu, RAX, ns % 2 ** 32);
  writeGpr32(cpu, RDX, ns / 2 ** 32);
  return 0;
};

/** Register 0 is XCR0, register 1 the components of it that are in use, of which we say all. */
const xgetbv: HelperBody = (cpu) => {
  writeGpr32(cpu, RAX, readGpr32(cpu, RCX) >>> 0 <= 1 ? xcr0(cpu.client.cpuLevel) : 0);
  writeGpr32(cpu, RDX, 0);
  return 0;
};

/** See ir/helpers.ts: the dividend and divisor in the scratch area, quotient and remainder back to it; 1 means #DE. */
const udiv128: HelperBody = ({ memory: { view } }) => {
  const low = view.getBigUint64(STATE_SCRATCH, true), high = view.getBigUint64(STATE_SCRATCH + 8, true);
  const divisor = view.getBigUint64(STATE_SCRATCH + 16, true);
  if (high >= divisor) return 1;
  const dividend = high << 64n | low;
  view.setBigUint64(STATE_SCRATCH, dividend / divisor, true);
  view.setBigUint64(STATE_SCRATCH + 8, dividend % divisor, true);
  return 0;
};

const sdiv128: HelperBody = ({ memory: { view } }) => {
  const low = view.getBigUint64(STATE_SCRATCH, true), high = view.getBigInt64(STATE_SCRATCH + 8, true);
  const divisor = view.getBigInt64(STATE_SCRATCH + 16, true);
  if (divisor === 0n) return 1;
  const dividend = high << 64n | low;
  const quotient = dividend / divisor;
  if (quotient < MIN_I64 || quotient > MAX_I64) return 1;
  view.setBigInt64(STATE_SCRATCH, quotient, true);
  view.setBigInt64(STATE_SCRATCH + 8, dividend % divisor, true);
  return 0;
};

export const integerHelpers: Record<string, HelperBody> = {
  cpuid,
  rdtsc,
  xgetbv,
  udiv128,
  sdiv128,
  random: (cpu) => cpu.client.random32(),
  crc32b: (_, crc, data) => crc32c(crc, data, 1),
  crc32w: (_, crc, data) => crc32c(crc, data, 2),
  crc32d: (_, crc, data) => crc32c(crc, data, 4),
};
