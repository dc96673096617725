/** Operations to wasm code: each where value_plan.ts has it stand. */
import type { IrBlock, IrFunction } from "../ir/function.ts";
import { helperNumber, HELPERS } from "../ir/helpers.ts";
import {
  KIND_CALL,
  KIND_EFFECT,
  KIND_LOAD,
  KIND_SETVAR,
  KIND_STORE,
  KIND_TRAP,
  OP,
  OP_KIND,
  OP_VALUES,
} from "../ir/ops.ts";
import { VAR_HOME, VAR_TYPE } from "../ir/variables.ts";
import { PROBE_WRITE } from "../ir/probe.ts";
import { CHECK_READ, CHECK_WRITE, PAGE_BITS } from "../machine/access_map.ts";
import { GUEST_BIAS, READABLE_RANGE, STATE_STOP_INFO, STOP_SEGV, WRITABLE_RANGE } from "../machine/state.ts";
import type { WasmBytes } from "./bytes.ts";
import {
  BLOCK_EMPTY,
  W_CALL,
  W_DROP,
  W_END,
  W_I32_CONST,
  W_I64_CONST,
  W_IF,
  W_LOCAL_GET,
  W_LOCAL_SET,
  W_LOCAL_TEE,
  W_PREFIX_SIMD,
  W_UNREACHABLE,
} from "./opcodes.ts";
import { ownOperation } from "./own_operations.ts";
import type { ModulePlan } from "./region_code.ts";
import { inSet, type RegionLocals } from "./region_locals.ts";
import type { TrapRecorder } from "./trap_recorder.ts";
import { MODE_DEAD, MODE_INLINE, MODE_LOCAL, ValuePlan } from "./value_plan.ts";

const PROBE = helperNumber("probe"), DENIED = helperNumber("denied");

/** Comparisons by those that hold where they do not. */
const OPPOSITE: Readonly<Record<number, number>> = Object.fromEntries(
  [
    [OP.i32_eq, OP.i32_ne],
    [OP.i32_lt_s, OP.i32_ge_s],
    [OP.i32_lt_u, OP.i32_ge_u],
    [OP.i32_gt_s, OP.i32_le_s],
    [OP.i32_gt_u, OP.i32_le_u],
    [OP.i64_eq, OP.i64_ne],
    [OP.i64_lt_s, OP.i64_ge_s],
    [OP.i64_lt_u, OP.i64_ge_u],
    [OP.i64_gt_s, OP.i64_le_s],
    [OP.i64_gt_u, OP.i64_le_u],
  ].flatMap(([a, b]) => [[a, b], [b, a]]),
);

export class ValueEmitter {
  #fn!: IrFunction;
  readonly #plan: ValuePlan;
  /** Where the code ended that last set a local, and which: reading it right there makes a tee of the set. */
  #setEnd = -1;
  #setWhich = -1;
  /** The return address of the call that the current block ends in, or 0; and whether it is in its local by now. */
  #returnPc = 0;
  hasReturnPc = false;
  /** Variables that the current block has stored already, and nowhere else. */
  storedLow = 0;
  storedHigh = 0;

  constructor(
    readonly out: WasmBytes,
    readonly plan: ModulePlan,
    readonly traps: TrapRecorder,
    readonly locals: RegionLocals,
  ) {
    this.#plan = new ValuePlan(locals);
  }

  begin(fn: IrFunction): void {
    this.#fn = fn;
    this.#plan.begin(fn);
    this.#setEnd = -1;
  }

