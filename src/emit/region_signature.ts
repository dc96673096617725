/**
 * The signature of a region: (depth, registers that most functions begin with) -> (next pc, rax).
 *
 * The state block has these registers, too, whoever calls or returns: handing them over only saves the loads, and with them the
 * time until what has just been stored can be loaded again. V8 passes five words in registers of the processor, and gives two back.
 */
import { RAX, RDI, RSI, RSP } from "../machine/state.ts";
import { VAR_GPR } from "../ir/variables.ts";
import { TYPE_I32, TYPE_I64 } from "../ir/ops.ts";
import { TYPE_CODES } from "./opcodes.ts";

/** Local 0 is what is left of the stack. */
export const LOCAL_DEPTH = 0;

/** Variables that are handed over, in the order of the parameters from 1 on. */
export const PASSED_VARS: readonly number[] = [RSP, RDI, RSI].map((register) => VAR_GPR + register);

/** The same as a set of variables below 32. */
export const PASSED_SET: number = PASSED_VARS.reduce((set, v) => set | 1 << v, 0);

/** Codes of the parameters' types. */
export const REGION_PARAMS: readonly number[] = [TYPE_CODES[TYPE_I32], ...PASSED_VARS.map(() => TYPE_CODES[TYPE_I64])];

/** The variable that a region gives back besides the next pc. */
export const RESULT_VAR: number = VAR_GPR + RAX;

/** The same as a set. */
export const RESULT_SET: number = 1 << RESULT_VAR;

/** Codes of the results' types. */
export const REGION_RESULTS: readonly number[] = [TYPE_CODES[TYPE_I32], TYPE_CODES[TYPE_I64]];

/** The parameter that has a variable. */
export function localOfPassed(i: number): number {
  return LOCAL_DEPTH + 1 + i;
}
