import { RAX, RDI, RDX, RSI, RSP, STATE_GPR, STATE_RIP } from "../../machine/state.ts";
import {
  FP_XSTATE_MAGIC2_SIZE,
  FRAME_BYTES,
  FRAME_SIGINFO,
  FRAME_UCONTEXT,
  FXSAVE_BYTES,
  MINSIGSTKSZ,
  SA_ONSTACK,
  SA_RESTORER,
  SC_CR2,
  SC_CS,
  SC_EFLAGS,
  SC_ERR,
  SC_FPSTATE,
  SC_GPR,
  SC_OLDMASK,
  SC_RIP,
  SC_SS,
  SC_TRAPNO,
  SIGINFO_BYTES,
  SS_AUTODISARM,
  SS_DISABLE,
  SS_ONSTACK,
  UC_FLAGS,
  UC_FP_XSTATE,
  UC_MCONTEXT,
  UC_SIGCONTEXT_SS,
  UC_SIGMASK,
  UC_STACK,
  UC_STRICT_RESTORE_SS,
  USER_CS,
  USER_DS,
} from "../abi/signal.ts";
import { XSAVE_BYTES } from "../../machine/xsave.ts";
import { EFAULT, EINVAL, ENOMEM, EPERM } from "../abi/errno.ts";
import type { GuestMemory } from "../../machine/guest_memory.ts";
import { loadU32, loadU64, readableRange, storeU16, storeU32, storeU64, writableRange } from "../memory/user_memory.ts";
import {
  getFlags,
  getRegister32,
  hasXsave,
  initialFloatState,
  loadFxsave,
  loadUpperHalves,
  setFlags,
  setRegister,
  setRip,
  storeFxsave,
  storeXsave,
} from "./registers.ts";
import type { Signal } from "./signal.ts";
import { storeSiginfo } from "./siginfo.ts";
import { setSignalMask } from "./signals.ts";
import type { Task } from "./task.ts";

/** Bytes below rsp that leaf functions may use without moving it (System V ABI, 3.2.2). */
const RED_ZONE = 128;
/** Direction, trap and resume flags are clear when a handler starts. */
const CLEARED_IN_HANDLER = 0x10500;

export function onAltStack(t: Task, sp: number): boolean {
  const a = t.altStack;
  return (a.flags & SS_AUTODISARM) === 0 && sp > a.address && sp - a.address <= a.size;
}

/** sigaltstack(2): 0 or a negative errno. */
export function setAltStack(t: Task, address: number, size: number, flags: number): number {
  if (onAltStack(t, getRegister32(t.memory, RSP))) return -EPERM;
  const mode = (flags & ~SS_AUTODISARM) >>> 0;
  if (mode !== 0 && mode !== SS_ONSTACK && mode !== SS_DISABLE) return -EINVAL;
  if (mode === SS_DISABLE) {
    t.altStack = { address: 0, size: 0, flags };
    return 0;
  }
  if (size < MINSIGSTKSZ) return -ENOMEM;
  t.altStack = { address, size, flags };
  return 0;
}

/** The flags that sigaltstack(2) tells. */
export function altStackFlags(t: Task): number {
  const { flags, size } = t.altStack;
  const state = size === 0 ? SS_DISABLE : onAltStack(t, getRegister32(t.memory, RSP)) ? SS_ONSTACK : 0;
  return ((flags & SS_AUTODISARM) | state) >>> 0;
}

/**
 * Puts a struct rt_sigframe on the guest's stack and points the registers at the handler, as Linux's
 * setup_rt_frame does (arch/x86/kernel/signal.c). 0, or -EFAULT if the stack cannot take it.
 */
