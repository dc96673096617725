/**
 * The lifter's working state and vocabulary: what a family file needs to say an instruction as the manual's pseudo-code does:
 * fetch operands, compute, write back, set flags.
 *
 * Inside a block the current value of every state variable is a value number (`#current`); variables are read once, at first
 * use, and written once, at the end of the block. Flags are FlagSources until read. Values of 1 and 2 byte operands are
 * zero-extended i32, of 4 bytes i32, of 8 bytes i64.
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
import { VAR_COUNT, VAR_DF, VAR_FLAGS, VAR_FSBASE, VAR_GPR, VAR_GSBASE, VAR_XMM } from "../ir/variables.ts";
import { GUEST_BIAS, R11, RCX, STATE_RFLAGS_REST } from "../machine/state.ts";
import {
  Instruction,
  Operand,
  OPERAND_GPR,
  OPERAND_GPR8H,
  OPERAND_IMM,
  OPERAND_MEM,
  OPERAND_XMM,
  SEGMENT_FS,
  SEGMENT_NONE,
} from "../x86/instruction.ts";
import type { JumpTable } from "../discover/region.ts";
import { Builder } from "./builder.ts";
import { CONDITION_FLAGS, flagOf, type FlagSource, fusedCondition, SOURCE_ADD, SOURCE_LOGIC, SOURCE_SUB } from "./flags.ts";

/** Lifts one instruction: reads `l.insn`, adds operations. */
export type Lift = (l: Lifter) => void;

export class Lifter extends Builder {
  insn!: Instruction;
  /** Flags (FLAG_ mask) that somebody may read after this instruction. */
  flagsLiveAfter = 0;
  /** Index of the block being filled. */
  block = -1;

  readonly #current: Int32Array = new Int32Array(VAR_COUNT).fill(-1);
  readonly #dirty: Uint8Array = new Uint8Array(VAR_COUNT);
  readonly #flagSource: (FlagSource | null)[] = [null, null, null, null, null, null];

  /** Indirect jump's pc -> targets. */
  jumpTables: ReadonlyMap<number, JumpTable> = new Map();
  /** Value of the switch index that this block read a table with, or -1. */
  #tableIndex = -1;

  readonly #blocks: Map<number, number>;

  /** `blocks` maps guest addresses to the region's blocks, already made in `fn`. */
  constructor(fn: IrFunction, blocks: Map<number, number>) {
    super(fn);
    this.#blocks = blocks;
  }

  // ---- state variables -----------------------------------------------------------------------------------------------

  getVar(variable: number): number {
    const v = this.#current[variable];
    if (v >= 0) return v;
    return this.#current[variable] = this.op(OP.getvar, variable);
  }

  setVar(variable: number, value: number): void {
    this.#current[variable] = value;
    this.#dirty[variable] = 1;
  }

  gpr64(reg: number): number {
    return this.getVar(VAR_GPR + reg);
  }

  setGpr64(reg: number, value: number): void {
    this.setVar(VAR_GPR + reg, value);
  }

  xmm(reg: number): number {
    return this.getVar(VAR_XMM + reg);
  }

  setXmm(reg: number, value: number): void {
    this.setVar(VAR_XMM + reg, value);
  }

  /** Low part of a general register: 1 and 2 bytes zero-extended i32, 4 bytes i32, 8 bytes i64. */
  gpr(reg: number, bytes: number): number {
    const v = this.gpr64(reg);
    if (bytes === 8) return v;
    const low = this.wrap(v);
    return bytes === 4 ? low : this.mask32(low, bytes === 1 ? 0xff : 0xffff);
  }

  /** Writes the low part: 4 bytes zero the upper half, 1 and 2 keep the rest. Narrow values may have junk above the width. */
  setGpr(reg: number, bytes: number, value: number): void {
    if (bytes === 8) return this.setGpr64(reg, value);
    if (bytes === 4) return this.setGpr64(reg, this.extendU(value));
    const mask = bytes === 1 ? 0xff : 0xffff;
    const kept = this.op(OP.i64_and, this.gpr64(reg), this.i64(~mask));
    this.setGpr64(reg, this.op(OP.i64_or, kept, this.extendU(this.mask32(value, mask))));
  }

