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
import {
  VAR_COUNT,
  VAR_DF,
  VAR_FLAGS,
  VAR_FSBASE,
  VAR_GPR,
  VAR_GSBASE,
  VAR_XMM,
  VAR_YMM_HIGH,
} from "../ir/variables.ts";
import { GUEST_BIAS, R11, RCX, STATE_RFLAGS_REST, STATE_YMM_HIGH } from "../machine/state.ts";
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
import type { AddressMap } from "../discover/address_map.ts";
import type { JumpTable } from "../discover/region.ts";
import type { CodeRange } from "../machine/code_cache.ts";
import { Builder } from "./builder.ts";
import { ValueMap } from "./value_map.ts";
import { trapBlock } from "./code_guard.ts";
import {
  CONDITION_FLAGS,
  flagOf,
  type FlagSource,
  fusedCondition,
  signExtend,
  SOURCE_ADD,
  SOURCE_LOGIC,
  SOURCE_SUB,
} from "./flags.ts";

/** Numbers of vector registers beyond the xmm registers. */
export const UPPER_HALF = 16, XMM_TEMPORARY = 32;

/** Lifts one instruction: reads `l.insn`, adds operations. */
export type Lift = (l: Lifter) => void;

/**
 * What all lifters use in turn, as there are tens of thousands: from begin() to the end of a block they are one's own. One more
 * than there are variables: XMM_TEMPORARY.
 */
const CURRENT = new Int32Array(VAR_COUNT + 1), DIRTY = new Uint8Array(VAR_COUNT + 1);
const WRITTEN_AT = new Int32Array(VAR_COUNT + 1);
const BASES_UP = new ValueMap(), BASES_DOWN = new ValueMap();

export class Lifter extends Builder {
  insn!: Instruction;
  /** Flags (FLAG_ mask) that somebody may read after this instruction. */
  flagsLiveAfter = 0;
  /** Bit r: the upper half of ymm register r is a variable of this region (see zeroUpper). */
  upperHalves = 0;
  /** Upper halves whose home this block has zeroed. */
  #zeroedUpper = 0;
  /** Index of the block being filled. */
  block = -1;

  readonly #current: Int32Array = CURRENT;
  readonly #dirty: Uint8Array = DIRTY;
  /** Variables that have been dirty in this block, as two sets of 32; XMM_TEMPORARY may count as another. */
  #changed = -1;
  #changedHigh = -1;
  /** Something may be in `#writtenAt`. */
  #hasWritten = true;
  /** Operation of this block that wrote the variable last: values read before it are no longer what the variable has. */
  readonly #writtenAt: Int32Array = WRITTEN_AT;
  readonly #flagSource: (FlagSource | null)[] = [null, null, null, null, null, null];

  /** Indirect jump's pc -> targets. */
  jumpTables!: ReadonlyMap<number, JumpTable>;
  /** Indirect jump's or call's pc -> where it probably goes. */
  likelyTargets!: ReadonlyMap<number, number>;
  /** Return addresses of calls that are not expected to return. */
  deadEnds!: ReadonlySet<number>;
  /** Value of the switch index that this block read a table with, or -1. */
  #tableIndex = -1;

  /** Pointer (i32 value) -> base of accesses at and above it, or below it, in this block; and the offset of the last one. */
  readonly #basesUp = BASES_UP;
  readonly #basesDown = BASES_DOWN;
  #offset = 0;

  /** Linear addresses of the instruction's stores. */
  readonly #storedAt: number[] = [];

  readonly #blocks: AddressMap;

  /** `blocks` maps guest addresses to the region's blocks, already made in `fn`. */
  constructor(fn: IrFunction, blocks: AddressMap) {
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
    this.#markDirty(variable);
  }

