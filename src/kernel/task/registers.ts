import type { GuestMemory } from "../../machine/guest_memory.ts";
import {
  R10,
  R11,
  R12,
  R13,
  R14,
  R15,
  R8,
  R9,
  RAX,
  RBP,
  RBX,
  RCX,
  RDI,
  RDX,
  RSI,
  RSP,
  STATE_AF,
  STATE_BYTES,
  STATE_CF,
  STATE_DF,
  STATE_FCW,
  STATE_FDP,
  STATE_FIP,
  STATE_FOP,
  STATE_FSW,
  STATE_FTW,
  STATE_GPR,
  STATE_MXCSR,
  STATE_OF,
  STATE_PF,
  STATE_RFLAGS_REST,
  STATE_RIP,
  STATE_SCRATCH,
  STATE_SF,
  STATE_X87,
  STATE_XMM,
  STATE_YMM_HIGH,
  STATE_ZF,
} from "../../machine/state.ts";
import {
  XSAVE_AVX,
  XSAVE_BYTES,
  XSAVE_COMPONENTS,
  XSAVE_STATE_BV,
  XSAVE_YMM,
  XSAVE_YMM_BYTES,
} from "../../machine/xsave.ts";
import {
  FP_XSTATE_MAGIC1,
  FP_XSTATE_MAGIC2,
  FP_XSTATE_MAGIC2_SIZE,
  FXSAVE_BYTES,
  SW_EXTENDED_SIZE,
  SW_MAGIC1,
  SW_XFEATURES,
  SW_XSTATE_SIZE,
} from "../abi/signal.ts";
import { storeU64 } from "../memory/user_memory.ts";

/** Register state of the task that is loaded in a memory: the state block at linear address 0. */

/** Bits of RFLAGS that the state block keeps one by one. */
const FLAG_PLACES: readonly (readonly [bit: number, place: number])[] = [
  [0x001, STATE_CF],
  [0x004, STATE_PF],
  [0x010, STATE_AF],
  [0x040, STATE_ZF],
  [0x080, STATE_SF],
  [0x400, STATE_DF],
  [0x800, STATE_OF],
];
/** Bit 1 always reads 1, and interrupts are enabled in user mode. */
const FLAGS_FIXED = 0x202;
/** Software can change AC, ID and NT, and nothing else of the rest. */
const FLAGS_REST = 0x244000;

export function setRegister(m: GuestMemory, register: number, value: number): void {
  storeU64(m, STATE_GPR + register * 8, value);
}

/** Low 32 bits, unsigned: enough for pointers. */
export function getRegister32(m: GuestMemory, register: number): number {
  return m.i32[register * 2] >>> 0;
}

export function setRip(m: GuestMemory, address: number): void {
  storeU64(m, STATE_RIP, address);
}

export function getRip(m: GuestMemory): number {
  return m.i32[STATE_RIP / 4] >>> 0;
}

export function getFlags(m: GuestMemory): number {
  let flags = FLAGS_FIXED | (m.i32[STATE_RFLAGS_REST / 4] & FLAGS_REST);
  for (const [bit, place] of FLAG_PLACES) if (m.i32[place / 4] !== 0) flags |= bit;
  return flags;
}

export function setFlags(m: GuestMemory, flags: number): void {
  for (const [bit, place] of FLAG_PLACES) m.i32[place / 4] = (flags & bit) === 0 ? 0 : 1;
  m.i32[STATE_RFLAGS_REST / 4] = flags & FLAGS_REST;
}

/** MXCSR bits that exist; loading others faults on a CPU, sigreturn drops them. */
const MXCSR_MASK = 0xffff;

/** Writes the x87 and SSE state in the form of FXSAVE (Intel SDM vol. 1, 10.5.1) at a linear address. */
export function storeFxsave(m: GuestMemory, at: number): void {
  const { view, u8 } = m;
  u8.fill(0, at, at + FXSAVE_BYTES);
  const fsw = view.getUint32(STATE_FSW, true);
  view.setUint16(at, view.getUint32(STATE_FCW, true), true);
  view.setUint16(at + 2, fsw, true);
  u8[at + 4] = view.getUint32(STATE_FTW, true);
  view.setUint16(at + 6, view.getUint32(STATE_FOP, true), true);
  view.setUint32(at + 8, view.getUint32(STATE_FIP, true), true);
  view.setUint32(at + 16, view.getUint32(STATE_FDP, true), true);
  view.setUint32(at + 24, view.getUint32(STATE_MXCSR, true), true);
  view.setUint32(at + 28, MXCSR_MASK, true);
  const top = (fsw >>> 11) & 7;
  for (let i = 0; i < 8; i++) {
    const physical = STATE_X87 + ((top + i) & 7) * 16;
    u8.copyWithin(at + 32 + i * 16, physical, physical + 10);
  }
  u8.copyWithin(at + 160, STATE_XMM, STATE_XMM + 256);
}

