import type { GuestMemory } from "../../machine/guest_memory.ts";
import {
  SI_TIMER,
  SIGBUS,
  SIGCHLD,
  SIGFPE,
  SIGILL,
  SIGINFO_BYTES,
  SIGSEGV,
  SIGSYS,
  SIGTRAP,
  SYS_SECCOMP,
} from "../abi/signal.ts";
import { loadI32, loadU32, storeU32 } from "../memory/user_memory.ts";
import { makeSignal, type Signal } from "./signal.ts";

/** Writes siginfo_t (sigaction(2)) at a linear address; which members count depends on signal and code. */
export function storeSiginfo(m: GuestMemory, at: number, s: Signal): void {
  m.u8.fill(0, at, at + SIGINFO_BYTES);
  storeU32(m, at, s.number);
  storeU32(m, at + 4, s.error);
  storeU32(m, at + 8, s.code);
  if (s.code === SI_TIMER) {
    storeU32(m, at + 16, s.timerId);
    storeU32(m, at + 20, s.overrun);
    storeU32(m, at + 24, s.valueLow);
    storeU32(m, at + 28, s.valueHigh);
  } else if (s.number === SIGSYS && s.code === SYS_SECCOMP) {
    storeU32(m, at + 16, s.address);
    storeU32(m, at + 24, s.status);
    storeU32(m, at + 28, s.timerId);
  } else if (isFault(s)) {
    storeU32(m, at + 16, s.address);
    storeU32(m, at + 20, s.addressHigh);
  } else {
    storeU32(m, at + 16, s.pid);
    storeU32(m, at + 20, s.uid);
    if (s.number === SIGCHLD && s.code > 0) {
      storeU32(m, at + 24, s.status);
    } else {
      storeU32(m, at + 24, s.valueLow);
      storeU32(m, at + 28, s.valueHigh);
    }
  }
}

function isFault(s: Signal): boolean {
  return s.code > 0 &&
    (s.number === SIGSEGV || s.number === SIGBUS || s.number === SIGFPE || s.number === SIGILL || s.number === SIGTRAP);
}

/** The siginfo_t that rt_sigqueueinfo passes, read at a linear address. */
export function loadSiginfo(m: GuestMemory, at: number, number: number): Signal {
  return makeSignal(number, loadI32(m, at + 8), {
    pid: loadI32(m, at + 16),
    uid: loadU32(m, at + 20),
    valueLow: loadU32(m, at + 24),
    valueHigh: loadU32(m, at + 28),
  });
}
