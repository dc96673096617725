import type { GuestMemory } from "../../machine/guest_memory.ts";
import { GUEST_BIAS, RAX, STATE_RIP } from "../../machine/state.ts";
import { EINTR } from "../abi/errno.ts";
import {
  defaultAction,
  SA_NODEFER,
  SA_RESETHAND,
  SA_RESTART,
  SIG_DFL,
  SIG_IGN,
  SIGILL,
  SIGKILL,
  signalName,
  SIGSEGV,
  SIGSTOP,
} from "../abi/signal.ts";
import { killedStatus } from "../abi/wait.ts";
import type { Kernel } from "../kernel.ts";
import type { AddressSpace } from "../memory/address_space.ts";
import { setResult } from "../syscalls/dispatch.ts";
import { INTERRUPT_ALWAYS, INTERRUPT_RESTART, interruptionOf } from "../syscalls/interrupt.ts";
import { exitProcess } from "./exit.ts";
import { isOrphanedGroup } from "./orphaned_group.ts";
import { getRip, setRegister, setRip } from "./registers.ts";
import type { Signal } from "./signal.ts";
import { pushSignalFrame } from "./signal_frame.ts";
import { hasDeliverableSignal, maskHas, setSignalMask, takeSignal } from "./signals.ts";
import { stopProcess } from "./stop.ts";
import type { Task } from "./task.ts";

/** Length of the SYSCALL instruction: going back by it runs the call again. */
const SYSCALL_BYTES = 2;

/**
 * Delivers what is pending and not blocked, before the task runs guest code again. If the task was blocked in a syscall
 * (t.inSyscall >= 0) and a handler runs, the call ends here with EINTR or is set up to run again after the handler; if no
 * handler runs, it stays to be tried again by the scheduler.
 */
export function deliverSignals(k: Kernel, t: Task): void {
  const notBlocked = (signal: number) => !maskHas(t.signalMask, signal);
  while (hasDeliverableSignal(t)) {
    const signal = takeSignal(t, notBlocked);
    if (signal === null) break;
    if (!act(k, t, signal)) return;
  }
  if (t.inSyscall >= 0 && interruptionOf(t.inSyscall, t.interruptedDeadlineNs) === INTERRUPT_ALWAYS) {
    endInterruptedCall(t, -EINTR);
  }
}

/** Does what the disposition says. False if the task does not go on (killed, stopped). */
function act(k: Kernel, t: Task, signal: Signal): boolean {
  const p = t.process, handlers = p.signalHandlers, n = signal.number;
  const handler = handlers.handler[n];
  if (handler === SIG_IGN) return true;
  if (handler !== SIG_DFL) {
    runHandler(k, t, signal, handler);
    return !p.exiting;
  }
  switch (defaultAction(n)) {
    case "ignore":
    case "continue":
      return true;
    case "stop":
      // Nobody would continue it: the terminal's signals do not stop it, only SIGSTOP does.
      if (n !== SIGSTOP && isOrphanedGroup(k, p.pgid, null)) return true;
      stopProcess(p, n);
      return false;
    case "core":
      killBySignal(k, t, signal, true);
      return false;
    case "terminate":
      killBySignal(k, t, signal, false);
      return false;
  }
}

function runHandler(k: Kernel, t: Task, signal: Signal, handler: number): void {
  const handlers = t.process.signalHandlers, n = signal.number, flags = handlers.flags[n];
  if (t.inSyscall >= 0) interruptCall(t, flags);
  if (pushSignalFrame(t, signal, handler, flags, handlers.restorer[n]) < 0) {
    // Linux's force_sigsegv: a stack that cannot take the frame cannot take a SIGSEGV handler either.
    if (n === SIGSEGV) handlers.handler[SIGSEGV] = SIG_DFL;
    killBySignal(k, t, { ...signal, number: SIGSEGV }, true);
    return;
  }
  if (flags & SA_RESETHAND) handlers.handler[n] = SIG_DFL;
  t.savedSignalMask = null;
  let low = t.signalMask[0] | handlers.maskLow[n], high = t.signalMask[1] | handlers.maskHigh[n];
  if ((flags & SA_NODEFER) === 0) {
    if (n <= 32) low |= 1 << (n - 1);
    else high |= 1 << (n - 33);
  }
  setSignalMask(t, low, high);
}

function interruptCall(t: Task, flags: number): void {
  // Bytes already moved are the result: a signal does not lose them.
  const moved = (t.restart as { moved?: number } | null)?.moved ?? 0;
  if (moved > 0) return endInterruptedCall(t, moved);
  const always = (t.restart as { restartsAlways?: boolean } | null)?.restartsAlways === true;
  const kind = interruptionOf(t.inSyscall, t.interruptedDeadlineNs);
  if (!always && (kind !== INTERRUPT_RESTART || (flags & SA_RESTART) === 0)) return endInterruptedCall(t, -EINTR);
  const m = t.memory;
  setRegister(m, RAX, t.inSyscall);
  setRip(m, getRip(m) - SYSCALL_BYTES);
  t.inSyscall = -1;
}

function endInterruptedCall(t: Task, result: number): void {
  t.process.kernel.tracer?.leave(t, result);
  t.inSyscall = -1;
  setResult(t, result);
}

/** Longest instruction, and the first byte of EVEX encodings: in 64-bit mode it begins nothing else. */
const LONGEST_INSTRUCTION = 15, EVEX = 0x62;

/** What the instruction at rip begins with, for the report of a SIGILL. */
function undefinedCode({ u8, i32 }: GuestMemory): string {
  const at = (i32[STATE_RIP >> 2] >>> 0) - GUEST_BIAS;
  const bytes = [...u8.subarray(Math.max(at, 0), Math.max(at, 0) + LONGEST_INSTRUCTION)];
  const text = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return `, bytes ${text}${bytes[0] === EVEX ? ": AVX-512 is not there" : ""}`;
}

function killBySignal(k: Kernel, t: Task, signal: Signal, isCrash: boolean): void {
  const p = t.process;
  // Asked-for ends (SIGTERM, SIGKILL, SIGPIPE) are no news; crashes are.
  if (isCrash) {
    const rip = getRip(t.memory), where = `rip 0x${rip.toString(16)}${placeIn(p.space, rip)}`;
    const why = signal.number === SIGILL ? undefinedCode(t.memory) : "";
    k.host.log(0, `${p.exe || t.name} (pid ${p.pid}) ended by ${signalName(signal.number)}, ${where}${why}`);
  }
  exitProcess(k, p, killedStatus(signal.number));
}

/** " (/usr/lib/libfoo.so.1+0x1234)": a mapped file, and the offset in it; "" elsewhere. */
function placeIn(space: AddressSpace, rip: number): string {
  const v = space.find(rip);
  return v === undefined || v.file === null ? "" : ` (${v.name}+0x${(rip - v.start + v.fileOffset).toString(16)})`;
}

/** A signal that the task's own instruction caused: it cannot be blocked or ignored (force_sig in Linux). */
export function forceSignal(k: Kernel, t: Task, signal: Signal): void {
  const handlers = t.process.signalHandlers, n = signal.number;
  const blocked = maskHas(t.signalMask, n);
  if (blocked || handlers.handler[n] === SIG_IGN || n === SIGKILL || n === SIGSTOP) handlers.handler[n] = SIG_DFL;
  act(k, t, signal);
}
