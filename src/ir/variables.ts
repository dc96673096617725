/**
 * State variables: the parts of the CPU state that compiled code keeps in wasm locals inside a region. Between regions they
 * live in the state block. In the IR they are mutable (getvar, setvar); everything else is a value defined once in its block.
 */
import {
  STATE_AF,
  STATE_CF,
  STATE_DF,
  STATE_FSBASE,
  STATE_GPR,
  STATE_GSBASE,
  STATE_OF,
  STATE_PF,
  STATE_SF,
  STATE_XMM,
  STATE_YMM_HIGH,
  STATE_ZF,
} from "../machine/state.ts";
import { TYPE_I32, TYPE_I64, TYPE_NONE, TYPE_V128 } from "./ops.ts";

/** Variables 0..15 are the general registers. */
export const VAR_GPR = 0;
/** 16..21: CF PF AF ZF SF OF, i32 0 or 1, in the order of the FLAG_ bits. */
export const VAR_FLAGS = 16;
export const VAR_CF = 16, VAR_PF = 17, VAR_AF = 18, VAR_ZF = 19, VAR_SF = 20, VAR_OF = 21;
export const VAR_DF = 22;
export const VAR_FSBASE = 23, VAR_GSBASE = 24;
/** 32..47: xmm registers, v128. 48..63: the upper halves of the ymm registers. */
export const VAR_XMM = 32;
export const VAR_YMM_HIGH = 48;
export const VAR_COUNT = 64;

export const VAR_TYPE: Uint8Array = new Uint8Array(VAR_COUNT).fill(TYPE_NONE);
/** Offset of the variable's home in the state block. */
export const VAR_HOME: Int32Array = new Int32Array(VAR_COUNT).fill(-1);
export const VAR_NAME: string[] = new Array(VAR_COUNT).fill("");

const GPR_NAMES = "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15".split(" ");
for (let r = 0; r < 16; r++) {
  define(VAR_GPR + r, GPR_NAMES[r], TYPE_I64, STATE_GPR + 8 * r);
  define(VAR_XMM + r, `xmm${r}`, TYPE_V128, STATE_XMM + 16 * r);
  define(VAR_YMM_HIGH + r, `ymmh${r}`, TYPE_V128, STATE_YMM_HIGH + 16 * r);
}
define(VAR_CF, "cf", TYPE_I32, STATE_CF);
define(VAR_PF, "pf", TYPE_I32, STATE_PF);
define(VAR_AF, "af", TYPE_I32, STATE_AF);
define(VAR_ZF, "zf", TYPE_I32, STATE_ZF);
define(VAR_SF, "sf", TYPE_I32, STATE_SF);
define(VAR_OF, "of", TYPE_I32, STATE_OF);
define(VAR_DF, "df", TYPE_I32, STATE_DF);
define(VAR_FSBASE, "fsbase", TYPE_I32, STATE_FSBASE);
define(VAR_GSBASE, "gsbase", TYPE_I32, STATE_GSBASE);

function define(variable: number, name: string, type: number, home: number): void {
  VAR_NAME[variable] = name;
  VAR_TYPE[variable] = type;
  VAR_HOME[variable] = home;
}
