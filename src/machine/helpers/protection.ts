/** Helpers that ask the kernel what memory allows; what they learn of the surroundings saves asking again. */
import { PROBE_WRITE } from "../../ir/probe.ts";
import type { MappedRange } from "../machine.ts";
import {
  FAULT_USER,
  FAULT_WRITE,
  GUEST_BIAS,
  RSP,
  STATE_BYTES,
  STATE_DENIED,
  STATE_DENIED_ERROR,
  STATE_FAULT_ERROR,
  STATE_FAULT_HIGH,
  STATE_GPR,
  STATE_RIP,
  STATE_STOP,
  STATE_STOP_INFO,
  STOP_SEGV,
  WRITABLE_RANGE,
} from "../state.ts";
import type { HelperBody, HelperCpu } from "./types.ts";

/** Bytes that a call may push at once: an address. */
const WORD = 8;

/** a = linear address, b = PROBE_ kind. Returns 1, and notes the address, where the access is not allowed. */
const probe: HelperBody = (cpu, linear, kind) => {
  const address = (linear + GUEST_BIAS) >>> 0;
  const range = cpu.client.accessible(address, kind === PROBE_WRITE);
  if (range !== null) {
    noteRange(cpu, kind, range);
    return 0;
  }
  return deny(cpu, address, kind);
};

function deny({ memory: { i32 } }: HelperCpu, address: number, kind: number): number {
  i32[STATE_DENIED >> 2] = address;
  i32[STATE_DENIED_ERROR >> 2] = FAULT_USER | (kind === PROBE_WRITE ? FAULT_WRITE : 0);
  return 1;
}

/** The first guest address of an access that is not allowed, or -1. The state block is always there. */
function firstDenied({ client }: HelperCpu, linear: number, bytes: number, kind: number): number {
  if (linear >>> 0 < STATE_BYTES) return -1;
  const end = ((linear + GUEST_BIAS) >>> 0) + bytes;
  for (let at = (linear + GUEST_BIAS) >>> 0; at < end;) {
    const range = client.accessible(at, kind === PROBE_WRITE);
    if (range === null) return at;
    at = range.end;
  }
  return -1;
}

/** a = linear address, b = 2 * bytes + PROBE_ kind. */
const allows: HelperBody = (cpu, linear, what) => firstDenied(cpu, linear, what >>> 1, what & 1) < 0 ? 1 : 0;

/** As above, for an access that is not allowed: notes where not. Returns 1. */
const denied: HelperBody = (cpu, linear, what) => {
  const address = firstDenied(cpu, linear, what >>> 1, what & 1);
  return deny(cpu, address < 0 ? (linear + GUEST_BIAS) >>> 0 : address, what & 1);
};

/**
 * a = linear address of rsp, b = the guest pc to go on at, or 0. Learns how far the stack goes on. Where it has ended, and there
 * is a pc, stops the machine as the first store below it would have done, and returns 1.
 */
const stack_end: HelperBody = (cpu, linear, pc) => {
  const address = (linear + GUEST_BIAS) >>> 0;
  const range = cpu.client.accessible(address - WORD >>> 0, true);
  if (range !== null) {
    noteRange(cpu, PROBE_WRITE, range);
    return 0;
  }
  if (pc === 0 || cpu.client.accessible(address, true) !== null) return 0;
  const words = cpu.memory.i32;
  words[STATE_RIP >> 2] = pc;
  words[(STATE_RIP >> 2) + 1] = words[STATE_FAULT_HIGH >> 2] = 0;
  words[STATE_STOP_INFO >> 2] = cpu.client.stackEnd(address) - WORD | 0;
  words[STATE_FAULT_ERROR >> 2] = FAULT_USER | FAULT_WRITE;
  words[STATE_STOP >> 2] = STOP_SEGV;
  return 1;
};

/** For what goes on at a guest pc: false if there is no stack left, and the machine is stopped. */
export function hasStack(cpu: HelperCpu, pc: number): boolean {
  const words = cpu.memory.i32, linear = words[(STATE_GPR + 8 * RSP) >> 2] - GUEST_BIAS | 0;
  const room = linear - WORD - words[WRITABLE_RANGE >> 2] >>> 0;
  return room < words[(WRITABLE_RANGE >> 2) + 1] >>> 0 || stack_end(cpu, linear, pc) === 0;
}

function noteRange({ memory: { i32 } }: HelperCpu, kind: number, { start, end }: MappedRange): void {
  const at = (WRITABLE_RANGE >> 2) + 2 * (1 - kind);
  i32[at] = start - GUEST_BIAS;
  i32[at + 1] = end - start;
}

const code_changed: HelperBody = (cpu, guard) => cpu.hasChanged?.(guard) === false ? 0 : 1;
const code_replaced: HelperBody = (cpu, pc) => cpu.replaceCode?.(pc >>> 0) ? 1 : 0;

export const protectionHelpers: Record<string, HelperBody> = {
  probe,
  stack_end,
  allows,
  denied,
  code_changed,
  code_replaced,
};