/** The way back, for sigreturn. */
export function loadFxsave(m: GuestMemory, at: number): void {
  const { view, u8 } = m;
  const fsw = view.getUint16(at + 2, true);
  view.setUint32(STATE_FCW, view.getUint16(at, true), true);
  view.setUint32(STATE_FSW, fsw, true);
  view.setUint32(STATE_FTW, u8[at + 4], true);
  view.setUint32(STATE_FOP, view.getUint16(at + 6, true), true);
  view.setUint32(STATE_FIP, view.getUint32(at + 8, true), true);
  view.setUint32(STATE_FDP, view.getUint32(at + 16, true), true);
  view.setUint32(STATE_MXCSR, view.getUint32(at + 24, true) & MXCSR_MASK, true);
  const top = (fsw >>> 11) & 7;
  for (let i = 0; i < 8; i++) {
    u8.copyWithin(STATE_X87 + ((top + i) & 7) * 16, at + 32 + i * 16, at + 42 + i * 16);
  }
  u8.copyWithin(STATE_XMM, at + 160, at + 416);
}

/**
 * Writes the state in the form of XSAVE, as Linux's signal frames have it: with magic words around it. The area
 * has XSAVE_BYTES + FP_XSTATE_MAGIC2_SIZE bytes.
 */
export function storeXsave(m: GuestMemory, at: number): void {
  const { view, u8 } = m;
  storeFxsave(m, at);
  u8.fill(0, at + XSAVE_STATE_BV, at + XSAVE_BYTES);
  view.setUint32(at + SW_MAGIC1, FP_XSTATE_MAGIC1, true);
  view.setUint32(at + SW_EXTENDED_SIZE, XSAVE_BYTES + FP_XSTATE_MAGIC2_SIZE, true);
  view.setUint32(at + SW_XFEATURES, XSAVE_COMPONENTS, true);
  view.setUint32(at + SW_XSTATE_SIZE, XSAVE_BYTES, true);
  view.setUint32(at + XSAVE_STATE_BV, XSAVE_COMPONENTS, true);
  u8.copyWithin(at + XSAVE_YMM, STATE_YMM_HIGH, STATE_YMM_HIGH + XSAVE_YMM_BYTES);
  view.setUint32(at + XSAVE_BYTES, FP_XSTATE_MAGIC2, true);
}

/** True if a signal frame's area is one of XSAVE, of which the first FXSAVE_BYTES are readable. */
export function hasXsave(m: GuestMemory, at: number): boolean {
  const { view } = m;
  return view.getUint32(at + SW_MAGIC1, true) === FP_XSTATE_MAGIC1 &&
    view.getUint32(at + SW_XSTATE_SIZE, true) === XSAVE_BYTES;
}

/** The upper halves from an area of XSAVE (`at` < 0: from none); what is not saved there becomes zero. */
export function loadUpperHalves(m: GuestMemory, at: number): void {
  const { view, u8 } = m;
  const saved = at >= 0 && view.getUint32(at + XSAVE_BYTES, true) === FP_XSTATE_MAGIC2 &&
    (view.getUint32(at + XSAVE_STATE_BV, true) & XSAVE_AVX) !== 0;
  if (saved) u8.copyWithin(STATE_YMM_HIGH, at + XSAVE_YMM, at + XSAVE_YMM + XSAVE_YMM_BYTES);
  else u8.fill(0, STATE_YMM_HIGH, STATE_YMM_HIGH + XSAVE_YMM_BYTES);
}

/** FNINIT, empty registers and the power-on MXCSR: what a program and a signal handler start with. */
export function initialFloatState(m: GuestMemory): void {
  m.u8.fill(0, STATE_XMM, STATE_SCRATCH);
  m.view.setUint32(STATE_FCW, 0x37f, true);
  m.view.setUint32(STATE_MXCSR, 0x1f80, true);
}

/** A fresh register file, as at the first instruction of a program: everything zero but rip, rsp and the float controls. */
export function resetRegisters(m: GuestMemory, rip: number, rsp: number): void {
  m.u8.fill(0, 0, STATE_BYTES);
  initialFloatState(m);
  setRip(m, rip);
  setRegister(m, RSP, rsp);
}

/** For crash reports. */
export const REGISTER_NAMES: readonly (readonly [name: string, register: number])[] = [
  ["rax", RAX],
  ["rbx", RBX],
  ["rcx", RCX],
  ["rdx", RDX],
  ["rsi", RSI],
  ["rdi", RDI],
  ["rbp", RBP],
  ["rsp", RSP],
  ["r8", R8],
  ["r9", R9],
  ["r10", R10],
  ["r11", R11],
  ["r12", R12],
  ["r13", R13],
  ["r14", R14],
  ["r15", R15],
];
