/** All lifters by mnemonic. One file a family, of the same name as in x86/tables. */
import { arithLifts } from "./arith.ts";
import { atomicLifts } from "./atomic.ts";
import { avxLifts } from "./avx.ts";
import { bitLifts } from "./bit.ts";
import { bmiLifts } from "./bmi.ts";
import { branchLifts } from "./branch.ts";
import { cryptoLifts } from "./crypto.ts";
import { flagOpsLifts } from "./flag_ops.ts";
import { fmaLifts } from "./fma.ts";
import type { Lift } from "./lifter.ts";
import { logicLifts } from "./logic.ts";
import { moveLifts } from "./move.ts";
import { mulDivLifts } from "./mul_div.ts";
import { shiftLifts } from "./shift.ts";
import { sse4Lifts } from "./sse4.ts";
import { sseConvertLifts } from "./sse_convert.ts";
import { sseFloatLifts } from "./sse_float.ts";
import { sseIntLifts } from "./sse_int.ts";
import { sseMoveLifts } from "./sse_move.ts";
import { sseStateLifts } from "./sse_state.ts";
import { stackLifts } from "./stack.ts";
import { stringLifts } from "./string.ts";
import { systemLifts } from "./system.ts";
import { x87Lifts } from "./x87.ts";
import { xsaveLifts } from "./xsave.ts";

/** Mnemonic -> lifter. What is not here traps as an unsupported instruction and is reported. */
export const LIFTS: ReadonlyMap<string, Lift> = new Map(
  [
    arithLifts,
    atomicLifts,
    avxLifts,
    bitLifts,
    bmiLifts,
    branchLifts,
    cryptoLifts,
    flagOpsLifts,
    fmaLifts,
    logicLifts,
    moveLifts,
    mulDivLifts,
    shiftLifts,
    sse4Lifts,
    sseConvertLifts,
    sseFloatLifts,
    sseIntLifts,
    sseMoveLifts,
    sseStateLifts,
    stackLifts,
    stringLifts,
    systemLifts,
    x87Lifts,
    xsaveLifts,
  ].flatMap((family) => Object.entries(family)),
);
