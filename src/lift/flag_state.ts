/** Flags inside a block: each comes from a source, and is computed when it is read. At the block's end all pending values are written. */
import { OP } from "../ir/ops.ts";
import { VAR_DF, VAR_FLAGS } from "../ir/variables.ts";
import {
  CONDITION_FLAGS,
  flagOf,
  type FlagSource,
  fusedCondition,
  SOURCE_ADD,
  SOURCE_LOGIC,
  SOURCE_SUB,
} from "./flags.ts";
import { Registers } from "./registers.ts";

export class FlagState extends Registers {
  /** Flags (FLAG_ mask) that somebody may read after this instruction. */
  flagsLiveAfter = 0;
  readonly #flagSource: (FlagSource | null)[] = [null, null, null, null, null, null];

  /** Nothing is known about variables and flags: a block begins. */
  protected forgetState(): void {
    this.forgetRegisters();
    for (let f = 0; f < 6; f++) this.#flagSource[f] = null;
  }

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
        this.current[VAR_FLAGS + f] = -1;
        this.markDirty(VAR_FLAGS + f);
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
    const known = this.current[VAR_FLAGS + flag];
    if (known >= 0) return known;
    const source = this.#flagSource[flag];
    if (source === null) return this.getVar(VAR_FLAGS + flag);
    return this.current[VAR_FLAGS + flag] = flagOf(this, source, flag);
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

  /** Writes pending values of these variables to the variables now (helpers read variables, not pending values). */
  flushVars(variables: readonly number[]): void {
    for (const v of variables) {
      if (this.dirty[v] === 0) continue;
      const value = v >= VAR_FLAGS && v < VAR_FLAGS + 6 ? this.flag(v - VAR_FLAGS) : this.current[v];
      this.noteWritten(v, this.op(OP.setvar, v, value));
    }
  }

  // All pending values are computed before the first setvar, so that none of them reads a variable already overwritten.
  protected flush(): void {
    const live = this.flagsLiveAfter;
    for (let f = 0; f < 6; f++) {
      if (this.dirty[VAR_FLAGS + f] && live & (1 << f)) this.flag(f);
    }
    for (let left = this.changed; left !== 0; left &= left - 1) this.#write(31 - Math.clz32(left & -left));
    for (let left = this.changedHigh; left !== 0; left &= left - 1) this.#write(63 - Math.clz32(left & -left));
  }

  /** Writes a pending value to its variable. */
  #write(v: number): void {
    if (this.dirty[v] === 0) return;
    const isFlag = v >= VAR_FLAGS && v < VAR_FLAGS + 6;
    if (isFlag && !(this.flagsLiveAfter & (1 << (v - VAR_FLAGS)))) return;
    // A variable read and not changed since needs no write: its pending value is its own getvar.
    const value = this.current[v];
    if (this.fn.op[value] === OP.getvar && this.fn.a[value] === v && value > this.writtenAt[v]) return;
    this.op(OP.setvar, v, value);
  }
}