  /**
   * Emits a block's operations; values that its end uses are left to be asked for with value(). `storesBeforeEnd`: variables
   * are stored before that, so what may trap must be done by then. Of the variables `homeLow` and `homeHigh`, which are stored at
   * the end and wanted no more, those are stored at once that are computed after everything that may trap.
   */
  block(block: IrBlock, storesBeforeEnd: boolean, homeLow: number, homeHigh: number): void {
    const fn = this.#fn, { mode: modes, local: locals } = this.#plan;
    this.#plan.plan(block, storesBeforeEnd);
    this.#returnPc = block.returnPc;
    this.hasReturnPc = false;
    this.storedLow = this.storedHigh = 0;
    for (let i = block.first; i < block.end; i++) {
      const mode = modes[i];
      const kind = OP_KIND[fn.op[i]];
      if (kind === KIND_SETVAR) {
        if (mode !== MODE_DEAD) continue;
        const v = fn.a[i];
        if (inSet(v, homeLow, homeHigh) && this.#plan.isLast(i, v)) {
          this.#constant(0);
          this.value(fn.b[i]);
          this.memoryOp(STORE_OF_TYPE[VAR_TYPE[v]], VAR_HOME[v]);
          if (v < 32) this.storedLow |= 1 << v;
          else this.storedHigh |= 1 << (v - 32);
        } else {
          this.value(fn.b[i]);
          this.setLocal(this.locals.ofVar[v]);
        }
      } else if (kind === KIND_STORE || kind === KIND_EFFECT) {
        this.#operation(i);
      } else if (kind === KIND_CALL) {
        this.#helper(i);
      } else if (mode === MODE_LOCAL) {
        this.#operation(i);
        if (locals[i] < 0) locals[i] = this.locals.value(fn.typeOf(i));
        this.setLocal(locals[i]);
      } else if (kind === KIND_TRAP && mode === MODE_DEAD || kind === KIND_LOAD && mode === MODE_DEAD) {
        // Unused, but it may fault, and then the guest must see it.
        this.#operation(i);
        this.out.byte(W_DROP);
      }
    }
  }

  /** Pushes a value. */
  value(i: number): void {
    const op = this.#fn.op[i];
    if (op === OP.i32_const || op === OP.i64_const || op === OP.v128_const) return this.#operation(i);
    if (this.#plan.mode[i] === MODE_LOCAL) return this.getLocal(this.#plan.local[i]);
    this.#operation(i);
  }

  /** Pushes an i32, for a branch, that is not 0 if a value is not 0 or, `inverted`, if it is. */
  condition(i: number, inverted: boolean): void {
    const fn = this.#fn, { out } = this;
    // Comparisons of a condition with 0.
    for (; this.#plan.mode[i] === MODE_INLINE; i = fn.a[i]) {
      const op = fn.op[i];
      if (op === OP.i32_ne || op === OP.i32_eq) {
        if (fn.op[fn.b[i]] !== OP.i32_const || fn.a[fn.b[i]] !== 0) break;
      } else if (op !== OP.i32_eqz) break;
      if (op !== OP.i32_ne) inverted = !inverted;
    }
    const op = fn.op[i], opposite = this.#plan.mode[i] === MODE_INLINE && inverted ? OPPOSITE[op] : undefined;
    if (opposite === undefined) {
      this.value(i);
      if (inverted) out.byte(OP.i32_eqz);
      return;
    }
    this.value(fn.a[i]);
    this.value(fn.b[i]);
    out.byte(opposite);
  }

  setLocal(local: number): void {
    this.out.byte(W_LOCAL_SET);
    this.out.u32(local);
    this.#setEnd = this.out.length;
    this.#setWhich = local;
  }

  /** Pushes a local: what has just been set into it stays on the stack besides. */
  getLocal(local: number): void {
    const { out } = this;
    if (this.#setEnd === out.length && this.#setWhich === local) {
      // The set's operand is one byte, or two for locals from 128 on.
      out.bytes[out.length - (local < 128 ? 2 : 3)] = W_LOCAL_TEE;
      this.#setEnd = -1;
      return;
    }
    out.byte(W_LOCAL_GET);
    out.u32(local);
  }

  /** Stores a variable's local into the state block. */
  storeVar(v: number): void {
    this.#constant(0);
    this.getLocal(this.locals.ofVar[v]);
    this.memoryOp(STORE_OF_TYPE[VAR_TYPE[v]], VAR_HOME[v]);
  }

  /** Loads it from there. */
  loadVar(v: number): void {
    this.pushHome(v);
    this.setLocal(this.locals.ofVar[v]);
  }

  /** Pushes what the state block has of it. */
  pushHome(v: number): void {
    this.#constant(0);
    this.memoryOp(LOAD_OF_TYPE[VAR_TYPE[v]], VAR_HOME[v]);
  }

  /** The caller compares it later, from the local. For V8's optimiser, that is the same constant. */
  #pushReturnPc(): void {
    const { out } = this;
    this.#constant(this.#returnPc);
    out.byte(W_LOCAL_TEE);
    out.u32(this.locals.named("return"));
    out.byte(OP.i64_extend_i32_u);
    this.hasReturnPc = true;
  }

