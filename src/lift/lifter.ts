/**
 * What a family file needs to say an instruction as the manual's pseudo-code does: fetch operands, compute, write back, set flags
 * (operands.ts, registers.ts, flag_state.ts), and here: call helpers, begin and end blocks.
 */
import {
  END_BRANCH,
  END_CALL,
  END_CALL_INDIRECT,
  END_EXIT,
  END_EXIT_INDIRECT,
  END_JUMP,
  END_RETURN,
  END_SWITCH_PC,
  END_SYSCALL,
  END_TRAP,
  type IrBlock,
  IrFunction,
} from "../ir/function.ts";
import { helperNumber, HELPERS } from "../ir/helpers.ts";
import { OP } from "../ir/ops.ts";
import { VAR_XMM } from "../ir/variables.ts";
import { R11, RCX, STATE_RFLAGS_REST } from "../machine/state.ts";
import type { AddressMap } from "../discover/address_map.ts";
import type { JumpTable } from "../discover/region.ts";
import { type CodeGuard, countDeparture, isDeparture } from "./code_guard.ts";
import { Operands } from "./operands.ts";
import { countStores, type OwnStores } from "./own_stores.ts";

/** Lifts one instruction: reads `l.insn`, adds operations. */
export type Lift = (l: Lifter) => void;

export class Lifter extends Operands {
  /** Index of the block being filled. */
  block = -1;

  /** Indirect jump's pc -> targets. */
  jumpTables!: ReadonlyMap<number, JumpTable>;
  /** Indirect jump's or call's pc -> where it probably goes. */
  likelyTargets!: ReadonlyMap<number, number>;
  /** Return addresses of calls that are not expected to return. */
  deadEnds!: ReadonlySet<number>;
  /** Of code that the program may write. */
  guard: CodeGuard | null = null;
  ownStores: OwnStores | null = null;
  /** Value of the switch index that this block read a table with, or -1. */
  #tableIndex = -1;

  readonly #blocks: AddressMap;

  /** `blocks` maps guest addresses to the region's blocks, already made in `fn`. */
  constructor(fn: IrFunction, blocks: AddressMap) {
    super(fn);
    this.#blocks = blocks;
  }

  /** Calls a run-time helper (ir/helpers.ts); returns its i32 result. */
  helper(name: string, a = -1, b = -1): number {
    const number = helperNumber(name);
    const row = HELPERS[number];
    this.flushVars(row.reads);
    const result = this.op(OP.helper, number, a, b);
    if (row.writes.length > 0) this.ownStores?.forget();
    for (const v of row.writes) {
      this.current[v] = -1;
      this.noteWritten(v, result);
    }
    return result;
  }

  // ---- blocks ----------------------------------------------------------------------------------------------------------

  /** Starts filling a block; nothing is known about the variables. */
  begin(block: number): void {
    this.ownStores?.forget();
    this.#begin(block);
  }

