/**
 * The reference meaning of the IR: runs a region on guest memory, operation by operation. State variables live in the state
 * block all the time. The emitter must agree with this on every test.
 */
import { bug } from "../errors.ts";
import type { FaultReplay } from "../machine/fault_site.ts";
import type { HelperBody, HelperCpu } from "../machine/helpers/types.ts";
import {
  FAULT_FETCH,
  FAULT_USER,
  GUEST_BIAS,
  STATE_FAULT_ERROR,
  STATE_FUEL,
  STATE_RIP,
  STATE_STOP,
  STATE_STOP_INFO,
  STOP_SEGV,
  STOP_SYSCALL,
  STOP_YIELD,
} from "../machine/state.ts";
import { type Exec, Frame, OperationTrap } from "./frame.ts";
import {
  END_BRANCH,
  END_CALL,
  END_CALL_INDIRECT,
  END_EXIT,
  END_EXIT_INDIRECT,
  END_JUMP,
  END_RETURN,
  END_RETURN_INSIDE,
  END_SWITCH_PC,
  END_SYSCALL,
  END_TRAP,
  type IrBlock,
  type IrFunction,
} from "./function.ts";
import { rootSite } from "../machine/trap_table.ts";
import { FLOAT_OPS } from "./interpret_float.ts";
import { FUNCTION_OPS } from "./interpret_functions.ts";
import { INT_OPS } from "./interpret_int.ts";
import { MEMORY_OPS } from "./interpret_memory.ts";
import { SIMD_OPS } from "./interpret_simd.ts";
import { KIND_LOAD, KIND_STORE, OP, OP_COUNT, OP_KIND, OP_TABLE, type OpName } from "./ops.ts";

/** What a region runs on. */
export interface RegionCpu extends HelperCpu {
  /** Bodies by helper number. */
  helpers: readonly (HelperBody | undefined)[];
  /** Told of faults, after rip and STATE_STOP_INFO are set. */
  readonly faults?: FaultReplay;
}

const EXEC: Exec[] = new Array(OP_COUNT);
const BODIES = { ...INT_OPS, ...FLOAT_OPS, ...SIMD_OPS, ...MEMORY_OPS, ...FUNCTION_OPS };
for (const name of Object.keys(OP_TABLE) as OpName[]) {
  EXEC[OP[name]] = BODIES[name] ?? (() => {
    throw bug(`the interpreter has no ${name}`);
  });
}

/** Does one operation in a frame, whose values it reads and writes. Throws as Exec does. */
export function executeOperation(f: Frame, op: number, v: number, a: number, b: number, c: number): void {
  EXEC[op](f, v, a, b, c);
}

/** Operations that the interpreter cannot run, for the test that there are none. */
export const UNINTERPRETED: readonly string[] = (Object.keys(OP_TABLE) as OpName[]).filter((name) => !(name in BODIES));

// One frame serves all: values do not outlive their block, and operations do not run other regions.
const frame = new Frame();

/**
 * Runs a region. Returns the guest address to go on at (from 0 on), or minus the STOP_ reason; then rip and, for a fault,
 * STATE_STOP_INFO are set. `refill` is the fuel given when it has run out. Calls and returns just name the next address, so
 * the interpreter never nests.
 */
export function interpretRegion(fn: IrFunction, cpu: RegionCpu, refill: number): number {
  const { blocks } = fn;
  let current = 0;
  // The way in counts as a backward edge, so that a loop through several regions uses fuel too.
  if (outOfFuel(cpu, refill)) return leave(cpu, STOP_YIELD, fn.entryPc);
  for (;;) {
    const block = blocks[current];
    const stop = runBlock(fn, block, cpu);
    if (stop !== 0) return -stop;
    const next = successor(block, cpu);
    if (next === -STOP_SEGV) cpu.memory.i32[STATE_FAULT_ERROR >> 2] = FAULT_USER | FAULT_FETCH;
    if (next < 0) return leave(cpu, -next, block.target, next === -STOP_SEGV ? block.target : 0);
    if (next >= LEAVES) return next - LEAVES;
    if (next <= current && blocks[next].pc !== -1 && outOfFuel(cpu, refill)) {
      return leave(cpu, STOP_YIELD, blocks[next].pc >>> 0);
    }
    current = next;
  }
}

