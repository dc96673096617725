/**
 * The wasm locals of a region. Most have the same number in every region: the same x86 code gets the same bytes then, which is
 * what gzip lives on. A region declares them up to the last one that it uses, so what most regions use comes first. That holds
 * V8's baseline frames small, too, where each local has its place, and addresses near a frame's start are shorter.
 */
import { TYPE_I32, TYPE_I64, TYPE_V128 } from "../ir/ops.ts";
import { VAR_COUNT, VAR_NAME, VAR_TYPE } from "../ir/variables.ts";
import type { WasmBytes } from "./bytes.ts";
import { localOfPassed, PASSED_VARS, REGION_PARAMS } from "./region_signature.ts";
import { TYPE_CODES } from "./opcodes.ts";

const NAMES = ["reenter", "next", "return", "slot", "fuel"] as const;

/** What some region has besides variables and values, by name in ORDER. */
export type LocalName = typeof NAMES[number];

/** The first local behind the parameters. */
const FIRST = REGION_PARAMS.length;

/**
 * Locals from there on: variables, names, and values of each type ("i32", "i64"). By how many regions use them; those of a type
 * that are about as frequent stand together, since they are declared together.
 */
const ORDER = [
  ..."reenter next return i32 i32 rax rcx rbx rbp i64 r8 r12 r13 r14 slot fuel i32 fsbase".split(" "),
  ..."r9 r11 r15 r10 i64 i32 zf sf of cf pf af df gsbase i64 i64".split(" "),
];

const VALUE_TYPES: Readonly<Record<string, number>> = { i32: TYPE_I32, i64: TYPE_I64 };

const ORDER_TYPES = ORDER.map((name) =>
  VALUE_TYPES[name] ?? (VAR_NAME.includes(name) ? VAR_TYPE[VAR_NAME.indexOf(name)] : TYPE_I32)
);

/** The local of a variable, or 0. */
const PLACE_OF_VAR = VAR_NAME.map((name, v) => {
  const passed = PASSED_VARS.indexOf(v), at = name === "" ? -1 : ORDER.indexOf(name);
  return passed >= 0 ? localOfPassed(passed) : at < 0 ? 0 : FIRST + at;
});

const PLACE_OF_NAME = Object.fromEntries(NAMES.map((name) => [name, FIRST + ORDER.indexOf(name)])) as Record<
  LocalName,
  number
>;

/** By type, those of values, the last one first. */
const PLACES_OF_VALUES = [0, 1, 2, 3, 4, 5].map((type) =>
  ORDER.flatMap((name, i) => VALUE_TYPES[name] === type ? FIRST + i : []).reverse()
);

export class RegionLocals {
  /** Of variables; -1 for those that the region does not use. */
  readonly ofVar: Int32Array = new Int32Array(VAR_COUNT);
  /** Types of the locals behind the parameters, of which `#count` are declared. */
  readonly #types: number[] = [...ORDER_TYPES];
  #count = 0;
  readonly #freeValues: number[][] = [[], [], [], [], [], []];
  readonly #usedValues: number[][] = [[], [], [], [], [], []];

  /** Begins a region that uses a set of variables (VarFlow.used, usedHigh). */
  begin(used: number, usedHigh: number): void {
    this.#types.length = ORDER.length;
    this.#count = 0;
    for (let type = 0; type < PLACES_OF_VALUES.length; type++) {
      const free = this.#freeValues[type], places = PLACES_OF_VALUES[type];
      free.length = this.#usedValues[type].length = 0;
      for (let i = 0; i < places.length; i++) free.push(places[i]);
    }
    for (let v = 0; v < VAR_COUNT; v++) {
      const place = PLACE_OF_VAR[v];
      this.ofVar[v] = !inSet(v, used, usedHigh) ? -1 : place > 0 ? this.#declare(place) : this.add(VAR_TYPE[v]);
    }
  }

  named(name: LocalName): number {
    return this.#declare(PLACE_OF_NAME[name]);
  }

  /** One more, which no other region need have. */
  add(type: number): number {
    return this.#declare(FIRST + this.#types.push(type) - 1);
  }

  /** A local for a value of the current block; free again after releaseValues(). */
  value(type: number): number {
    const free = this.#freeValues[type].pop(), local = free === undefined ? this.add(type) : this.#declare(free);
    this.#usedValues[type].push(local);
    return local;
  }

  releaseValues(): void {
    for (let type = TYPE_I32; type <= TYPE_V128; type++) {
      const used = this.#usedValues[type];
      while (used.length > 0) this.#freeValues[type].push(used.pop()!);
    }
  }

  /** What they take of the host's stack, in words of 8 bytes. */
  words(): number {
    let words = FIRST - 1 + this.#count;
    for (let i = 0; i < this.#count; i++) if (this.#types[i] === TYPE_V128) words++;
    return words;
  }

  /** Writes the list that a function's body begins with. */
  write(out: WasmBytes): void {
    const types = this.#types;
    let runs = 0;
    for (let i = 0; i < this.#count; i++) if (i === 0 || types[i] !== types[i - 1]) runs++;
    out.u32(runs);
    for (let i = 0; i < this.#count;) {
      const first = i;
      while (i < this.#count && types[i] === types[first]) i++;
      out.u32(i - first);
      out.byte(TYPE_CODES[types[first]]);
    }
  }

  #declare(local: number): number {
    this.#count = Math.max(this.#count, local - FIRST + 1);
    return local;
  }
}

/** Whether a variable is in a set of two words. */
export function inSet(v: number, set: number, setHigh: number): boolean {
  return v < 32 ? (set & (1 << v)) !== 0 : (setHigh & (1 << (v - 32))) !== 0;
}
