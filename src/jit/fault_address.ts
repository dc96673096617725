/** The address that an instruction missed, by going through it again up to the access that fails. */
import { ACCESS_BYTES } from "../ir/access.ts";
import { Frame } from "../ir/frame.ts";
import { END_BRANCH, END_JUMP, type IrBlock, type IrFunction } from "../ir/function.ts";
import { executeOperation } from "../ir/interpret.ts";
import { KIND_CALL, KIND_LOAD, KIND_SETVAR, KIND_STORE, OP, OP_KIND, OP_VALUES } from "../ir/ops.ts";
import { VAR_FSBASE, VAR_GPR, VAR_GSBASE, VAR_HOME } from "../ir/variables.ts";
import { liftRegion } from "../lift/lift.ts";
import type { CpuLevel } from "../machine/cpu_level.ts";
import type { GuestMemory } from "../machine/guest_memory.ts";
import { NO_CLIENT } from "../machine/no_client.ts";
import {
  FAULT_PRESENT,
  FAULT_USER,
  FAULT_WRITE,
  GUEST_BIAS,
  STATE_BYTES,
  STATE_DENIED,
  STATE_DENIED_ERROR,
  STATE_FAULT_ERROR,
  STATE_FAULT_HIGH,
  STATE_STOP_INFO,
} from "../machine/state.ts";
import { decode, isFailure } from "../x86/decode.ts";
import { type Instruction, type Operand, OPERAND_MEM, SEGMENT_FS, SEGMENT_NONE } from "../x86/instruction.ts";
import { straightRegion } from "./fault_replay.ts";

/** Blocks gone through: a repeated string instruction has one a round. */
const MAX_BLOCKS = 1 << 16;

/** An access outside the memory. */
interface Miss {
  /** Linear address, as the code computed it (32 bits). */
  linear: number;
  write: boolean;
}

/**
 * Sets STATE_STOP_INFO, STATE_FAULT_HIGH and STATE_FAULT_ERROR for the instruction at `pc`, which is about to be done; the state
 * block has its registers, except for the `unknown` variables. Where these hide the address it is given as 0.
 */
export function noteFaultAddress(memory: GuestMemory, pc: number, unknown: Uint8Array, level: CpuLevel): void {
  const { u8, i32 } = memory;
  const denied = i32[STATE_DENIED >> 2];
  const insn = decode(u8, pc - GUEST_BIAS, u8.length, pc);
  if (denied !== 0) {
    const address = isFailure(insn) ? BigInt(denied >>> 0) : wholeAddress(memory, insn, denied - GUEST_BIAS);
    i32[STATE_STOP_INFO >> 2] = denied;
    i32[STATE_FAULT_HIGH >> 2] = Number(address >> 32n) | 0;
    i32[STATE_DENIED >> 2] = 0;
    const writes = !isFailure(insn) && insn.operands[0]?.kind === OPERAND_MEM && writesFirst(insn);
    i32[STATE_FAULT_ERROR >> 2] = i32[STATE_DENIED_ERROR >> 2] | (writes ? FAULT_WRITE : 0);
    return;
  }
  let low = 0, high = 0, error = FAULT_USER;
  const miss = isFailure(insn) ? null : findMiss(memory, insn, unknown, level);
  if (!isFailure(insn) && miss !== null) {
    const address = wholeAddress(memory, insn, miss.linear);
    low = Number(address & 0xffffffffn);
    high = Number(address >> 32n);
    if (miss.write || (insn.operands[0]?.kind === OPERAND_MEM && writesFirst(insn))) error |= FAULT_WRITE;
    // What the kernel keeps for itself always looks protected (sanitize_error_code in arch/x86/mm/fault.c).
    if (high >>> 31 !== 0) error |= FAULT_PRESENT;
  }
  i32[STATE_STOP_INFO >> 2] = low | 0;
  i32[STATE_FAULT_HIGH >> 2] = high | 0;
  i32[STATE_FAULT_ERROR >> 2] = error;
}

/** Instructions that read and write their first operand ask for it to be writable at once. */
const READ_AND_WRITE = new Set(
  "add or adc sbb and sub xor inc dec neg not shl shr sar rol ror rcl rcr shld shrd xadd xchg cmpxchg cmpxchg8b cmpxchg16b bts btr btc"
    .split(" "),
);

function writesFirst(insn: Instruction): boolean {
  return READ_AND_WRITE.has(insn.row.mnemonic);
}

function findMiss(memory: GuestMemory, insn: Instruction, unknown: Uint8Array, level: CpuLevel): Miss | null {
  // Repetitions move their registers on while we look; they get them back.
  const saved = memory.u8.slice(0, STATE_BYTES);
  try {
    return new MissSearch(memory, liftRegion(straightRegion([insn]), level), unknown.slice()).run();
  } finally {
    memory.u8.set(saved);
  }
}

