/** The x87 register stack in the state block: physical registers, tags, TOP, and what faults do to them. */
import type { GuestMemory } from "../guest_memory.ts";
import { STATE_FCW, STATE_FSW, STATE_FTW, STATE_X87 } from "../state.ts";
import {
  FLAG_C1,
  FLAG_DE,
  FLAG_IE,
  FLAG_OE,
  FLAG_SF,
  FLAG_UE,
  FLAG_ZE,
  type Float80,
  FloatEnvironment,
  setDefaultNan,
} from "./float80.ts";

/** Condition bits of the status word, and the summary bits that say an unmasked exception waits. */
export const FSW_C0 = 0x100, FSW_C1 = 0x200, FSW_C2 = 0x400, FSW_C3 = 0x4000;
export const FSW_SUMMARY = 0x8080;
const FSW_TOP = 0x3800;
const EXCEPTIONS = 0x3f;
/** Exceptions found before anything is computed: unmasked, they leave the operands alone. */
const BEFORE = FLAG_IE | FLAG_DE | FLAG_ZE;

const FCW = STATE_FCW >> 2, FSW = STATE_FSW >> 2, FTW = STATE_FTW >> 2;

/** The x87 state while one instruction works on it. */
export class X87Stack {
  readonly env: FloatEnvironment = new FloatEnvironment();
  #words!: Int32Array;
  #top = 0;

  /** Starts an instruction: no exceptions raised, condition bits unchanged but C1, which is cleared. */
  begin(memory: GuestMemory): this {
    this.resume(memory);
    this.#words[FSW] &= ~FSW_C1;
    return this;
  }

  /** As begin(), for instructions that leave C1 alone, and second halves of others. */
  resume(memory: GuestMemory): this {
    const words = this.#words = memory.i32;
    this.env.control = words[FCW];
    this.env.flags = 0;
    this.#top = words[FSW] >> 11 & 7;
    return this;
  }

  isEmpty(i: number): boolean {
    return (this.#words[FTW] >> (this.#top + i & 7) & 1) === 0;
  }

  setEmpty(i: number): void {
    this.#words[FTW] &= ~(1 << (this.#top + i & 7));
  }

  /** x = ST(i). */
  read(i: number, x: Float80): void {
    x.unpack(this.#words, STATE_X87 + (this.#top + i & 7) * 16 >> 2);
  }

  /** ST(i) = x, not empty. */
  write(i: number, x: Float80): void {
    const physical = this.#top + i & 7;
    x.pack(this.#words, STATE_X87 + physical * 16 >> 2);
    this.#words[FTW] |= 1 << physical;
  }

  pop(): void {
    this.setEmpty(0);
    this.moveTop(1);
  }

  /** Moves TOP; registers stay as they are. */
  moveTop(by: number): void {
    this.#top = this.#top + by & 7;
    this.#words[FSW] = this.#words[FSW] & ~FSW_TOP | this.#top << 11;
  }

  /** Pushes x; a register that is in use makes it a stack overflow, and x the default NaN. */
  push(x: Float80): void {
    if (!this.isEmpty(7) && (this.env.flags & FLAG_SF) === 0) {
      this.env.flags = FLAG_IE | FLAG_SF | FLAG_C1;
      setDefaultNan(x);
    }
    // A denormal is loaded even where it is to trap.
    if (!this.commit() && (this.env.flags & ~this.env.control & FLAG_IE) !== 0) return;
    this.moveTop(-1);
    this.write(0, x);
  }

  /** Notes that an operand is an empty register. */
  raiseUnderflow(): void {
    this.env.flags = FLAG_IE | FLAG_SF;
  }

  /** Replaces the condition bits C3, C2 and C0. */
  setConditions(bits: number): void {
    this.#words[FSW] = this.#words[FSW] & ~(FSW_C0 | FSW_C2 | FSW_C3) | bits;
  }

  clearC2(): void {
    this.#words[FSW] &= ~FSW_C2;
  }

  setC2(): void {
    this.#words[FSW] |= FSW_C2;
  }

  setC1(): void {
    this.#words[FSW] |= FSW_C1;
  }

  /**
   * Puts what was raised into the status word. False if the instruction must not have a result: an unmasked exception stands
   * before it, which the next waiting instruction reports.
   */
  commit(): boolean {
    const { env } = this;
    if (env.flags === 0) return true;
    const isBlocked = (env.flags & ~env.control & BEFORE) !== 0;
    // What is found while a result is computed has then not been found.
    if (isBlocked) env.flags &= env.flags & FLAG_SF ? BEFORE | FLAG_SF | FLAG_C1 : BEFORE;
    this.#words[FSW] |= env.flags & ~env.control & EXCEPTIONS ? env.flags | FSW_SUMMARY : env.flags;
    return !isBlocked;
  }

  /** Whether a result may go to memory: unmasked overflow and underflow forbid that too (SDM volume 1, 8.5.4 and 8.5.5). */
  canStore(): boolean {
    const { flags, control } = this.env;
    return (flags & ~control & (FLAG_OE | FLAG_UE)) === 0;
  }

  get control(): number {
    return this.#words[FCW];
  }

  get status(): number {
    return this.#words[FSW];
  }

  /** Bit i: physical register i is not empty. */
  get tags(): number {
    return this.#words[FTW];
  }

  /** Sets control, status and tags; the summary bits follow from exceptions and masks. */
  load(control: number, status: number, tags: number): void {
    const words = this.#words;
    words[FCW] = control;
    const waits = status & ~control & EXCEPTIONS;
    words[FSW] = waits ? status | FSW_SUMMARY : status & ~FSW_SUMMARY;
    words[FTW] = tags;
    this.#top = status >> 11 & 7;
  }
}

/** One object serves all helpers: instructions do not nest. */
export const stack: X87Stack = new X87Stack();
