/**
 * The committed results of instructions, one file a family, one line a form (a piece of code and what its inputs look like):
 *
 *     {"name":"add","code":"4801d8","given":"rbx=200700","out":["rax=7f flags=11", ...]}
 *
 * `out` holds a text a case: what differs from the input, or the signal. `-` means nothing changed. rip is named
 * when it is not the next instruction.
 */
import { CASE_PC, CpuState, GPR_NAMES, RFLAGS_MASK, WINDOW_BYTES, WINDOW_START } from "./cpu_state.ts";

/** What the CPU did: a new state, or a signal with nothing changed. */
export type Outcome = { state: CpuState; signal?: undefined } | { signal: string; state?: undefined };

/** One line of a golden file. */
export interface GoldenForm {
  /** The row's mnemonic. */
  name: string;
  /** Code bytes in hex. */
  code: string;
  /** Where the inputs come from (see cpu_values.ts). */
  given: string;
  /** Bytes of the float lanes that the instruction computes; absent when it only moves bits. */
  lane?: number;
  /** Largest relative error, for instructions whose last bits differ between CPU models. */
  tolerance?: number;
  out: string[];
}

const CONTROL_NAMES = ["mxcsr", "fcw", "fsw", "ftw"] as const;

/** Text of a case's outcome. */
export function formatOutcome(input: CpuState, code: Uint8Array, outcome: Outcome): string {
  if (outcome.signal !== undefined) return outcome.signal;
  const { state } = outcome;
  const parts: string[] = [];
  for (let n = 0; n < 16; n++) {
    if (state.gpr(n) !== input.gpr(n)) parts.push(`${GPR_NAMES[n]}=${state.gpr(n).toString(16)}`);
  }
  if (state.rip !== CASE_PC + code.length) parts.push(`rip=${state.rip.toString(16)}`);
  if (state.rflags !== input.rflags) parts.push(`flags=${state.rflags.toString(16)}`);
  for (const name of CONTROL_NAMES) {
    if (state[name] !== input[name]) parts.push(`${name}=${state[name].toString(16)}`);
  }
  for (let n = 0; n < 16; n++) pushBytes(parts, `xmm${n}`, input.xmm(n), state.xmm(n));
  for (let n = 0; n < 16; n++) pushBytes(parts, `ymmh${n}`, input.ymmHigh(n), state.ymmHigh(n));
  for (let n = 0; n < 8; n++) pushBytes(parts, `r${n}p`, input.x87(n), state.x87(n));
  for (const [from, to] of changedRuns(input.window, state.window)) {
    parts.push(`m${(WINDOW_START + from).toString(16)}=${memoryHex(state.window.subarray(from, to))}`);
  }
  return parts.join(" ") || "-";
}

/** The inverse of formatOutcome. */
export function parseOutcome(input: CpuState, code: Uint8Array, text: string): Outcome {
  if (text.startsWith("SIG")) return { signal: text };
  const state = input.copy();
  state.rip = CASE_PC + code.length;
  if (text === "-") return { state };
  for (const part of text.split(" ")) {
    const [name, value] = part.split("=");
    applyChange(state, name, value);
  }
  return { state };
}

function applyChange(state: CpuState, name: string, value: string): void {
  const gpr = GPR_NAMES.indexOf(name);
  if (gpr >= 0) state.setGpr(gpr, BigInt(`0x${value}`));
  else if (name === "rip") state.rip = parseInt(value, 16);
  else if (name === "flags") state.rflags = parseInt(value, 16) & RFLAGS_MASK;
  else if (name === "mxcsr" || name === "fcw" || name === "fsw" || name === "ftw") state[name] = parseInt(value, 16);
  else if (name.startsWith("xmm")) state.xmm(Number(name.slice(3))).set(fromHex(value).reverse());
  else if (name.startsWith("ymmh")) state.ymmHigh(Number(name.slice(4))).set(fromHex(value).reverse());
  else if (/^r[0-7]p$/.test(name)) state.x87(Number(name[1])).set(fromHex(value).reverse());
  else if (name.startsWith("m")) state.window.set(fromHex(value), parseInt(name.slice(1), 16) - WINDOW_START);
  else throw new Error(`unknown name ${JSON.stringify(name)} in a CPU golden`);
}

/** Registers are written as numbers: most significant byte first. */
function pushBytes(parts: string[], name: string, before: Uint8Array, after: Uint8Array): void {
  if (after.some((byte, i) => byte !== before[i])) parts.push(`${name}=${memoryHex(after.slice().reverse())}`);
}

/** Ranges of changed bytes; gaps of up to three equal bytes are bridged. */
function changedRuns(before: Uint8Array, after: Uint8Array): [number, number][] {
  const runs: [number, number][] = [];
  for (let i = 0; i < WINDOW_BYTES; i++) {
    if (before[i] === after[i]) continue;
    const last = runs.at(-1);
    if (last !== undefined && i - last[1] <= 3) last[1] = i + 1;
    else runs.push([i, i + 1]);
  }
  return runs;
}

function memoryHex(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

/** Bytes of a hex text. */
export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
