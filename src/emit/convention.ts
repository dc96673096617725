/**
 * How regions call each other: (depth: i32, rsp, rdi, rsi, rdx: i64) -> (next: i64, rax: i64).
 *
 * The registers handed over are copies: at every call, return and exit all registers are in their homes too, so that whoever
 * looks at the state block there (kernel, dispatcher, signal frame, another region that was entered in between) sees the truth.
 * What is won is time: a register that goes through memory costs the store's latency, and rsp is on the path of every push.
 *
 * `next` is the guest pc to go on at in the upper half and rsp in the lower one; 0 is a stop. A caller compares it with the return
 * address and rsp that it expects: when they are equal, it knows rsp without reading it. Anything else it returns in turn.
 */
import { VAR_GPR } from "../ir/variables.ts";
import { RAX, RDI, RDX, RSI, RSP } from "../machine/state.ts";

/** Variables handed over, in order. V8 passes five integers in registers. */
export const PARAMETER_VARS: readonly number[] = [VAR_GPR + RSP, VAR_GPR + RDI, VAR_GPR + RSI, VAR_GPR + RDX];

/** Locals of the parameters: depth, then the variables. */
export const LOCAL_DEPTH = 0, LOCAL_FIRST_VAR = 1, PARAMETERS: number = 1 + PARAMETER_VARS.length;

/** The variables handed over, as a mask. */
export const PARAMETER_MASK: number = PARAMETER_VARS.reduce((mask, v) => mask | 1 << v, 0);

/** Variables that a caller has in locals after a call without loading them, as a mask. */
export const AFTER_CALL_MASK: number = 1 << (VAR_GPR + RSP) | 1 << (VAR_GPR + RAX);

export const VAR_RSP: number = VAR_GPR + RSP, VAR_RAX: number = VAR_GPR + RAX;

/** Value type codes of parameters and results. */
export const REGION_PARAMS: readonly number[] = [0x7f, 0x7e, 0x7e, 0x7e, 0x7e];
export const REGION_RESULTS: readonly number[] = [0x7e, 0x7e];