  #begin(block: number): void {
    this.block = block;
    const { fn } = this, into = fn.blocks[block];
    into.first = fn.count;
    if (into.pc < 0) into.resumePc = this.insn.nextPc;
    this.lowHalves.clear();
    this.forgetState();
    this.forgetAddresses();
    this.#tableIndex = -1;
  }

  /**
   * After an instruction, whose operations are those from `from` on: leaves the function if it has stored into the function's code.
   * Where stores are more than store() knows of in this block (repeated ones, areas of state) the code is compared.
   */
  leaveIfWrittenTo(own: OwnStores, from: number): void {
    const stored = this.storedAt.splice(0), { fn } = this;
    const hit = countStores(fn, from) > stored.length
      ? this.helper("code_changed", this.i32(fn.guard))
      : this.#hits(own, stored);
    if (hit < 0) {
      if (stored.length > 0 && fn.exactFaults) this.#split();
      return;
    }
    const leave = this.innerBlock(), stay = this.innerBlock(), exit = fn.blocks[leave];
    this.endBranch(hit, leave, stay);
    const { pc, insn: { nextPc } } = this, first = fn.count;
    // Others may be waiting in this code, too.
    countDeparture(fn, pc);
    Object.assign(exit, { resumePc: nextPc, first, kind: END_EXIT_INDIRECT, value: this.i32(nextPc), end: fn.count });
    own.carryOver(this.current);
    this.#beginAfter(stay);
  }

  /** i32: not zero if one of these stores hits the code; -1 if none can. */
  #hits(own: OwnStores, stored: readonly number[]): number {
    let hit = -1;
    for (const linear of stored) {
      const test = own.test(linear);
      if (test === null) continue;
      const pointer = test.pointer < 0 ? this.i32(0) : test.pointer;
      const isInside = this.op(OP.i32_lt_u, this.sub32(pointer, this.i32(test.first)), this.i32(test.reach));
      hit = hit < 0 ? isInside : this.op(OP.i32_or, hit, isInside);
    }
    return hit;
  }

  /** After an instruction: a new block if it has stored to memory, so that registers can be stored there (emit/exact_registers.ts). */
  splitAfterStores(): void {
    if (this.storedAt.splice(0).length > 0) this.#split();
  }

  #split(): void {
    const next = this.innerBlock();
    this.endJump(next);
    this.ownStores?.carryOver(this.current);
    this.#beginAfter(next);
  }

  /** begin() for an inner block to which only the block just ended leads: registers and flags known as constants stay known. */
  beginAfter(block: number): void {
    this.ownStores?.forget();
    this.#beginAfter(block);
  }

  #beginAfter(block: number): void {
    const { fn } = this;
    const known: [variable: number, value: number][] = [];
    for (let v = 0; v < VAR_XMM; v++) {
      const value = this.current[v];
      if (value >= 0 && (this.isConst32(value) || this.isConst64(value))) known.push([v, value]);
    }
    this.#begin(block);
    for (const [v, value] of known) this.current[v] = this.op(fn.op[value], fn.a[value], fn.b[value], 0);
  }

  /**
   * The block that starts at a guest address: one of the region, or a stub that leaves the region for that address. Valid as
   * a successor for endJump, endBranch and the return block of calls.
   */
  blockFor(pc: number): number {
    let block = this.#blocks.get(pc);
    if (block < 0) {
      block = this.fn.newBlock(-1);
      const exit = this.fn.blocks[block];
      exit.kind = END_EXIT;
      exit.target = pc;
      exit.first = exit.end = this.fn.count;
      this.#blocks.set(pc, block);
    }
    return block;
  }

  /** True once the instruction has ended its block itself. */
  get ended(): boolean {
    return this.block < 0;
  }

  /** Makes a block inside the current instruction (rep loops, counts of zero). Start filling it with begin(). */
  innerBlock(): number {
    return this.fn.newBlock(-1);
  }

  /** Ends the block with a jump to an inner block or a block of the region. */
  endJump(to: number): void {
    this.#end(END_JUMP).succ = [to];
  }

  /** condition (i32) != 0 goes to `then`, else to `otherwise`. */
  endBranch(condition: number, then: number, otherwise: number): void {
    const block = this.#end(END_BRANCH);
    block.value = condition;
    block.succ = [then, otherwise];
  }

  endCall(target: number, returnPc: number, returnBlock: number): void {
    this.#depart(target);
    const block = this.#end(END_CALL);
    block.target = target;
    block.returnPc = returnPc;
    block.succ = [returnBlock];
  }

  endCallIndirect(pc: number, returnPc: number, returnBlock: number): void {
    this.#departIndirect(pc);
    const block = this.#end(END_CALL_INDIRECT);
    block.value = pc;
    block.returnPc = returnPc;
    block.succ = [returnBlock];
    block.likely = this.#likelyTarget();
  }

  #likelyTarget(): number {
    return this.likelyTargets.get(this.insn.pc) ?? 0;
  }

  endReturn(pc: number): void {
    this.#end(END_RETURN).value = pc;
  }

  endExit(target: number): void {
    this.#depart(target);
    this.#end(END_EXIT).target = target;
  }

  endExitIndirect(pc: number): void {
    this.#departIndirect(pc);
    const block = this.#end(END_EXIT_INDIRECT);
    block.value = pc;
    block.likely = this.#likelyTarget();
  }

  endSyscall(nextPc: number, nextBlock: number): void {
    // The kernel may be asked to write the code.
    if (this.guard !== null) countDeparture(this.fn, this.pc);
    const block = this.#end(END_SYSCALL);
    block.target = nextPc;
    block.succ = [nextBlock];
  }

  #depart(target: number): void {
    if (this.guard !== null && isDeparture(this.guard.surroundings, target)) countDeparture(this.fn, this.pc);
  }

  #departIndirect(pc: number): void {
    const surroundings = this.guard?.surroundings;
    if (!surroundings) return;
    const { start, end } = surroundings, distance = this.sub32(pc, this.i32(start));
    countDeparture(this.fn, this.pc, this.op(OP.i32_ge_u, distance, this.i32(end - start)));
  }

  /** Targets of the current indirect jump as found by discover, in index order, or null. */
  jumpTable(): JumpTable | null {
    return this.jumpTables.get(this.insn.pc) ?? null;
  }

  /** Before an instruction that reads a switch table: keeps the index. */
  noteTableIndex(indexReg: number): void {
    this.#tableIndex = this.wrap(this.gpr64(indexReg));
  }

  /**
   * Ends with a switch over the targets of a recovered jump table. The target address is compared with the one expected, so a
   * table that was misread costs speed, never correctness: any other target leaves through the dispatcher.
   */
  endSwitchOnPc(target: number, table: JumpTable): void {
    const succ = table.targets.map((pc) => this.blockFor(pc));
    const block = this.#end(END_SWITCH_PC);
    block.value = target;
    block.index = this.#tableIndex;
    block.succ = succ;
    block.pcs = table.targets;
  }

  /** SYSCALL's own effects on registers: rcx = next rip, r11 = rflags (Intel SDM, SYSCALL). */
  beginSyscall(nextPc: number): void {
    this.setGpr64(RCX, this.i64(nextPc, 0));
    this.setGpr64(R11, this.rflags());
  }

  /** RFLAGS as i64, as PUSHF and SYSCALL show it: arithmetic flags, DF, IF, the always-one bit and what software set. */
  rflags(): number {
    let bits = this.op(OP.i32_or, this.loadState(OP.i32_load, STATE_RFLAGS_REST), this.i32(0x202));
    const places = [0, 2, 4, 6, 7, 11];
    for (let f = 0; f < 6; f++) bits = this.op(OP.i32_or, bits, this.shl32(this.flag(f), places[f]));
    bits = this.op(OP.i32_or, bits, this.shl32(this.directionFlag(), 10));
    return this.extendU(bits);
  }

  /** Stops with a STOP_ reason; rip = pc. */
  endTrap(reason: number, pc: number): void {
    const block = this.#end(END_TRAP);
    block.trap = reason;
    block.target = pc;
  }

  /** Ends the block; gives it, for what else its end has. */
  #end(kind: number): IrBlock {
    this.flush();
    const block = this.fn.blocks[this.block];
    block.kind = kind;
    block.end = this.fn.count;
    this.block = -1;
    return block;
  }
}
