/**
 * Instruction cases with the real CPU's answers, from tests/golden/cpu (recorded by fixtures/cpu/record.ts).
 *
 *     for (const each of cpuCases("arith")) {
 *       fillGuest(memory, each);
 *       const stop = engine.run(memory, each.code, CASE_PC);
 *       problems.push(...differences(each, memory, stop));
 *     }
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { FLAG_OF, STOP_BREAKPOINT } from "../../src/machine/state.ts";
import type { GuestMemory } from "../../src/machine/guest_memory.ts";
import { decode, isFailure } from "../../src/x86/decode.ts";
import { type Instruction, OPERAND_GPR, OPERAND_IMM, OPERAND_REL } from "../../src/x86/instruction.ts";
import { type CompareRules, compareStates, SIGNAL_OF_STOP } from "./cpu_compare.ts";
import { fromHex, type GoldenForm, type Outcome, parseOutcome } from "./cpu_golden.ts";
import { canPush, CASE_PC, type GuestCase, readGuest } from "./cpu_state.ts";
import { makeInput } from "./cpu_values.ts";

const GOLDEN = fileURLToPath(new URL("../golden/cpu/", import.meta.url));

/** Something that runs instructions: the IR interpreter, compiled wasm. */
export interface CpuEngine {
  readonly name: string;
  /** A memory that the engine can run on; asked for once. */
  memory(): GuestMemory;
  /**
   * Runs from `pc` on the state block in `memory` until the int3 that follows everywhere, or a fault; returns a STOP_
   * constant. Cases of the same code come one after another, so that an engine can keep what it compiled.
   */
  run(memory: GuestMemory, code: Uint8Array, pc: number): number;
}

/** One instruction with one input. */
export interface CpuCase extends GuestCase {
  form: GoldenForm;
  /** Number of the case in its form. */
  index: number;
  instruction: Instruction;
  expected: Outcome;
}

/** Names of the golden files. */
export function cpuFamilies(): string[] {
  return readdirSync(GOLDEN).filter((name) => name.endsWith(".jsonl")).map((name) => name.slice(0, -6)).sort();
}

/** The forms of a family, as stored. */
export function goldenForms(family: string): GoldenForm[] {
  const lines = readFileSync(`${GOLDEN}${family}.jsonl`, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as GoldenForm);
}

/** All cases of a family. */
export function* cpuCases(family: string): Generator<CpuCase> {
  for (const form of goldenForms(family)) {
    yield* casesOfForm(form);
  }
}

/** The cases of one form. */
export function casesOfForm(form: GoldenForm): CpuCase[] {
  const code = fromHex(form.code);
  const instruction = decode(code, 0, code.length, CASE_PC);
  if (isFailure(instruction)) throw new Error(`${form.name} (${form.code}) no longer decodes: ${instruction.kind}`);
  const inputs = form.out.map((_, index) => makeInput(form.code, form.given, index));
  const outcomes = form.out.map((text, index) => parseOutcome(inputs[index], code, text));
  const pushesFlags = outcomes.every(({ state }) => state === undefined || canPush(state));
  const successors = [instruction.nextPc];
  for (const operand of instruction.operands) if (operand.kind === OPERAND_REL) successors.push(operand.immLo);
  return outcomes.map((expected, index) => ({
    form,
    index,
    code,
    instruction,
    input: inputs[index],
    expected,
    successors,
    pushesFlags,
  }));
}

/**
 * What differs between the CPU's answer and what an engine left in `memory`, one line each. `exceptionFlags: "compare"`
 * also looks at the sticky floating-point exception flags, which the x87 has and SSE has not.
 */
export function differences(
  each: CpuCase,
  memory: GuestMemory,
  stop: number,
  exceptionFlags: CompareRules["exceptionFlags"] = isExactX87(each) ? "compare" : "ignore",
): string[] {
  const { expected, input } = each;
  const signal = signalOf(each, stop);
  if (signal !== expected.signal) return [`${signal ?? "no signal"}, the CPU says ${expected.signal ?? "none"}`];
  if (expected.signal !== undefined) return [];
  const rules = rulesFor(each, exceptionFlags);
  if (!each.pushesFlags) rules.flagsUndefined = ~0;
  return compareStates(readGuest(memory, each, expected.state), expected.state, input, rules);
}

/** x87 instructions whose results do not hang on the CPU model: only the transcendental ones do. */
function isExactX87({ form, instruction }: CpuCase): boolean {
  return (instruction.row.feature === "x87" || form.name === "fisttp") && !form.tolerance;
}

/** One line that names a case. */
export function describeCase({ form, index }: CpuCase): string {
  return `${form.name} ${form.code} #${index}${form.given ? ` (${form.given})` : ""}`;
}

/** The signal a stop stands for; reaching the int3 after the instruction is none. */
function signalOf({ code }: CpuCase, stop: number): string | undefined {
  if (stop === STOP_BREAKPOINT && code[0] !== 0xcc) return undefined;
  return SIGNAL_OF_STOP[stop] ?? `stop ${stop}`;
}

/** What may differ in this case. */
export function rulesFor(each: CpuCase, exceptionFlags: CompareRules["exceptionFlags"] = "ignore"): CompareRules {
  const { lane = 0, tolerance = 0 } = each.form;
  return { flagsUndefined: undefinedFlags(each), lane, tolerance, exceptionFlags };
}

/**
 * True where processors differ, and the goldens have Intel's answer: double shifts of 16 bits by more than that, whose result the
 * manuals leave undefined; PREFETCHW's encoding with a register, which AMD's refuse (APM volume 3, PREFETCH).
 */
export function variesByProcessor(each: CpuCase): boolean {
  const { row, operandBytes } = each.instruction;
  if (/^sh[lr]d$/.test(row.mnemonic)) return operandBytes === 2 && shiftCount(each) > 16;
  return row.encoding === "0F 0D /r" && each.instruction.operands[0].kind === OPERAND_GPR;
}

/** By how much a shift shifts. */
function shiftCount({ instruction: { operands, operandBytes }, input }: CpuCase): number {
  const last = operands[operands.length - 1];
  return (last.kind === OPERAND_IMM ? last.immLo : Number(input.gpr(1) & 0xffn)) & (operandBytes === 8 ? 63 : 31);
}

/** Flags the manual leaves undefined here: shifts by nothing change none, shifts by one define OF. */
function undefinedFlags(each: CpuCase): number {
  const { row } = each.instruction;
  if (!row.counted) return row.flagsUndefined;
  const count = shiftCount(each);
  if (count === 0) return 0;
  return count === 1 ? row.flagsUndefined & ~FLAG_OF : row.flagsUndefined;
}
