/** The CPU state before and after one instruction, as the state block holds it, and a window of guest memory. */
import type { GuestMemory } from "../../src/machine/guest_memory.ts";
import {
  GUEST_BIAS,
  RSP,
  STATE_AF,
  STATE_BYTES,
  STATE_CF,
  STATE_DF,
  STATE_FCW,
  STATE_FSBASE,
  STATE_FSW,
  STATE_FTW,
  STATE_GPR,
  STATE_GSBASE,
  STATE_MXCSR,
  STATE_OF,
  STATE_PF,
  STATE_RIP,
  STATE_SF,
  STATE_X87,
  STATE_XMM,
  STATE_YMM_HIGH,
  STATE_ZF,
} from "../../src/machine/state.ts";

/** Where the instruction lies: all of the code pages around it is int3, and branch targets stay in them. */
export const CASE_PC = 0x100800;
const CODE_START = 0x100000, CODE_BYTES = 0x2000;
/** Operands in memory, the stack included, lie in here. */
export const WINDOW_START = 0x200600;
export const WINDOW_BYTES = 1024;
/** What `@code` values and `mem=code` draw from (see cpu_values.ts). */
export const CODE_ADDRESSES: readonly number[] = Array.from({ length: 64 }, (_, i) => 0x100900 + i * 4);
/** Guest memory a case needs. */
export const CASE_GUEST_END = 0x210000;
export const CASE_FSBASE = 0x200720;
export const CASE_GSBASE = 0x200740;

/** Offsets of the flags in the state block with their bits in RFLAGS. */
export const RFLAGS_BITS: readonly (readonly [offset: number, bit: number])[] = [
  [STATE_CF, 0],
  [STATE_PF, 2],
  [STATE_AF, 4],
  [STATE_ZF, 6],
  [STATE_SF, 7],
  [STATE_DF, 10],
  [STATE_OF, 11],
];
/** The bits of RFLAGS that cases set and compare. */
export const RFLAGS_MASK = RFLAGS_BITS.reduce((mask, [, bit]) => mask | 1 << bit, 0);

export const GPR_NAMES = ("rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15").split(" ");

/** A state block (see machine/state.ts) and the memory window. */
export class CpuState {
  readonly block = new Uint8Array(STATE_BYTES);
  readonly window = new Uint8Array(WINDOW_BYTES);
  readonly view = new DataView(this.block.buffer);

  constructor() {
    this.view.setInt32(STATE_FSBASE, CASE_FSBASE, true);
    this.view.setInt32(STATE_GSBASE, CASE_GSBASE, true);
    this.rip = CASE_PC;
  }

  copy(): CpuState {
    const state = new CpuState();
    state.block.set(this.block);
    state.window.set(this.window);
    return state;
  }

  gpr(n: number): bigint {
    return this.view.getBigUint64(STATE_GPR + n * 8, true);
  }

  setGpr(n: number, value: bigint): void {
    this.view.setBigUint64(STATE_GPR + n * 8, value, true);
  }

  get rip(): number {
    return Number(this.view.getBigUint64(STATE_RIP, true));
  }

  set rip(pc: number) {
    this.view.setBigUint64(STATE_RIP, BigInt(pc), true);
  }

  /** The arithmetic flags and DF as an RFLAGS image. */
  get rflags(): number {
    return RFLAGS_BITS.reduce((flags, [offset, bit]) => flags | this.view.getInt32(offset, true) << bit, 0);
  }

  set rflags(flags: number) {
    for (const [offset, bit] of RFLAGS_BITS) this.view.setInt32(offset, flags >>> bit & 1, true);
  }

  xmm(n: number): Uint8Array {
    return this.block.subarray(STATE_XMM + n * 16, STATE_XMM + n * 16 + 16);
  }

  /** Upper half of a ymm register. */
  ymmHigh(n: number): Uint8Array {
    return this.block.subarray(STATE_YMM_HIGH + n * 16, STATE_YMM_HIGH + n * 16 + 16);
  }

  /** Physical x87 register: 10 bytes. */
  x87(n: number): Uint8Array {
    return this.block.subarray(STATE_X87 + n * 16, STATE_X87 + n * 16 + 10);
  }

  get mxcsr(): number {
    return this.view.getInt32(STATE_MXCSR, true);
  }

  set mxcsr(value: number) {
    this.view.setInt32(STATE_MXCSR, value, true);
  }

  get fcw(): number {
    return this.view.getInt32(STATE_FCW, true);
  }

  set fcw(value: number) {
    this.view.setInt32(STATE_FCW, value, true);
  }

  get fsw(): number {
    return this.view.getInt32(STATE_FSW, true);
  }

  set fsw(value: number) {
    this.view.setInt32(STATE_FSW, value, true);
  }

  get ftw(): number {
    return this.view.getInt32(STATE_FTW, true);
  }

  set ftw(value: number) {
    this.view.setInt32(STATE_FTW, value, true);
  }
}

/** What fillGuest and readGuest need to know of a case. */
export interface GuestCase {
  code: Uint8Array;
  input: CpuState;
  /** Guest addresses that the instruction may lead to, besides those of `@code` values. */
  successors: readonly number[];
  /** `pushf` follows the instruction: rsp stays in the window in all cases of the form. */
  pushesFlags: boolean;
}

/**
 * Puts a case into guest memory: what an engine sees before it runs. After the instruction comes `pushf; int3` where the
 * stack allows it: compiled code keeps flags only for readers, so that int3 alone would not show them. The code pages
 * are the same for all cases of a form.
 */
export function fillGuest(memory: GuestMemory, { code, input, successors, pushesFlags }: GuestCase): void {
  memory.growTo(CASE_GUEST_END);
  memory.u8.set(input.block, 0);
  memory.u8.fill(INT3, CODE_START - GUEST_BIAS, CODE_START + CODE_BYTES - GUEST_BIAS);
  if (pushesFlags) {
    for (const pc of [...successors, ...CODE_ADDRESSES]) memory.u8[pc - GUEST_BIAS] = PUSHF;
  }
  memory.u8.set(code, CASE_PC - GUEST_BIAS);
  memory.u8.set(input.window, WINDOW_START - GUEST_BIAS);
}

const PUSHF = 0x9c, INT3 = 0xcc;

/** Whether rsp leaves room in the window for the flags. */
export function canPush(state: CpuState): boolean {
  return state.gpr(RSP) >= BigInt(WINDOW_START + 8) && state.gpr(RSP) <= BigInt(WINDOW_START + WINDOW_BYTES);
}

/**
 * The state an engine left in guest memory after it met the int3 that follows the instruction. The flags are taken from the
 * stack and the push is undone; what it overwrote is taken from `expected`.
 */
export function readGuest(memory: GuestMemory, { pushesFlags }: GuestCase, expected: CpuState): CpuState {
  const state = new CpuState();
  state.block.set(memory.u8.subarray(0, STATE_BYTES));
  state.window.set(memory.u8.subarray(WINDOW_START - GUEST_BIAS, WINDOW_START - GUEST_BIAS + WINDOW_BYTES));
  state.rip--;
  // Another rip means that the engine stopped somewhere else and pushed nothing.
  if (!pushesFlags || state.rip !== expected.rip + 1) return state;
  state.rip--;
  const pushedAt = state.gpr(RSP);
  state.setGpr(RSP, pushedAt + 8n);
  const offset = Number(pushedAt) - WINDOW_START;
  if (offset >= 0 && offset <= WINDOW_BYTES - 8) {
    state.rflags = new DataView(state.window.buffer).getUint32(offset, true);
    state.window.set(expected.window.subarray(offset, offset + 8), offset);
  }
  return state;
}