  #noteTrap(i: number): void {
    this.traps.note(this.#fn.pc[i]);
  }

  /** A memory instruction with its memarg; the address (and value) are on the stack. */
  memoryOp(op: number, offset: number): void {
    if (op >= 0x100) {
      this.out.byte(W_PREFIX_SIMD);
      this.out.u32(op - 0x100);
    } else this.out.byte(op);
    this.out.byte(0);
    this.out.u32(offset);
  }

  /** Pushes the arguments and writes the operation itself. */
  #operation(i: number): void {
    const { out } = this;
    const fn = this.#fn;
    const op = fn.op[i];
    switch (op) {
      case OP.i32_const:
        out.byte(W_I32_CONST);
        return out.s32(fn.a[i]);
      case OP.i64_const:
        if (fn.a[i] === this.#returnPc && fn.a[i] !== 0 && fn.b[i] === 0) return this.#pushReturnPc();
        out.byte(W_I64_CONST);
        return out.s64(fn.a[i], fn.b[i]);
      case OP.v128_const:
        out.byte(W_PREFIX_SIMD);
        out.u32(0x0c);
        return out.raw(fn.pool[fn.a[i]]);
      case OP.getvar:
        return this.getLocal(this.locals.ofVar[fn.a[i]]);
      case OP.trap_if:
        return this.#trapIf(i);
      case OP.probe:
        return this.#probe(i);
      case OP.check:
        return this.#check(i);
    }
    const values = OP_VALUES[op];
    if (values & 1) this.value(fn.a[i]);
    if (values & 2) this.value(fn.b[i]);
    if (values & 4) this.value(fn.c[i]);
    const kind = OP_KIND[op];
    if (kind === KIND_LOAD || kind === KIND_STORE || kind === KIND_TRAP) this.#noteTrap(i);
    if (op < 0x100) {
      out.byte(op);
      if (kind === KIND_LOAD) this.#memarg(fn.b[i]);
      else if (kind === KIND_STORE) this.#memarg(fn.c[i]);
      return;
    }
    if (op < 0x300) return this.#simd(i, op, kind);
    ownOperation(out, this.plan, op);
  }

