import type { CodeView } from "./discover.ts";
import type { AddressRange } from "./elf_facts.ts";

/** Marks of one code address. */
export const MARK_INSTRUCTION = 1; // an instruction begins here
export const MARK_FUNCTION = 2; // a function begins here: jumps to it are tail calls
export const MARK_EDGE = 4; // code before does not run on into here: a function, part of another one, or padding
export const MARK_CALLED = 8; // target of a direct call
export const MARK_TAKEN = 16; // its address is in data or in an instruction
export const MARK_CONTINUED = 32; // control may come here through the dispatcher: after a system call, from the profile

export const MARK_INSIDE = 64; // a byte of an instruction that began before
export const MARK_LABEL = 128; // target of a switch table

/** A byte of marks for every address of the executable ranges. */
export class CodeMap {
  readonly ranges: readonly AddressRange[];
  /** Bytes of all ranges. */
  readonly bytes: number;
  readonly #marks: readonly Uint8Array[];
  /** Bytes of the ranges before each. */
  readonly #before: number[] = [];
  /** Data addresses that instructions name. */
  readonly referenced: Set<number> = new Set();
  /** The range found last: lookups come in clusters. */
  #last = 0;

  /** `marks`: of all ranges, joined and one after the other; default: none. */
  constructor(ranges: readonly AddressRange[], marks?: Uint8Array) {
    this.ranges = joinRanges(ranges);
    let at = 0;
    this.#marks = this.ranges.map(({ start, end }) =>
      marks?.subarray(at, at += end - start) ?? new Uint8Array(end - start)
    );
    let bytes = 0;
    for (const marks of this.#marks) {
      this.#before.push(bytes);
      bytes += marks.length;
    }
    this.bytes = bytes;
  }

  /** Puts the marks of all ranges one after the other. */
  copyMarks(to: Uint8Array): void {
    this.#marks.forEach((marks, i) => to.set(marks, this.#before[i]));
  }

  /** Place of an address among the bytes of all ranges, or -1. */
  offsetOf(pc: number): number {
    const i = this.#find(pc);
    return i < 0 ? -1 : this.#before[i] + pc - this.ranges[i].start;
  }

  /** Whether another map of the same ranges has the same marks, but for these. */
  isLike(other: CodeMap, ignored: number): boolean {
    const mask = 255 & ~ignored;
    return this.#marks.every((marks, i) => {
      const others = other.#marks[i];
      for (let k = 0; k < marks.length; k++) if (((marks[k] ^ others[k]) & mask) !== 0) return false;
      return true;
    });
  }

  has(pc: number): boolean {
    return this.#find(pc) >= 0;
  }

  /** Marks of an address; 0 outside the executable ranges. */
  get(pc: number): number {
    const i = this.#find(pc);
    return i < 0 ? 0 : this.#marks[i][pc - this.ranges[i].start];
  }

  /** Adds marks; nothing outside the executable ranges. */
  add(pc: number, marks: number): void {
    const i = this.#find(pc);
    if (i >= 0) this.#marks[i][pc - this.ranges[i].start] |= marks;
  }

  /** Adds marks; false if the address has one of them, or is outside. */
  addFirst(pc: number, marks: number): boolean {
    const i = this.#find(pc);
    if (i < 0) return false;
    const of = this.#marks[i], at = pc - this.ranges[i].start;
    if ((of[at] & marks) !== 0) return false;
    of[at] |= marks;
    return true;
  }

  addInstruction(pc: number, length: number): void {
    const i = this.#find(pc);
    if (i < 0) return;
    const marks = this.#marks[i], at = pc - this.ranges[i].start;
    marks[at] |= MARK_INSTRUCTION;
    for (let k = at + 1; k < at + length && k < marks.length; k++) marks[k] |= MARK_INSIDE;
  }

  remove(pc: number, marks: number): void {
    const i = this.#find(pc);
    if (i >= 0) this.#marks[i][pc - this.ranges[i].start] &= ~marks;
  }

  /** Addresses that have one of the marks, ascending. */
  withMarks(marks: number): number[] {
    const found: number[] = [];
    this.#marks.forEach((m, i) => {
      for (let k = 0; k < m.length; k++) if (m[k] & marks) found.push(this.ranges[i].start + k);
    });
    return found;
  }

  #find(pc: number): number {
    const { ranges } = this;
    const last = ranges[this.#last];
    if (last !== undefined && pc >= last.start && pc < last.end) return this.#last;
    for (let i = 0; i < ranges.length; i++) {
      if (pc >= ranges[i].start && pc < ranges[i].end) return this.#last = i;
    }
    return -1;
  }
}

/** Sorted, with touching ranges joined. */
export function joinRanges(ranges: readonly AddressRange[]): AddressRange[] {
  const joined: AddressRange[] = [];
  for (const r of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = joined.at(-1);
    if (last !== undefined && r.start <= last.end) last.end = Math.max(last.end, r.end);
    else if (r.end > r.start) joined.push({ ...r });
  }
  return joined;
}

/** True if [start, end) lies inside one of the (joined) ranges. */
export function inRanges(ranges: readonly AddressRange[], start: number, end: number): boolean {
  return ranges.some((r) => start >= r.start && end <= r.end);
}

/** Code as regions are discovered in it, functions told by the map. */
export function codeView(u8: Uint8Array, map: CodeMap, readOnly: readonly AddressRange[]): CodeView {
  const constant = joinRanges(readOnly);
  return {
    u8,
    isFunctionStart: (pc) => (map.get(pc) & MARK_FUNCTION) !== 0,
    isEdge: (pc) => (map.get(pc) & MARK_EDGE) !== 0,
    mayBeInstruction: (pc) => map.has(pc) && (map.get(pc) & (MARK_INSIDE | MARK_INSTRUCTION)) !== MARK_INSIDE,
    isReferenced: (address) => map.referenced.has(address),
    isReadOnly: (start, end) => inRanges(constant, start, end),
  };
}
