import {
  FAULT_PRESENT,
  FAULT_USER,
  STATE_FAULT_ERROR,
  STATE_FAULT_HIGH,
  STATE_FCW,
  STATE_FSW,
  STATE_MXCSR,
  STATE_STOP_INFO,
  STOP_BREAKPOINT,
  STOP_DIVIDE,
  STOP_FLOAT,
  STOP_PRIVILEGED,
  STOP_SEGV,
  STOP_UNDEFINED,
} from "../../machine/state.ts";
import { bug } from "../../errors.ts";
import { PROT_NONE } from "../abi/mman.ts";
import {
  FPE_FLTDIV,
  FPE_FLTINV,
  FPE_FLTOVF,
  FPE_FLTRES,
  FPE_FLTUND,
  FPE_INTDIV,
  ILL_ILLOPN,
  SEGV_ACCERR,
  SEGV_MAPERR,
  SI_KERNEL,
  SIGFPE,
  SIGILL,
  SIGSEGV,
  SIGTRAP,
  TRAP_BREAKPOINT,
  TRAP_DIVIDE,
  TRAP_FLOAT,
  TRAP_PAGE,
  TRAP_PROTECTION,
  TRAP_UNDEFINED,
} from "../abi/signal.ts";
import type { Kernel } from "../kernel.ts";
import { getRip } from "./registers.ts";
import { makeSignal, type Signal } from "./signal.ts";
import { forceSignal } from "./signal_delivery.ts";
import type { Task } from "./task.ts";

/** Turns the CPU exception that stopped the machine into the signal Linux sends for it. */
export function deliverFault(k: Kernel, t: Task, stop: number): void {
  forceSignal(k, t, faultSignal(t, stop));
}

function faultSignal(t: Task, stop: number): Signal {
  const m = t.memory, rip = getRip(m);
  switch (stop) {
    case STOP_SEGV:
      return addressSignal(t);
    case STOP_DIVIDE:
      t.fault = { trap: TRAP_DIVIDE, error: 0, address: 0, addressHigh: 0 };
      return makeSignal(SIGFPE, FPE_INTDIV, { address: rip });
    case STOP_UNDEFINED:
      t.fault = { trap: TRAP_UNDEFINED, error: 0, address: 0, addressHigh: 0 };
      return makeSignal(SIGILL, ILL_ILLOPN, { address: rip });
    case STOP_BREAKPOINT:
      t.fault = { trap: TRAP_BREAKPOINT, error: 0, address: 0, addressHigh: 0 };
      return makeSignal(SIGTRAP, SI_KERNEL);
    case STOP_PRIVILEGED:
      t.fault = { trap: TRAP_PROTECTION, error: 0, address: 0, addressHigh: 0 };
      return makeSignal(SIGSEGV, SI_KERNEL);
    case STOP_FLOAT:
      t.fault = { trap: TRAP_FLOAT, error: 0, address: 0, addressHigh: 0 };
      return makeSignal(SIGFPE, floatCode(t), { address: rip });
    default:
      throw bug(`machine stopped for an unknown reason ${stop}`, { pc: rip });
  }
}

/** A page fault; or, for addresses of which no processor has pages, a general protection fault, which tells none. */
function addressSignal(t: Task): Signal {
  const m = t.memory;
  const address = m.view.getUint32(STATE_STOP_INFO, true), addressHigh = m.view.getInt32(STATE_FAULT_HIGH, true);
  if (addressHigh >> 15 !== 0 && addressHigh >> 15 !== -1) {
    t.fault = { trap: TRAP_PROTECTION, error: 0, address: 0, addressHigh: 0 };
    return makeSignal(SIGSEGV, SI_KERNEL);
  }
  const vma = addressHigh === 0 ? t.process.space.find(address) : undefined, mapped = vma !== undefined;
  // Linux keeps the pages of PROT_NONE as if they were not there.
  const error = (m.i32[STATE_FAULT_ERROR / 4] || FAULT_USER) | (mapped && vma.prot !== PROT_NONE ? FAULT_PRESENT : 0);
  t.fault = { trap: TRAP_PAGE, error, address, addressHigh: addressHigh >>> 0 };
  return makeSignal(SIGSEGV, mapped ? SEGV_ACCERR : SEGV_MAPERR, { address, addressHigh: addressHigh >>> 0 });
}

/** Which unmasked exception is raised, in Linux's order of precedence (fpu__exception_code). */
function floatCode(t: Task): number {
  const v = t.memory.view;
  const x87 = v.getUint32(STATE_FSW, true) & ~v.getUint32(STATE_FCW, true) & 0x3f;
  const mxcsr = v.getUint32(STATE_MXCSR, true);
  const raised = x87 | (mxcsr & ~(mxcsr >>> 7) & 0x3f);
  if (raised & 0x01) return FPE_FLTINV;
  if (raised & 0x04) return FPE_FLTDIV;
  if (raised & 0x08) return FPE_FLTOVF;
  if (raised & 0x12) return FPE_FLTUND; // a denormal operand counts as underflow
  return FPE_FLTRES;
}