/** successor() returns a block index, LEAVES + guest address, or minus a STOP_ reason. */
const LEAVES = 0x1_0000_0000;

function successor(block: IrBlock, cpu: RegionCpu): number {
  const value = block.value < 0 ? 0 : frame.i32[block.value * 4];
  switch (block.kind) {
    case END_JUMP:
      return block.succ[0];
    case END_BRANCH:
      return block.succ[value !== 0 ? 0 : 1];
    case END_SWITCH_PC: {
      const k = block.pcs.findIndex((pc) => pc >>> 0 === value >>> 0);
      return k >= 0 ? block.succ[k] : LEAVES + (value >>> 0);
    }
    case END_RETURN_INSIDE:
      return value >>> 0 === block.returnPc >>> 0 ? block.succ[0] : LEAVES + (value >>> 0);
    case END_CALL:
    case END_EXIT:
      return LEAVES + (block.target >>> 0);
    case END_CALL_INDIRECT:
    case END_RETURN:
    case END_EXIT_INDIRECT:
      return LEAVES + (value >>> 0);
    case END_SYSCALL:
      setRip(cpu, block.target);
      return cpu.client.syscall() === 0 ? block.succ[0] : -STOP_SYSCALL;
    case END_TRAP:
      return -block.trap;
  }
  throw bug(`block end ${block.kind}`);
}

function runBlock(fn: IrFunction, block: IrBlock, cpu: RegionCpu): number {
  const { op, a, b, c } = fn;
  frame.reserve(fn.count);
  frame.cpu = cpu;
  frame.helpers = cpu.helpers;
  frame.pool = fn.pool;
  let v = block.first;
  try {
    for (const { end } = block; v < end; v++) EXEC[op[v]](frame, v, a[v], b[v], c[v]);
    return 0;
  } catch (error) {
    const pc = fn.pc[v] >>> 0;
    if (error instanceof OperationTrap) return fault(cpu, block, error.reason, pc);
    const kind = OP_KIND[op[v]];
    if (!(error instanceof RangeError) || (kind !== KIND_LOAD && kind !== KIND_STORE)) throw error;
    return fault(cpu, block, STOP_SEGV, pc, faultAddress(fn, v, cpu));
  }
}

/** Variables are written at the end of a block, so the state block has them as they were at its start. */
function fault(cpu: RegionCpu, { resumePc }: IrBlock, stop: number, pc: number, info = 0): number {
  leave(cpu, stop, pc, info);
  const start = pc < resumePc >>> 0 ? pc : resumePc;
  cpu.faults?.replay(cpu.memory, [rootSite(start)], pc, stop, cpu.client.cpuLevel);
  return stop;
}

/** Guest address that an access missed. */
function faultAddress(fn: IrFunction, v: number, cpu: RegionCpu): number {
  const bytes = cpu.memory.u8.length;
  let linear = frame.u32[fn.a[v] * 4];
  const op = fn.op[v];
  if (op === OP.memory_copy && linear + frame.u32[fn.c[v] * 4] <= bytes) linear = frame.u32[fn.b[v] * 4];
  if (op !== OP.memory_copy && op !== OP.memory_fill) linear += OP_KIND[op] === KIND_LOAD ? fn.b[v] : fn.c[v];
  return linear + GUEST_BIAS >>> 0;
}

function outOfFuel(cpu: RegionCpu, refill: number): boolean {
  const words = cpu.memory.i32;
  if (--words[STATE_FUEL >> 2] > 0) return false;
  // Filled before the question: whoever is resumed makes progress.
  words[STATE_FUEL >> 2] = refill;
  return cpu.client.wantsYield();
}

function setRip(cpu: RegionCpu, pc: number): void {
  cpu.memory.i32[STATE_RIP >> 2] = pc | 0;
  cpu.memory.i32[(STATE_RIP >> 2) + 1] = 0;
}

/** Notes why and where the guest stopped; returns minus the reason. */
function leave(cpu: RegionCpu, reason: number, pc: number, info = 0): number {
  const words = cpu.memory.i32;
  words[STATE_STOP >> 2] = reason;
  words[STATE_STOP_INFO >> 2] = info | 0;
  // After a system call that left, the kernel may have set rip (execve, sigreturn): it stays.
  if (reason !== STOP_SYSCALL) setRip(cpu, pc);
  return -reason;
}