  /** AH, CH, DH, BH (reg 0..3). */
  gprHigh(reg: number): number {
    return this.mask32(this.op(OP.i32_shr_u, this.wrap(this.gpr64(reg)), this.i32(8)), 0xff);
  }

  setGprHigh(reg: number, value: number): void {
    const kept = this.op(OP.i64_and, this.gpr64(reg), this.i64(~0xff00));
    const byte = this.shl32(this.mask32(value, 0xff), 8);
    this.setGpr64(reg, this.op(OP.i64_or, kept, this.extendU(byte)));
  }

  // ---- operands ------------------------------------------------------------------------------------------------------

  /** Effective address of a memory operand as a linear address (i32): guest address minus GUEST_BIAS, plus `extra`. */
  linear(o: Operand, extra = 0): number {
    return this.add32(this.#effective32(o), this.i32(extra - GUEST_BIAS));
  }

  #effective32(o: Operand): number {
    let sum = this.i32(o.disp);
    if (o.base >= 0) sum = this.add32(this.wrap(this.gpr64(o.base)), sum);
    if (o.index >= 0) sum = this.add32(sum, this.shl32(this.wrap(this.gpr64(o.index)), o.scaleLog2));
    if (o.segment !== SEGMENT_NONE) {
      sum = this.add32(sum, this.getVar(o.segment === SEGMENT_FS ? VAR_FSBASE : VAR_GSBASE));
    }
    return sum;
  }

  /** The offset part of a memory operand (no segment base) at the instruction's address size, as i64: what LEA gives. */
  effectiveAddress(o: Operand): number {
    if (this.insn.addressBytes === 4) {
      let sum = this.i32(o.disp);
      if (o.base >= 0) sum = this.add32(this.wrap(this.gpr64(o.base)), sum);
      if (o.index >= 0) sum = this.add32(sum, this.shl32(this.wrap(this.gpr64(o.index)), o.scaleLog2));
      return this.extendU(sum);
    }
    // disp of a rip-relative operand is an absolute guest address (unsigned); otherwise it is sign-extended.
    let sum = o.base < 0 && o.index < 0 ? this.i64(o.disp, 0) : this.i64(o.disp);
    if (o.base >= 0) sum = this.add64(this.gpr64(o.base), sum);
    if (o.index >= 0) {
      const index = this.gpr64(o.index);
      sum = this.add64(sum, o.scaleLog2 ? this.op(OP.i64_shl, index, this.i64(o.scaleLog2)) : index);
    }
    return sum;
  }

  /** Loads 1, 2 (zero-extended), 4, 8 or 16 bytes from a linear address. */
  load(bytes: number, linear: number): number {
    return this.op(LOAD_OF_BYTES[bytes], linear, 0);
  }

  store(bytes: number, linear: number, value: number): void {
    this.op(STORE_OF_BYTES[bytes], linear, value, 0);
  }

  /** Loads from / stores to a fixed offset of the state block with a given memory op (OP.i64_load, ...). */
  loadState(op: number, offset: number): number {
    return this.op(op, this.i32(0), offset);
  }

  storeState(op: number, offset: number, value: number): void {
    this.op(op, this.i32(0), value, offset);
  }

  /**
   * Reads an operand at its own width. A memory operand's address is computed anew on each call: for read-modify-write take
   * `place()` once and use readPlace/writePlace.
   */
  read(o: Operand): number {
    switch (o.kind) {
      case OPERAND_GPR:
        return this.gpr(o.reg, o.bytes);
      case OPERAND_GPR8H:
        return this.gprHigh(o.reg);
      case OPERAND_XMM:
        return this.xmm(o.reg);
      case OPERAND_IMM:
        return o.bytes === 8 || this.insn.operandBytes === 8 ? this.i64(o.immLo, o.immHi) : this.i32(o.immLo);
      case OPERAND_MEM:
        return this.load(o.bytes, this.linear(o));
    }
    throw new Error(`operand kind ${o.kind} has no plain value`);
  }

