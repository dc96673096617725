import { STATE_FSBASE, STATE_GSBASE } from "../../machine/state.ts";
import { EFAULT, EINVAL, ENODEV, EPERM } from "../abi/errno.ts";
import { SECBIT_KEEP_CAPS } from "../abi/capability.ts";
import * as prctl from "../abi/prctl.ts";
import { SYS_arch_prctl, SYS_personality, SYS_prctl } from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import { decodeBytes, encodeBytes } from "../memory/byte_string.ts";
import { copyToUser, readableRange, writeU32, writeU64 } from "../memory/user_memory.ts";
import { seccompMode } from "../task/seccomp.ts";
import { DEFAULT_TIMER_SLACK_NS, type Task } from "../task/task.ts";
import { changeAmbient, dropBounding, readBounding, setSecureBits } from "./capability.ts";
import { setSeccompMode } from "./seccomp.ts";
import { full, partial, type SyscallRow } from "./support.ts";

/** TASK_COMM_LEN. */
const NAME_BYTES = 16;

function sysPrctl(k: Kernel, t: Task, option: number, a: number, b: number, c: number, d: number): number {
  const p = t.process;
  switch (option) {
    case prctl.PR_SET_NAME:
      return setName(t, a);
    case prctl.PR_GET_NAME: {
      const bytes = new Uint8Array(NAME_BYTES);
      bytes.set(encodeBytes(t.name).subarray(0, NAME_BYTES - 1));
      return copyToUser(t, a, bytes);
    }
    case prctl.PR_SET_PDEATHSIG:
      if (a < 0 || a > 64) return -EINVAL;
      p.parentDeathSignal = a;
      return 0;
    case prctl.PR_GET_PDEATHSIG:
      return writeU32(t, a, p.parentDeathSignal);
    case prctl.PR_SET_DUMPABLE:
      if (a !== 0 && a !== 1) return -EINVAL;
      p.dumpable = a;
      return 0;
    case prctl.PR_GET_DUMPABLE:
      return p.dumpable;
    case prctl.PR_SET_KEEPCAPS:
      if (a !== 0 && a !== 1) return -EINVAL;
      if (p.credentials.secureBits & (SECBIT_KEEP_CAPS << 1)) return -EPERM;
      p.credentials.secureBits = p.credentials.secureBits & ~SECBIT_KEEP_CAPS | (a === 1 ? SECBIT_KEEP_CAPS : 0);
      return 0;
    case prctl.PR_GET_KEEPCAPS:
      return p.credentials.secureBits & SECBIT_KEEP_CAPS ? 1 : 0;
    case prctl.PR_SET_NO_NEW_PRIVS:
      if (a !== 1 || b !== 0 || c !== 0 || d !== 0) return -EINVAL;
      p.noNewPrivs = true;
      return 0;
    case prctl.PR_GET_NO_NEW_PRIVS:
      return a !== 0 || b !== 0 || c !== 0 || d !== 0 ? -EINVAL : p.noNewPrivs ? 1 : 0;
    case prctl.PR_SET_CHILD_SUBREAPER:
      p.childSubreaper = k.arg64(1) !== 0;
      return 0;
    case prctl.PR_GET_CHILD_SUBREAPER:
      return writeU32(t, a, p.childSubreaper ? 1 : 0);
    case prctl.PR_GET_TID_ADDRESS:
      return writeU64(t, a, t.clearChildTid);
    case prctl.PR_CAPBSET_READ:
      return readBounding(p.credentials, a);
    case prctl.PR_CAPBSET_DROP:
      return dropBounding(p.credentials, a);
    case prctl.PR_GET_SECUREBITS:
      return p.credentials.secureBits;
    case prctl.PR_GET_THP_DISABLE:
      return p.thpDisabled ? 1 : 0;
    case prctl.PR_SET_THP_DISABLE:
      p.thpDisabled = a !== 0;
      return 0;
    case prctl.PR_GET_SECCOMP:
      return seccompMode(t);
    case prctl.PR_SET_SECCOMP:
      return setSeccompMode(t, a, b);
    case prctl.PR_GET_TIMING:
    case prctl.PR_TASK_PERF_EVENTS_DISABLE:
    case prctl.PR_TASK_PERF_EVENTS_ENABLE:
      return 0;
    case prctl.PR_SET_TIMING:
      return a === prctl.PR_TIMING_STATISTICAL ? 0 : -EINVAL;
    case prctl.PR_GET_TSC:
      return writeU32(t, a, prctl.PR_TSC_ENABLE);
    case prctl.PR_MCE_KILL_GET:
      return prctl.PR_MCE_KILL_DEFAULT;
    // CAP_SYS_RESOURCE is not a container's.
    case prctl.PR_SET_MM:
    case prctl.PR_SET_IO_FLUSHER:
    case prctl.PR_GET_IO_FLUSHER:
      return -EPERM;
    case prctl.PR_SET_SECUREBITS:
      return setSecureBits(p.credentials, a);
    case prctl.PR_CAP_AMBIENT:
      return changeAmbient(p.credentials, a, b);
    case prctl.PR_SET_TIMERSLACK:
      t.timerSlackNs = a > 0 ? a : DEFAULT_TIMER_SLACK_NS;
      return 0;
    case prctl.PR_GET_TIMERSLACK:
      return t.timerSlackNs;
    // Names for anonymous mappings: a kernel built without CONFIG_ANON_VMA_NAME refuses them, and malloc does not mind.
    case prctl.PR_SET_VMA:
    default:
      return -EINVAL;
  }
}