class MissSearch {
  readonly #frame = new Frame();
  readonly #lost: Uint8Array;

  constructor(readonly memory: GuestMemory, readonly fn: IrFunction, readonly unknown: Uint8Array) {
    this.#lost = new Uint8Array(fn.count);
    this.#frame.reserve(fn.count);
    this.#frame.pool = fn.pool;
    this.#frame.cpu = { memory, client: NO_CLIENT };
  }

  run(): Miss | null {
    let block = this.fn.blocks[0];
    for (let n = 0; n < MAX_BLOCKS; n++) {
      for (let v = block.first; v < block.end; v++) {
        const miss = this.#evaluate(v);
        if (miss !== undefined) return miss;
      }
      const next = this.#successor(block);
      if (next < 0) return null;
      block = this.fn.blocks[next];
    }
    return null;
  }

  #successor(block: IrBlock): number {
    if (block.kind === END_JUMP) return block.succ[0];
    if (block.kind !== END_BRANCH || this.#lost[block.value]) return -1;
    return block.succ[this.#frame.u32[block.value * 4] !== 0 ? 0 : 1];
  }

  /** A miss, null if it cannot be told, undefined where the search goes on. */
  #evaluate(v: number): Miss | null | undefined {
    const { op: ops, a, b, c } = this.fn, op = ops[v], kind = OP_KIND[op], lost = this.#lost;
    const values = OP_VALUES[op];
    lost[v] = (values & 1 && a[v] >= 0 && lost[a[v]]) || (values & 2 && b[v] >= 0 && lost[b[v]]) ||
        (values & 4 && c[v] >= 0 && lost[c[v]])
      ? 1
      : 0;
    if (kind === KIND_LOAD || kind === KIND_STORE) {
      if (lost[a[v]]) return null;
      const write = kind === KIND_STORE;
      const missed = op === OP.memory_copy
        ? this.#missed(a[v], 0, this.#u32(c[v]), true) ?? this.#missed(b[v], 0, this.#u32(c[v]), false)
        : this.#missed(a[v], op === OP.memory_fill ? 0 : write ? c[v] : b[v], this.#bytes(v), write);
      if (missed !== undefined) return missed;
      if (write) return undefined;
    }
    if (kind === KIND_CALL || op === OP.trap_if || op === OP.probe || op === OP.check) {
      lost[v] = 1;
      return undefined;
    }
    if (op === OP.getvar) lost[v] = this.unknown[a[v]];
    if (kind === KIND_SETVAR) this.unknown[a[v]] = lost[v];
    try {
      executeOperation(this.#frame, op, v, a[v], b[v], c[v]);
    } catch {
      lost[v] = 1;
    }
    return undefined;
  }

  #bytes(v: number): number {
    const { op, c } = this.fn;
    return op[v] === OP.memory_fill ? this.#u32(c[v]) : ACCESS_BYTES[op[v]];
  }

  #u32(value: number): number {
    return this.#frame.u32[value * 4];
  }

  #missed(base: number, offset: number, bytes: number, write: boolean): Miss | undefined {
    const linear = this.#u32(base) + offset, end = this.memory.u8.length;
    if (linear + bytes <= end) return undefined;
    return { linear: Math.max(linear, linear < end ? end : linear) >>> 0, write };
  }
}

/** The guest address, all 64 bits: code computes the low half, the registers tell the rest. */
function wholeAddress(memory: GuestMemory, insn: Instruction, linear: number): bigint {
  const low = BigInt((linear + GUEST_BIAS) >>> 0);
  const operand = insn.operands.find((o) => o.kind === OPERAND_MEM);
  if (operand === undefined || insn.addressBytes !== 8) return low;
  const whole = effectiveAddress(memory, operand);
  // The end of the memory may lie inside the access.
  const distance = BigInt.asUintN(32, low - whole);
  return distance <= BigInt(operand.bytes) ? BigInt.asUintN(64, whole + distance) : low;
}

function effectiveAddress({ view }: GuestMemory, o: Operand): bigint {
  const register = (r: number) => view.getBigUint64(VAR_HOME[VAR_GPR + r], true);
  const isAbsolute = o.base < 0 && o.index < 0;
  let sum = BigInt(isAbsolute ? o.disp >>> 0 : o.disp);
  if (o.base >= 0) sum += register(o.base);
  if (o.index >= 0) sum += register(o.index) << BigInt(o.scaleLog2);
  if (o.segment !== SEGMENT_NONE) {
    sum += BigInt(view.getUint32(VAR_HOME[o.segment === SEGMENT_FS ? VAR_FSBASE : VAR_GSBASE], true));
  }
  return BigInt.asUintN(64, sum);
}