  /** An immediate at a given width: i64 for 8 bytes, zero-extended i32 for 1 and 2, i32 for 4. */
  immediate(o: Operand, bytes: number): number {
    if (bytes === 8) return this.i64(o.immLo, o.immHi);
    return this.i32(bytes === 4 ? o.immLo : o.immLo & (bytes === 1 ? 0xff : 0xffff));
  }

  /** Reads a GPR/memory/immediate operand as a value of `bytes` width (immediates are cut or extended to it). */
  readAs(o: Operand, bytes: number): number {
    return o.kind === OPERAND_IMM ? this.immediate(o, bytes) : this.read(o);
  }

  write(o: Operand, value: number): void {
    switch (o.kind) {
      case OPERAND_GPR:
        return this.setGpr(o.reg, o.bytes, value);
      case OPERAND_GPR8H:
        return this.setGprHigh(o.reg, value);
      case OPERAND_XMM:
        return this.setXmm(o.reg, value);
      case OPERAND_MEM:
        return this.store(o.bytes, this.linear(o), value);
    }
    throw new Error(`operand kind ${o.kind} cannot be written`);
  }

  /** The linear address of a memory operand, or -1 for a register: for read-modify-write. */
  place(o: Operand): number {
    return o.kind === OPERAND_MEM ? this.linear(o) : -1;
  }

  readPlace(o: Operand, place: number): number {
    return place >= 0 ? this.load(o.bytes, place) : this.read(o);
  }

  writePlace(o: Operand, place: number, value: number): void {
    if (place >= 0) this.store(o.bytes, place, value);
    else this.write(o, value);
  }

  // ---- integer arithmetic at a width -----------------------------------------------------------------------------------

  /** A binary operation in i32 or i64 by width; results of 1 and 2 bytes are masked to the width. */
  binary(op32: number, op64: number, bytes: number, a: number, b: number): number {
    if (bytes === 8) return this.op(op64, a, b);
    return this.narrow(bytes, this.op(op32, a, b));
  }

  /** Masks a value to 1 or 2 bytes; wider ones pass. */
  narrow(bytes: number, v: number): number {
    return bytes >= 4 ? v : this.mask32(v, bytes === 1 ? 0xff : 0xffff);
  }

  /** Sign-extends a 1, 2 or 4 byte value within i32. */
  signExtend32(bytes: number, v: number): number {
    if (bytes >= 4) return v;
    return this.op(bytes === 1 ? OP.i32_extend8_s : OP.i32_extend16_s, v);
  }

  /** Zero constant of the width. */
  zero(bytes: number): number {
    return bytes === 8 ? this.i64(0) : this.i32(0);
  }

  // ---- flags ---------------------------------------------------------------------------------------------------------

  flagsFromAdd(bytes: number, a: number, b: number, result: number, carry = -1): void {
    this.setFlagSource(63, { kind: SOURCE_ADD, bytes, a, b, result, carry });
  }

  flagsFromSub(bytes: number, a: number, b: number, result: number, carry = -1): void {
    this.setFlagSource(63, { kind: SOURCE_SUB, bytes, a, b, result, carry });
  }

  /** ZF, SF, PF from the result; CF = OF = AF = 0. */
  flagsFromLogic(bytes: number, result: number): void {
    this.setFlagSource(63, { kind: SOURCE_LOGIC, bytes, a: -1, b: -1, result, carry: -1 });
  }

  /** Lets the flags of the mask come from a source. */
  setFlagSource(mask: number, source: FlagSource): void {
    for (let f = 0; f < 6; f++) {
      if (mask & (1 << f)) {
        this.#flagSource[f] = source;
        this.#current[VAR_FLAGS + f] = -1;
        this.#dirty[VAR_FLAGS + f] = 1;
      }
    }
  }

