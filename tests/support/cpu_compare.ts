/** How the state an engine left departs from the CPU's, in words. */
import {
  FLAG_AF,
  FLAG_CF,
  FLAG_DF,
  FLAG_OF,
  FLAG_PF,
  FLAG_SF,
  FLAG_ZF,
  STOP_BREAKPOINT,
  STOP_DIVIDE,
  STOP_FLOAT,
  STOP_PRIVILEGED,
  STOP_SEGV,
  STOP_UNDEFINED,
} from "../../src/machine/state.ts";
import { type CpuState, GPR_NAMES, WINDOW_START } from "./cpu_state.ts";

/** What Linux makes of the stops of a machine. */
export const SIGNAL_OF_STOP: Record<number, string> = {
  [STOP_SEGV]: "SIGSEGV",
  [STOP_DIVIDE]: "SIGFPE",
  [STOP_FLOAT]: "SIGFPE",
  [STOP_UNDEFINED]: "SIGILL",
  [STOP_BREAKPOINT]: "SIGTRAP",
  [STOP_PRIVILEGED]: "SIGSEGV",
};

/** What is not held against an engine. */
export interface CompareRules {
  /** FLAG_ mask of flags the manual leaves undefined. */
  flagsUndefined: number;
  /**
   * Bytes of the float lanes the instruction computes (0: none). NaN lanes then need only be NaN: WebAssembly leaves the
   * payload open.
   */
  lane: number;
  /** Largest relative error of a lane; 0 asks for equal bits. 2^-63 is two units in the last place of an 80-bit lane. */
  tolerance: number;
  /** Sticky exception flags of MXCSR and FSW, and C1 (rounded up). */
  exceptionFlags: "compare" | "ignore";
}

const FLAG_NAMES: readonly (readonly [mask: number, bit: number, name: string])[] = [
  [FLAG_CF, 0, "CF"],
  [FLAG_PF, 2, "PF"],
  [FLAG_AF, 4, "AF"],
  [FLAG_ZF, 6, "ZF"],
  [FLAG_SF, 7, "SF"],
  [FLAG_DF, 10, "DF"],
  [FLAG_OF, 11, "OF"],
];

/** One line a difference; none if the engine agrees. */
export function compareStates(actual: CpuState, expected: CpuState, input: CpuState, rules: CompareRules): string[] {
  const found: string[] = [];
  const number = (name: string, got: number, want: number) => {
    if (got !== want) found.push(`${name} is ${hex(got)}, the CPU says ${hex(want)}`);
  };
  for (let n = 0; n < 16; n++) {
    const got = actual.gpr(n), want = expected.gpr(n);
    if (got !== want) {
      found.push(`${GPR_NAMES[n]} is ${hex(got)}, the CPU says ${hex(want)} (was ${hex(input.gpr(n))})`);
    }
  }
  number("rip", actual.rip, expected.rip);
  for (const [mask, bit, name] of FLAG_NAMES) {
    if (rules.flagsUndefined & mask) continue;
    number(name, actual.rflags >>> bit & 1, expected.rflags >>> bit & 1);
  }
  compareControl(number, actual, expected, rules);
  for (let n = 0; n < 16; n++) bytes(found, `xmm${n}`, actual.xmm(n), expected.xmm(n), input.xmm(n), rules);
  for (let n = 0; n < 16; n++) {
    bytes(found, `ymm${n}, upper half,`, actual.ymmHigh(n), expected.ymmHigh(n), input.ymmHigh(n), rules);
  }
  const x87Rules = rules.lane ? { ...rules, lane: 10 } : rules;
  for (let n = 0; n < 8; n++) bytes(found, `x87 R${n}`, actual.x87(n), expected.x87(n), input.x87(n), x87Rules);
  compareWindow(found, actual, expected, input, rules);
  return found;
}

function compareControl(
  number: (name: string, got: number, want: number) => void,
  actual: CpuState,
  expected: CpuState,
  rules: CompareRules,
): void {
  const ignore = rules.exceptionFlags === "ignore";
  const mxcsrMask = ignore ? ~0x3f : ~0;
  const fswMask = ignore ? ~0x02ff : ~0;
  number("mxcsr", actual.mxcsr & mxcsrMask, expected.mxcsr & mxcsrMask);
  number("fcw", actual.fcw, expected.fcw);
  number("fsw", actual.fsw & fswMask, expected.fsw & fswMask);
  number("ftw", actual.ftw, expected.ftw);
}

function bytes(
  found: string[],
  name: string,
  got: Uint8Array,
  want: Uint8Array,
  was: Uint8Array,
  rules: CompareRules,
): void {
  if (sameBytes(got, want) || sameLanes(got, want, rules)) return;
  found.push(`${name} is ${bytesHex(got)}, the CPU says ${bytesHex(want)} (was ${bytesHex(was)})`);
}

function compareWindow(found: string[], actual: CpuState, expected: CpuState, input: CpuState, rules: CompareRules) {
  // Wide steps keep float lanes whole; operands are aligned to 16 unless they hold integers.
  const step = rules.lane || 8;
  for (let at = 0; at < expected.window.length; at += step) {
    const [got, want, was] = [actual, expected, input].map((state) => state.window.subarray(at, at + step));
    bytes(found, `[${hex(WINDOW_START + at)}]`, got, want, was, rules);
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Lanes are equal, both NaN, or near enough. */
function sameLanes(got: Uint8Array, want: Uint8Array, { lane, tolerance }: CompareRules): boolean {
  if (lane === 0 || got.length < lane) return false;
  const a = new DataView(got.buffer, got.byteOffset), b = new DataView(want.buffer, want.byteOffset);
  for (let at = 0; at + lane <= got.length; at += lane) {
    if (sameBytes(got.subarray(at, at + lane), want.subarray(at, at + lane))) continue;
    if (lane === 10 ? sameFloat80(a, b, at, tolerance) : sameFloat(a, b, at, lane, tolerance)) continue;
    return false;
  }
  return true;
}

function sameFloat(a: DataView, b: DataView, at: number, lane: number, tolerance: number): boolean {
  const read = (view: DataView) => lane === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true);
  const x = read(a), y = read(b);
  if (Number.isNaN(x) && Number.isNaN(y)) return true;
  return tolerance > 0 && Math.abs(x - y) <= tolerance * Math.max(Math.abs(y), Number.MIN_VALUE);
}

/** As sameFloat, in units of the last place: a double would not see them. */
function sameFloat80(a: DataView, b: DataView, at: number, tolerance: number): boolean {
  const x = ordinalOf(a, at), y = ordinalOf(b, at);
  if (isNanOrdinal(x) || isNanOrdinal(y)) return isNanOrdinal(x) && isNanOrdinal(y);
  return Math.abs(Number(x - y)) <= tolerance * 2 ** 64;
}

/** Numbers the extended-precision values from zero upwards and downwards. */
function ordinalOf(view: DataView, at: number): bigint {
  const top = view.getUint16(at + 8, true), exponent = BigInt(top & 0x7fff);
  const fraction = view.getBigUint64(at, true) & 0x7fffffffffffffffn;
  const ordinal = exponent << 63n | fraction;
  return top & 0x8000 ? -ordinal : ordinal;
}

function isNanOrdinal(ordinal: bigint): boolean {
  return ordinal > 0x7fffn << 63n || ordinal < -(0x7fffn << 63n);
}

function hex(value: number | bigint): string {
  return `0x${(typeof value === "number" ? value >>> 0 : value).toString(16)}`;
}

function bytesHex(value: Uint8Array): string {
  return Array.from(value, (b) => b.toString(16).padStart(2, "0")).reverse().join("");
}