export function pushSignalFrame(t: Task, signal: Signal, handler: number, flags: number, restorer: number): number {
  // The x86-64 ABI has no other way back.
  if ((flags & SA_RESTORER) === 0) return -EFAULT;
  const m = t.memory;
  let sp = getRegister32(m, RSP) - RED_ZONE;
  const alt = t.altStack;
  if (flags & SA_ONSTACK && alt.size !== 0 && !onAltStack(t, sp)) {
    sp = alt.address + alt.size;
  }
  const xsave = t.process.kernel.cpuLevel === "x86-64-v3";
  const floatBytes = xsave ? XSAVE_BYTES + FP_XSTATE_MAGIC2_SIZE : FXSAVE_BYTES;
  const fpstate = Math.floor((sp - floatBytes) / 64) * 64;
  // As if the handler had been called: rsp + 8 is a multiple of 16.
  const frame = Math.floor((fpstate - FRAME_BYTES) / 16) * 16 - 8;
  const at = writableRange(t, frame, fpstate + floatBytes - frame);
  if (frame <= 0 || at < 0) return -EFAULT;

  m.u8.fill(0, at, at + FRAME_BYTES);
  storeU64(m, at, restorer);
  storeSiginfo(m, at + FRAME_SIGINFO, signal);
  storeContext(t, m, at + FRAME_UCONTEXT, fpstate);
  if (xsave) {
    storeU64(m, at + FRAME_UCONTEXT + UC_FLAGS, UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS);
    storeXsave(m, at + (fpstate - frame));
  } else storeFxsave(m, at + (fpstate - frame));
  // Handlers start with fresh float state (fpu__clear_user_states): an x87 exception that waits does not trap in them.
  initialFloatState(m);

  setRegister(m, RAX, 0);
  setRegister(m, RDI, signal.number);
  setRegister(m, RSI, frame + FRAME_SIGINFO);
  setRegister(m, RDX, frame + FRAME_UCONTEXT);
  setRegister(m, RSP, frame);
  setRip(m, handler);
  setFlags(m, getFlags(m) & ~CLEARED_IN_HANDLER);
  if (alt.flags & SS_AUTODISARM) t.altStack = { address: 0, size: 0, flags: SS_DISABLE };
  return 0;
}

function storeContext(t: Task, m: GuestMemory, uc: number, fpstate: number): void {
  storeU64(m, uc + UC_FLAGS, UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS);
  storeAltStack(t, m, uc + UC_STACK);
  const sc = uc + UC_MCONTEXT;
  for (let r = 0; r < 16; r++) m.u8.copyWithin(sc + SC_GPR[r], STATE_GPR + r * 8, STATE_GPR + r * 8 + 8);
  m.u8.copyWithin(sc + SC_RIP, STATE_RIP, STATE_RIP + 8);
  storeU64(m, sc + SC_EFLAGS, getFlags(m));
  storeU16(m, sc + SC_CS, USER_CS);
  storeU16(m, sc + SC_SS, USER_DS);
  storeU64(m, sc + SC_ERR, t.fault.error);
  storeU64(m, sc + SC_TRAPNO, t.fault.trap);
  storeU32(m, sc + SC_CR2, t.fault.address);
  storeU32(m, sc + SC_CR2 + 4, t.fault.addressHigh);
  storeU64(m, sc + SC_FPSTATE, fpstate);
  // sigsuspend and ppoll: the handler returns to the mask from before the call.
  const mask = t.savedSignalMask ?? t.signalMask;
  for (const place of [sc + SC_OLDMASK, uc + UC_SIGMASK]) {
    storeU32(m, place, mask[0]);
    storeU32(m, place + 4, mask[1]);
  }
}

/** struct stack_t as a ucontext has it: the flags are those that were set (kernel/signal.c, __save_altstack). */
function storeAltStack(t: Task, m: GuestMemory, at: number): void {
  storeU64(m, at, t.altStack.address);
  storeU32(m, at + 8, t.altStack.flags);
  storeU32(m, at + 12, 0);
  storeU64(m, at + 16, t.altStack.size);
}

/** rt_sigreturn: takes registers, float state, mask and alternate stack from the frame, as the handler left them. */
export function popSignalFrame(t: Task): number {
  const m = t.memory;
  // The return address has been popped by the handler's ret.
  const frame = getRegister32(m, RSP) - 8;
  const at = readableRange(t, frame, FRAME_SIGINFO + SIGINFO_BYTES);
  if (frame <= 0 || at < 0) return -EFAULT;
  const uc = at + FRAME_UCONTEXT, sc = uc + UC_MCONTEXT;
  const fpstate = loadU64(m, sc + SC_FPSTATE);
  if (fpstate !== 0) {
    const fp = fpstate <= 0xffffffff ? readableRange(t, fpstate, FXSAVE_BYTES) : -EFAULT;
    if (fp < 0) return fp;
    loadFxsave(m, fp);
    const extended = hasXsave(m, fp) ? readableRange(t, fpstate, XSAVE_BYTES + FP_XSTATE_MAGIC2_SIZE) : -EFAULT;
    loadUpperHalves(m, extended);
  }
  for (let r = 0; r < 16; r++) m.u8.copyWithin(STATE_GPR + r * 8, sc + SC_GPR[r], sc + SC_GPR[r] + 8);
  m.u8.copyWithin(STATE_RIP, sc + SC_RIP, sc + SC_RIP + 8);
  setFlags(m, loadU32(m, sc + SC_EFLAGS));
  setSignalMask(t, loadU32(m, uc + UC_SIGMASK), loadU32(m, uc + UC_SIGMASK + 4));
  // What cannot be set is ignored, as by Linux.
  setAltStack(t, loadU64(m, uc + UC_STACK), loadU64(m, uc + UC_STACK + 16), loadU32(m, uc + UC_STACK + 8));
  return 0;
}