  /** Sets one flag (number 0 CF, 1 PF, 2 AF, 3 ZF, 4 SF, 5 OF) to an i32 0/1 value. */
  setFlag(flag: number, value: number): void {
    this.#flagSource[flag] = null;
    this.setVar(VAR_FLAGS + flag, value);
  }

  /** Value of one flag, i32 0/1. */
  flag(flag: number): number {
    const known = this.#current[VAR_FLAGS + flag];
    if (known >= 0) return known;
    const source = this.#flagSource[flag];
    if (source === null) return this.getVar(VAR_FLAGS + flag);
    return this.#current[VAR_FLAGS + flag] = flagOf(this, source, flag);
  }

  /** True if anything after this instruction may read one of the flags: lets a lifter skip costly ones. */
  flagsWanted(mask: number): boolean {
    return (this.flagsLiveAfter & mask) !== 0;
  }

  /** A condition code (0..15, as in jcc) as i32, zero or not zero. */
  condition(code: number): number {
    const source = this.#commonSource(CONDITION_FLAGS[code]);
    if (source !== null) {
      const fused = fusedCondition(this, source, code);
      if (fused >= 0) return fused;
    }
    const value = this.#plainCondition(code & ~1);
    return code & 1 ? this.op(OP.i32_eqz, value) : value;
  }