  #markDirty(variable: number): void {
    this.#dirty[variable] = 1;
    if (variable < 32) this.#changed |= 1 << variable;
    else this.#changedHigh |= 1 << (variable - 32);
  }

  gpr64(reg: number): number {
    return this.getVar(VAR_GPR + reg);
  }

  setGpr64(reg: number, value: number): void {
    this.setVar(VAR_GPR + reg, value);
  }

  /**
   * A vector register: xmm0..xmm15 are 0..15, the upper half of ymm register r is UPPER_HALF + r, XMM_TEMPORARY is there until
   * the block ends and has no home.
   */
  xmm(reg: number): number {
    this.#checkUpper(reg);
    return this.getVar(VAR_XMM + reg);
  }

  setXmm(reg: number, value: number): void {
    this.#checkUpper(reg);
    this.setVar(VAR_XMM + reg, value);
  }

  #checkUpper(reg: number): void {
    if (reg >= UPPER_HALF && reg < XMM_TEMPORARY && (this.upperHalves >> (reg - UPPER_HALF) & 1) === 0) {
      throw new Error(`the upper half of ymm${reg - UPPER_HALF} is no variable of this region`);
    }
  }

  /**
   * Zeros in the upper half of a ymm register. Where the region does nothing else with it, they go straight to its home: code
   * that uses xmm registers only would else carry zeros through loops and store them at each way out.
   */
  zeroUpper(reg: number): void {
    const bit = 1 << reg;
    if (this.upperHalves & bit) return this.setVar(VAR_YMM_HIGH + reg, this.v128(ZERO));
    if (this.#zeroedUpper & bit) return;
    this.#zeroedUpper |= bit;
    this.storeState(OP.v128_store, STATE_YMM_HIGH + 16 * reg, this.v128(ZERO));
  }

  /** Low part of a general register: 1 and 2 bytes zero-extended i32, 4 bytes i32, 8 bytes i64. */
  gpr(reg: number, bytes: number): number {
    if (bytes === 8) return this.gpr64(reg);
    return this.narrow(bytes, this.gprLow(reg, bytes));
  }

  /** As gpr() for up to 4 bytes, but with junk above the width. */
  gprLow(reg: number, bytes: number): number {
    const v = this.gpr64(reg);
    const { fn } = this;
    // A narrow write just before (see setGpr): setcc al; movzx eax, al.
    if (bytes < 4 && fn.op[v] === OP.i64_or && fn.op[fn.b[v]] === OP.i64_extend_i32_u) {
      const kept = fn.a[v];
      if (fn.op[kept] === OP.i64_and && this.isConst64(fn.b[kept]) && (fn.a[fn.b[kept]] & maskOf(bytes)) === 0) {
        return fn.a[fn.b[v]];
      }
    }
    return this.wrap(v);
  }

  /** Writes the low part: 4 bytes zero the upper half, 1 and 2 keep the rest. Narrow values may have junk above the width. */
  setGpr(reg: number, bytes: number, value: number): void {
    if (bytes === 8) return this.setGpr64(reg, value);
    if (bytes === 4) return this.setGpr64(reg, this.extendU(value));
    const mask = maskOf(bytes);
    const kept = this.and64(this.gpr64(reg), this.i64(~mask));
    this.setGpr64(reg, this.or64(kept, this.extendU(this.mask32(value, mask))));
  }

  /** AH, CH, DH, BH (reg 0..3). */
  gprHigh(reg: number): number {
    return this.mask32(this.op(OP.i32_shr_u, this.wrap(this.gpr64(reg)), this.i32(8)), 0xff);
  }

  setGprHigh(reg: number, value: number): void {
    const kept = this.and64(this.gpr64(reg), this.i64(~0xff00));
    const byte = this.shl32(this.mask32(value, 0xff), 8);
    this.setGpr64(reg, this.or64(kept, this.extendU(byte)));
  }

  // ---- operands ------------------------------------------------------------------------------------------------------

  /** Effective address of a memory operand as a linear address (i32): guest address minus GUEST_BIAS, plus `extra`. */
  linear(o: Operand, extra = 0): number {
    const k = o.disp + extra - GUEST_BIAS;
    return o.segment === SEGMENT_NONE ? this.#sum32(o, k) : this.add32(this.segmentBase(o.segment), this.#sum32(o, k));
  }

  /** Base of FS or GS, i32. */
  segmentBase(segment: number): number {
    return this.getVar(segment === SEGMENT_FS ? VAR_FSBASE : VAR_GSBASE);
  }

  /** Base + index + constant modulo 2^32; the constant comes last, where it folds with what else is added. */
  #sum32(o: Operand, constant: number): number {
    let k = constant;
    if (o.base < 0 && o.index < 0) return this.i32(k);
    // Constants that base and index carry (rsp after pushes) move into the last addend.
    const [index, indexOffset] = o.index < 0 ? [-1, 0] : this.splitConstant32(this.wrap(this.gpr64(o.index)));
    k += indexOffset << o.scaleLog2;
    const [base, baseOffset] = o.base < 0 ? [-1, 0] : this.splitConstant32(this.wrap(this.gpr64(o.base)));
    k += baseOffset;
    let sum = -1;
    if (index >= 0) sum = this.shl32(index, o.scaleLog2);
    if (base >= 0) sum = sum < 0 ? base : this.op(OP.i32_add, base, sum);
    return sum < 0 ? this.i32(k) : this.add32(sum, this.i32(k));
  }

  /** The offset part of a memory operand (no segment base) modulo 2^32. */
  effectiveAddress32(o: Operand): number {
    return this.#sum32(o, o.disp);
  }

  /** The offset part of a memory operand (no segment base) at the instruction's address size, as i64: what LEA gives. */
  effectiveAddress(o: Operand): number {
    if (this.insn.addressBytes === 4) return this.extendU(this.#sum32(o, o.disp));
    // disp of a rip-relative operand is an absolute guest address (unsigned); otherwise it is sign-extended.
    if (o.base < 0 && o.index < 0) return this.i64(o.disp, 0);
    let sum = -1;
    if (o.index >= 0) {
      const index = this.gpr64(o.index);
      sum = o.scaleLog2 ? this.op(OP.i64_shl, index, this.i64(o.scaleLog2)) : index;
    }
    if (o.base >= 0) sum = sum < 0 ? this.gpr64(o.base) : this.add64(this.gpr64(o.base), sum);
    return this.add64(sum, this.i64(o.disp));
  }

  /** Loads 1, 2 (zero-extended), 4, 8 or 16 bytes from a linear address. */
  load(bytes: number, linear: number): number {
    const base = this.#baseOf(linear);
    return this.op(LOAD_OF_BYTES[bytes], base, this.#offset);
  }

  store(bytes: number, linear: number, value: number): void {
    this.#storedAt.push(linear);
    const base = this.#baseOf(linear);
    this.op(STORE_OF_BYTES[bytes], base, value, this.#offset);
  }

  /**
   * Splits a linear address into a base, shared by all accesses near the same pointer, and an immediate offset (#offset).
   * Immediate offsets do not wrap around at 4 GiB as additions do, so the base must not wrap where the address is valid: for
   * small offsets up from the pointer it is the pointer less GUEST_BIAS, for small ones down it lies NEAR bytes lower.
   * Nothing valid is so low that either goes below zero.
   */
  #baseOf(linear: number): number {
    const { fn } = this;
    this.#offset = 0;
    if (fn.op[linear] !== OP.i32_add || fn.op[fn.b[linear]] !== OP.i32_const) return linear;
    const pointer = fn.a[linear], k = fn.a[fn.b[linear]] + GUEST_BIAS;
    if (k < -NEAR || k >= NEAR) return linear;
    const bases = k >= 0 ? this.#basesUp : this.#basesDown;
    const below = k >= 0 ? 0 : NEAR;
    let base = bases.get(pointer);
    if (base < 0) bases.set(pointer, base = this.add32(pointer, this.i32(-GUEST_BIAS - below)));
    this.#offset = k + below;
    return base;
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

  /** As readAs(), but 1 and 2 byte values may have junk above the width: for results of which only the low bits count. */
  readLow(o: Operand, bytes: number): number {
    return o.kind === OPERAND_GPR && bytes < 8 ? this.gprLow(o.reg, bytes) : this.readAs(o, bytes);
  }

  readLowPlace(o: Operand, place: number): number {
    return place >= 0 ? this.load(o.bytes, place) : this.readLow(o, o.bytes);
  }

  /** An immediate at a given width: i64 for 8 bytes, zero-extended i32 for 1 and 2, i32 for 4. */
  immediate(o: Operand, bytes: number): number {
    if (bytes === 8) return this.i64(o.immLo, o.immHi);
    return this.i32(bytes === 4 ? o.immLo : o.immLo & maskOf(bytes));
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

  /** A binary operation in i32 or i64 by width; results of 1 and 2 bytes may have junk above the width. */
  binary(op32: number, op64: number, bytes: number, a: number, b: number): number {
    return this.op(bytes === 8 ? op64 : op32, a, b);
  }

  /** Masks a value to 1 or 2 bytes; wider ones pass. */
  narrow(bytes: number, v: number): number {
    return bytes >= 4 ? v : this.mask32(v, maskOf(bytes));
  }

  /** Sign-extends a 1, 2 or 4 byte value (junk above allowed) within i32. */
  signExtend32(bytes: number, v: number): number {
    return signExtend(this, bytes, v);
  }

  add(bytes: number, a: number, b: number): number {
    return bytes === 8 ? this.add64(a, b) : this.add32(a, b);
  }

  sub(bytes: number, a: number, b: number): number {
    return bytes === 8 ? this.sub64(a, b) : this.sub32(a, b);
  }

  /** A small signed constant of the width's value type. */
  constant(bytes: number, value: number): number {
    return bytes === 8 ? this.i64(value) : this.i32(value);
  }

  /** ifTrue where the condition (i32) is not zero. */
  select(bytes: number, ifTrue: number, ifFalse: number, condition: number): number {
    return this.op(bytes === 8 ? OP.select_i64 : OP.select_i32, ifTrue, ifFalse, condition);
  }

  /** Zero constant of the width. */
  zero(bytes: number): number {
    return this.constant(bytes, 0);
  }

  // ---- flags ---------------------------------------------------------------------------------------------------------

  /** All flags of a + b (+ carry); a and b zero-extended, the result may have junk above the width. */
  flagsFromAdd(bytes: number, a: number, b: number, result: number, carry = -1): void {
    this.setFlagSource(63, { kind: SOURCE_ADD, bytes, a, b, result, carry });
  }

  /** All flags of a - b (- carry). A result of -1 is computed if somebody asks for it (cmp). */
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
        this.#markDirty(VAR_FLAGS + f);
      }
    }
  }

  /** Sets one flag (number 0 CF, 1 PF, 2 AF, 3 ZF, 4 SF, 5 OF) to an i32 0/1 value. */
  setFlag(flag: number, value: number): void {
    this.#flagSource[flag] = null;
    this.setVar(VAR_FLAGS + flag, value);
  }

  /** Gives undefined flags a constant: cheaper to keep than what they were. */
  clearFlags(mask: number): void {
    for (let f = 0; f < 6; f++) if (mask & this.flagsLiveAfter & (1 << f)) this.setFlag(f, this.i32(0));
  }

  /**
   * Flags of an instruction that changes them only where `happens` (i32) is not zero: shifts by CL. Only what may be read
   * later is computed.
   */
  flagsWhere(happens: number, mask: number, source: FlagSource): void {
    for (let f = 0; f < 6; f++) {
      if (!(mask & this.flagsLiveAfter & (1 << f))) continue;
      this.setFlag(f, this.op(OP.select_i32, flagOf(this, source, f), this.flag(f), happens));
    }
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

  /** A condition code (0..15, as in jcc) as i32 0/1. */
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
      this.#writtenAt[v] = result;
      this.#hasWritten = true;
    }
    return result;
  }

  /** Writes pending values of these variables to the variables now (helpers read variables, not pending values). */
  flushVars(variables: readonly number[]): void {
    for (const v of variables) {
      if (this.#dirty[v]) {
        const value = v >= VAR_FLAGS && v < VAR_FLAGS + 6 ? this.flag(v - VAR_FLAGS) : this.#current[v];
        this.#writtenAt[v] = this.op(OP.setvar, v, value);
        this.#dirty[v] = 0;
        this.#hasWritten = true;
      }
    }
  }

  // ---- blocks --------------------------------------------------------------------------------------------------------

  /** Starts filling a block; nothing is known about the variables. */
  begin(block: number): void {
    this.block = block;
    const { fn } = this, into = fn.blocks[block];
    into.first = fn.count;
    if (into.pc < 0) into.resumePc = this.insn.nextPc;
    this.lowHalves.clear();
    this.#basesUp.clear();
    this.#basesDown.clear();
    this.#current.fill(-1);
    if ((this.#changed | this.#changedHigh) !== 0) this.#dirty.fill(0);
    this.#changed = this.#changedHigh = 0;
    if (this.#hasWritten) this.#writtenAt.fill(-1);
    this.#hasWritten = false;
    for (let f = 0; f < 6; f++) this.#flagSource[f] = null;
    this.#tableIndex = -1;
    this.#storedAt.length = 0;
    this.#zeroedUpper = 0;
  }

  /** After an instruction: leaves the function if it has stored into one of these ranges, which are its code. */
  leaveIfWrittenTo(code: readonly CodeRange[]): void {
    const stored = this.#storedAt.splice(0);
    if (stored.length === 0) return;
    const start = Math.min(...code.map((r) => r.start)), end = Math.max(...code.map((r) => r.start + r.bytes.length));
    // A store of up to STORE_BYTES may begin before the code.
    const first = this.i32(start - STORE_BYTES - GUEST_BIAS), reach = this.i32(end - start + STORE_BYTES);
    let hit = -1;
    for (const linear of stored) {
      const inside = this.op(OP.i32_lt_u, this.sub32(linear, first), reach);
      hit = hit < 0 ? inside : this.op(OP.i32_or, hit, inside);
    }
    const leave = this.innerBlock(), stay = this.innerBlock();
    this.endBranch(hit, leave, stay);
    Object.assign(this.fn.blocks[leave], trapBlock(this.fn, this.insn.nextPc));
    this.begin(stay);
  }

  /** After an instruction: a new block if it has stored to memory, so that registers can be stored there (emit/exact_registers.ts). */
  splitAfterStores(): void {
    if (this.#storedAt.splice(0).length === 0) return;
    const next = this.innerBlock();
    this.endJump(next);
    this.beginAfter(next);
  }

  /** begin() for an inner block to which only the block just ended leads: registers and flags known as constants stay known. */
  beginAfter(block: number): void {
    const { fn } = this;
    const known: [variable: number, value: number][] = [];
    for (let v = 0; v < VAR_XMM; v++) {
      const value = this.#current[v];
      if (value >= 0 && (this.isConst32(value) || this.isConst64(value))) known.push([v, value]);
    }
    this.begin(block);
    for (const [v, value] of known) this.#current[v] = this.op(fn.op[value], fn.a[value], fn.b[value], 0);
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
    const block = this.#end(END_CALL);
    block.target = target;
    block.returnPc = returnPc;
    block.succ = [returnBlock];
  }

  endCallIndirect(pc: number, returnPc: number, returnBlock: number): void {
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
    this.#end(END_EXIT).target = target;
  }

  endExitIndirect(pc: number): void {
    const block = this.#end(END_EXIT_INDIRECT);
    block.value = pc;
    block.likely = this.#likelyTarget();
  }

  endSyscall(nextPc: number, nextBlock: number): void {
    const block = this.#end(END_SYSCALL);
    block.target = nextPc;
    block.succ = [nextBlock];
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
    this.#flush();
    const block = this.fn.blocks[this.block];
    block.kind = kind;
    block.end = this.fn.count;
    this.block = -1;
    return block;
  }

  // All pending values are computed before the first setvar, so that none of them reads a variable already overwritten.
  #flush(): void {
    const live = this.flagsLiveAfter;
    for (let f = 0; f < 6; f++) {
      if (this.#dirty[VAR_FLAGS + f] && live & (1 << f)) this.flag(f);
    }
    for (let left = this.#changed; left !== 0; left &= left - 1) this.#write(31 - Math.clz32(left & -left));
    for (let left = this.#changedHigh; left !== 0; left &= left - 1) this.#write(63 - Math.clz32(left & -left));
  }

  /** Writes a pending value to its variable. */
  #write(v: number): void {
    if (this.#dirty[v] === 0) return;
    const isFlag = v >= VAR_FLAGS && v < VAR_FLAGS + 6;
    if (isFlag && !(this.flagsLiveAfter & (1 << (v - VAR_FLAGS)))) return;
    // A variable read and not changed since needs no write: its pending value is its own getvar.
    const value = this.#current[v];
    if (this.fn.op[value] === OP.getvar && this.fn.a[value] === v && value > this.#writtenAt[v]) return;
    this.op(OP.setvar, v, value);
  }
}

/** Longest store. */
const STORE_BYTES = 32;

/** Reach of immediate offsets in both directions from a pointer. */
const NEAR = 4096;

const ZERO = new Uint8Array(16);

/** Bits of a 1 or 2 byte value. */
function maskOf(bytes: number): number {
  return bytes === 1 ? 0xff : 0xffff;
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