function setName(t: Task, pointer: number): number {
  // strncpy_from_user of at most 15 bytes: a longer name is cut off.
  let length = 0;
  for (; length < NAME_BYTES - 1; length++) {
    const at = readableRange(t, (pointer >>> 0) + length, 1);
    if (at < 0) return -EFAULT;
    if (t.memory.u8[at] === 0) break;
  }
  const start = readableRange(t, pointer, length);
  t.name = decodeBytes(t.memory.u8, start, start + length);
  return 0;
}

function sysArchPrctl(k: Kernel, t: Task, code: number, address: number): number {
  const i32 = t.memory.i32;
  switch (code) {
    case prctl.ARCH_SET_FS:
    case prctl.ARCH_SET_GS: {
      // Bases beyond 4 GiB do not exist in our guests.
      const base = k.arg64(1);
      if (base < 0 || base > 0xffffffff) return -EPERM;
      i32[(code === prctl.ARCH_SET_FS ? STATE_FSBASE : STATE_GSBASE) / 4] = address;
      return 0;
    }
    case prctl.ARCH_GET_FS:
      return writeU64(t, address, i32[STATE_FSBASE / 4] >>> 0);
    case prctl.ARCH_GET_GS:
      return writeU64(t, address, i32[STATE_GSBASE / 4] >>> 0);
    case prctl.ARCH_GET_CPUID:
      return 1;
    case prctl.ARCH_SET_CPUID:
      return -ENODEV;
    default:
      return -EINVAL;
  }
}

function sysPersonality(_k: Kernel, t: Task, persona: number): number {
  const old = t.process.personality;
  if (persona !== -1) t.process.personality = persona >>> 0;
  return old;
}

export const prctlRows: readonly (readonly [number, SyscallRow])[] = [
  [
    SYS_prctl,
    partial(
      "prctl",
      sysPrctl,
      "names, death signal, dumpable, no_new_privs, subreaper, capabilities; slack is accepted",
      [
        "option:int",
        "a",
        "b",
        "c",
        "d",
      ],
    ),
  ],
  [SYS_arch_prctl, full("arch_prctl", sysArchPrctl, ["code", "addr"])],
  [SYS_personality, partial("personality", sysPersonality, "kept, changes nothing", ["persona"])],
];
