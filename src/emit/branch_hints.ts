/**
 * Which way branches usually go (the branch hinting proposal of wasm, section "metadata.code.branch_hint"). V8 puts what is
 * unlikely behind everything else, and lets it pay for registers. Engines that know nothing of hints skip the section.
 */
import { WasmBytes } from "./bytes.ts";
import { readSections, readU32, SECTION_CUSTOM } from "./wasm_sections.ts";

const SECTION_NAME = "metadata.code.branch_hint";
/** Bytes of a hint's value, before which its length is said. */
const VALUE_BYTES = 1;

/** Of a function that has none. */
export const NO_HINTS: Uint8Array = new Uint8Array(0);

/** Notes hints while a function's code is written. */
export class BranchHints {
  /** Offset in the code, twice, and 1 more for a branch that is likely taken. */
  readonly #noted: number[] = [];
  readonly #encoded = new WasmBytes();

  constructor(readonly out: WasmBytes) {}

  begin(): void {
    this.#noted.length = 0;
  }

  /** The br_if or if that is written next. */
  next(isLikely: boolean): void {
    this.#noted.push(2 * this.out.length + +isLikely);
  }

  /** The function's hints as the section has them, with `headLength` bytes before its code; empty if there are none. */
  take(headLength: number): Uint8Array {
    if (this.#noted.length === 0) return NO_HINTS;
    const s = this.#encoded;
    s.reset();
    s.u32(this.#noted.length);
    for (const noted of this.#noted) {
      s.u32((noted >>> 1) + headLength);
      s.byte(VALUE_BYTES);
      s.byte(noted & 1);
    }
    return s.take();
  }
}

/** A function's hints, as `take` gives them, where its code has moved; `shift` is asked for ascending offsets. */
export function moveHints(hints: Uint8Array, shift: (offset: number) => number): Uint8Array {
  if (hints.length === 0) return NO_HINTS;
  let { value: count, next: at } = readU32(hints, 0);
  const s = new WasmBytes(2 * hints.length);
  s.u32(count);
  for (; count > 0; count--) {
    const offset = readU32(hints, at);
    s.u32(offset.value + shift(offset.value));
    s.raw(hints.subarray(offset.next, at = offset.next + 1 + VALUE_BYTES));
  }
  return s.take();
}

/** The section's content: hints (as `take` gives them) of the functions from index `first` on; null if there are none. */
export function branchHintSection(first: number, hints: readonly Uint8Array[]): WasmBytes | null {
  const hinted = hints.reduce((n, h) => n + +(h.length > 0), 0);
  if (hinted === 0) return null;
  const s = new WasmBytes(hints.reduce((n, h) => n + h.length + 3, SECTION_NAME.length + 8));
  s.name(SECTION_NAME);
  s.u32(hinted);
  hints.forEach((h, i) => {
    if (h.length === 0) return;
    s.u32(first + i);
    s.raw(h);
  });
  return s;
}

/** The hints of a module's functions, by index, as branchHintSection takes them. */
export function readBranchHints(wasm: Uint8Array): Map<number, Uint8Array> {
  const hints = new Map<number, Uint8Array>();
  for (const { id, start } of readSections(wasm)) {
    if (id !== SECTION_CUSTOM) continue;
    const length = readU32(wasm, start), nameEnd = length.next + length.value;
    if (new TextDecoder().decode(wasm.subarray(length.next, nameEnd)) !== SECTION_NAME) continue;
    let { value: functions, next: at } = readU32(wasm, nameEnd);
    for (; functions > 0; functions--) {
      const index = readU32(wasm, at), count = readU32(wasm, index.next);
      at = count.next;
      for (let n = count.value; n > 0; n--) {
        const value = readU32(wasm, readU32(wasm, at).next);
        at = value.next + value.value;
      }
      hints.set(index.value, wasm.subarray(index.next, at));
    }
  }
  return hints;
}