  #memarg(offset: number): void {
    this.out.byte(0);
    this.out.u32(offset);
  }

  #simd(i: number, op: number, kind: number): void {
    const { out } = this;
    const fn = this.#fn;
    out.byte(W_PREFIX_SIMD);
    out.u32(op - 0x100);
    if (kind === KIND_LOAD) return this.#memarg(fn.b[i]);
    if (kind === KIND_STORE) return this.#memarg(fn.c[i]);
    if (op === OP.i8x16_shuffle) return out.raw(fn.pool[fn.c[i]]);
    // Lane numbers: the immediate behind the values.
    if (op >= OP.i8x16_extract_lane_s && op <= OP.f64x2_replace_lane) {
      out.byte(OP_VALUES[op] & 2 ? fn.c[i] : fn.b[i]);
    }
  }

  /** Leaves by a wasm trap: the fault handler finds the pc by offset, and the reason in STATE_STOP_INFO (as -reason). */
  #trapIf(i: number): void {
    const fn = this.#fn;
    this.value(fn.a[i]);
    this.#leaveIfSet(i, fn.b[i]);
  }

  #leaveIfSet(i: number, reason: number): void {
    const { out } = this;
    out.byte(W_IF);
    out.byte(BLOCK_EMPTY);
    this.#constant(0);
    this.#constant(-reason);
    this.memoryOp(OP.i32_store, STATE_STOP_INFO);
    this.#noteTrap(i);
    out.byte(W_UNREACHABLE);
    out.byte(W_END);
  }

  /** Asks for addresses outside the range that is known to be accessible. */
  #probe(i: number): void {
    const { out } = this, { a, b } = this.#fn, address = this.locals.value(1);
    const range = b[i] === PROBE_WRITE ? WRITABLE_RANGE : READABLE_RANGE;
    this.value(a[i]);
    out.byte(W_LOCAL_TEE);
    out.u32(address);
    this.#constant(0);
    this.memoryOp(OP.i32_load, range);
    out.byte(OP.i32_sub);
    this.#constant(0);
    this.memoryOp(OP.i32_load, range + 4);
    out.byte(OP.i32_ge_u);
    out.byte(W_IF);
    out.byte(BLOCK_EMPTY);
    out.byte(W_LOCAL_GET);
    out.u32(address);
    this.#constant(b[i]);
    out.byte(W_CALL);
    out.u32(this.plan.helper(PROBE));
    this.#leaveIfSet(i, STOP_SEGV);
    out.byte(W_END);
  }

  /** Looks the pages of an access up in the map of what they allow. */
  #check(i: number): void {
    const { out } = this, { a, b, c } = this.#fn, address = this.locals.value(1), bytes = c[i] >> 1;
    const lookUp = (last: number) => {
      this.#constant(PAGE_BITS);
      out.byte(OP.i32_shr_u);
      out.byte(OP.i32_load8_u);
      out.byte(0x40); // memory index follows
      out.u32(this.plan.access());
      out.u32(GUEST_BIAS >> PAGE_BITS);
      if (last > 0) out.byte(OP.i32_and);
    };
    this.value(a[i]);
    if (b[i] !== 0) {
      this.#constant(b[i]);
      out.byte(OP.i32_add);
    }
    out.byte(W_LOCAL_TEE);
    out.u32(address);
    lookUp(0);
    if (bytes > 1) {
      out.byte(W_LOCAL_GET);
      out.u32(address);
      this.#constant(bytes - 1);
      out.byte(OP.i32_add);
      lookUp(1);
    }
    this.#constant((c[i] & 1) === PROBE_WRITE ? CHECK_WRITE : CHECK_READ);
    out.byte(OP.i32_and);
    out.byte(OP.i32_eqz);
    out.byte(W_IF);
    out.byte(BLOCK_EMPTY);
    out.byte(W_LOCAL_GET);
    out.u32(address);
    this.#constant(c[i]);
    out.byte(W_CALL);
    out.u32(this.plan.helper(DENIED));
    this.#leaveIfSet(i, STOP_SEGV);
    out.byte(W_END);
  }

  #constant(value: number): void {
    this.out.byte(W_I32_CONST);
    this.out.s32(value);
  }

  #helper(i: number): void {
    const { out } = this;
    const fn = this.#fn;
    const row = HELPERS[fn.a[i]];
    for (const v of row.reads) {
      if (this.locals.ofVar[v] < 0) continue; // never changed in this region: its home is current
      this.storeVar(v);
    }
    for (const argument of [fn.b[i], fn.c[i]]) {
      if (argument >= 0) this.value(argument);
      else this.#constant(0);
    }
    out.byte(W_CALL);
    out.u32(this.plan.helper(fn.a[i]));
    if (this.#plan.mode[i] === MODE_LOCAL) {
      this.#plan.local[i] = this.locals.value(1);
      this.setLocal(this.#plan.local[i]);
    } else out.byte(W_DROP);
    for (const v of row.writes) {
      if (this.locals.ofVar[v] >= 0) this.loadVar(v);
    }
  }
}

const LOAD_OF_TYPE: readonly number[] = [0, OP.i32_load, OP.i64_load, 0, 0, OP.v128_load];
const STORE_OF_TYPE: readonly number[] = [0, OP.i32_store, OP.i64_store, 0, 0, OP.v128_store];