  #commonSource(mask: number): FlagSource | null {
    let common: FlagSource | null = null;
    for (let f = 0; f < 6; f++) {
      if (!(mask & (1 << f))) continue;
      const s = this.#flagSource[f];
      if (s === null || (common !== null && s !== common)) return null;
      common = s;
    }
    return common;
  }

  #plainCondition(evenCode: number): number {
    switch (evenCode) {
      case 0:
        return this.flag(5);
      case 2:
        return this.flag(0);
      case 4:
        return this.flag(3);
      case 6:
        return this.op(OP.i32_or, this.flag(0), this.flag(3));
      case 8:
        return this.flag(4);
      case 10:
        return this.flag(1);
      case 12:
        return this.op(OP.i32_xor, this.flag(4), this.flag(5));
      default:
        return this.op(OP.i32_or, this.flag(3), this.op(OP.i32_xor, this.flag(4), this.flag(5)));
    }
  }

  /** Direction flag, i32 0/1. */
  directionFlag(): number {
    return this.getVar(VAR_DF);
  }

  // ---- helpers -------------------------------------------------------------------------------------------------------

  /** Calls a run-time helper (ir/helpers.ts); returns its i32 result. */
  helper(name: string, a = -1, b = -1): number {
    const number = helperNumber(name);
    const row = HELPERS[number];
    this.flushVars(row.reads);
    const result = this.op(OP.helper, number, a, b);
    for (const v of row.writes) {
      this.#current[v] = -1;
      this.#dirty[v] = 0;
    }
    return result;
  }

  /** Writes pending values of these variables to the variables now (helpers read variables, not pending values). */
  flushVars(variables: readonly number[]): void {
    for (const v of variables) {
      if (this.#dirty[v]) {
        this.op(OP.setvar, v, v >= VAR_FLAGS && v < VAR_FLAGS + 6 ? this.flag(v - VAR_FLAGS) : this.#current[v]);
        this.#dirty[v] = 0;
      }
    }
  }

  // ---- blocks --------------------------------------------------------------------------------------------------------

  /** Starts filling a block; nothing is known about the variables. */
  begin(block: number): void {
    this.block = block;
    this.fn.blocks[block].first = this.fn.count;
    this.#current.fill(-1);
    this.#dirty.fill(0);
    this.#flagSource.fill(null);
    this.#tableIndex = -1;
  }

  /**
   * The block that starts at a guest address: one of the region, or a stub that leaves the region for that address. Valid as
   * a successor for endJump, endBranch and the return block of calls.
   */
  blockFor(pc: number): number {
    let block = this.#blocks.get(pc);
    if (block === undefined) {
      block = this.fn.newBlock(-1);
      Object.assign(this.fn.blocks[block], { kind: END_EXIT, target: pc, first: this.fn.count, end: this.fn.count });
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
    this.#end(END_JUMP, { succ: [to] });
  }

  /** condition (i32) != 0 goes to `then`, else to `otherwise`. */
  endBranch(condition: number, then: number, otherwise: number): void {
    this.#end(END_BRANCH, { value: condition, succ: [then, otherwise] });
  }

  endCall(target: number, returnPc: number, returnBlock: number): void {
    this.#end(END_CALL, { target, returnPc, succ: [returnBlock] });
  }

  endCallIndirect(pc: number, returnPc: number, returnBlock: number): void {
    this.#end(END_CALL_INDIRECT, { value: pc, returnPc, succ: [returnBlock] });
  }

  endReturn(pc: number): void {
    this.#end(END_RETURN, { value: pc });
  }

  endExit(target: number): void {
    this.#end(END_EXIT, { target });
  }

  endExitIndirect(pc: number): void {
    this.#end(END_EXIT_INDIRECT, { value: pc });
  }

  endSyscall(nextPc: number, nextBlock: number): void {
    this.#end(END_SYSCALL, { target: nextPc, succ: [nextBlock] });
  }

  /** Targets of the current indirect jump as found by discover, in index order, or null. */
  jumpTable(): JumpTable | null {
    return this.jumpTables.get(this.insn.pc) ?? null;
  }

  /** Called before each instruction: keeps the index with which a switch table is read, if this block does so. */
  noteTableIndex(): void {
    for (const table of this.jumpTables.values()) {
      if (table.loadPc === this.insn.pc) this.#tableIndex = this.wrap(this.gpr64(table.indexReg));
    }
  }

  /**
   * Ends with a switch over the targets of a recovered jump table. The target address is compared with the one expected, so a
   * table that was misread costs speed, never correctness: any other target leaves through the dispatcher.
   */
  endSwitchOnPc(target: number, table: JumpTable): void {
    const succ = table.targets.map((pc) => this.blockFor(pc));
    this.#end(END_SWITCH_PC, { value: target, index: this.#tableIndex, succ, pcs: table.targets });
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
    this.#end(END_TRAP, { trap: reason, target: pc });
  }

  #end(kind: number, fields: Partial<IrBlock>): void {
    this.#flush();
    Object.assign(this.fn.blocks[this.block], { kind, end: this.fn.count }, fields);
    this.block = -1;
  }

  // All pending values are computed before the first setvar, so that none of them reads a variable already overwritten.
  #flush(): void {
    const live = this.flagsLiveAfter;
    for (let f = 0; f < 6; f++) {
      if (this.#dirty[VAR_FLAGS + f] && live & (1 << f)) this.flag(f);
    }
    for (let v = 0; v < VAR_COUNT; v++) {
      if (!this.#dirty[v]) continue;
      const isFlag = v >= VAR_FLAGS && v < VAR_FLAGS + 6;
      if (isFlag && !(live & (1 << (v - VAR_FLAGS)))) continue;
      // A variable read and not changed needs no write: its pending value is its own getvar.
      const value = this.#current[v];
      if (this.fn.op[value] === OP.getvar && this.fn.a[value] === v) continue;
      this.op(OP.setvar, v, value);
    }
  }
}

const LOAD_OF_BYTES: Record<number, number> = {
  1: OP.i32_load8_u,
  2: OP.i32_load16_u,
  4: OP.i32_load,
  8: OP.i64_load,
  16: OP.v128_load,
};

const STORE_OF_BYTES: Record<number, number> = {
  1: OP.i32_store8,
  2: OP.i32_store16,
  4: OP.i32_store,
  8: OP.i64_store,
  16: OP.v128_store,
};
