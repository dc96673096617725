import { E2BIG, EACCES, EAGAIN, EFBIG, EIDRM, EINVAL, ERANGE } from "../abi/errno.ts";
import * as abi from "../abi/ipc.ts";
import { SYS_semctl, SYS_semget, SYS_semop, SYS_semtimedop } from "../abi/syscall_numbers.ts";
import { ipcControl, ipcPermission, loadPermissions, storePermissions } from "../ipc/objects.ts";
import { MUST_WAIT, type SemaphoreOperation, SemaphoreSet, SemaphoreWait } from "../ipc/semaphores.ts";
import type { Kernel } from "../kernel.ts";
import { loadU16, readableRange, storeU16, storeU32, storeU64, writableRange } from "../memory/user_memory.ts";
import { blockOnOne } from "../task/block.ts";
import type { Task } from "../task/task.ts";
import { deadlineAfter } from "../task/timespec.ts";
import { full, partial, type SyscallRow } from "./support.ts";

const S_IRUGO = 0o444, S_IWUGO = 0o222;

/** semget(2) */
function sysSemget(k: Kernel, t: Task, key: number, count: number, flags: number): number {
  if (count < 0 || count > abi.SEMMSL) return -EINVAL;
  const fits = (set: SemaphoreSet) => count > set.values.length ? -EINVAL : 0;
  const create = () => count === 0 ? -EINVAL : new SemaphoreSet(k, t, key, flags, count);
  return k.ipc.semaphores.find(t, key, flags, fits, create);
}

function sysSemop(k: Kernel, t: Task, id: number, pointer: number, count: number): number {
  return operate(k, t, id, pointer, count, 0);
}

function sysSemtimedop(k: Kernel, t: Task, id: number, pointer: number, count: number, timeout: number): number {
  return operate(k, t, id, pointer, count, timeout);
}

/** semop(2), semtimedop(2): all operations or none. */
function operate(k: Kernel, t: Task, id: number, pointer: number, count: number, timeout: number): number {
  const waiting = t.restart as SemaphoreWait | null;
  const set = waiting === null ? k.ipc.semaphores.get(id) : waiting.set;
  if (count < 1 || id < 0) return -EINVAL;
  if (count > abi.SEMOPM) return -E2BIG;
  const operations = readOperations(t, pointer, count);
  if (typeof operations === "number") return operations;
  const deadlineNs = waiting === null ? deadlineAfter(k, t, timeout) : waiting.deadlineNs;
  if (deadlineNs < 0) return deadlineNs;
  if (set === undefined) return -EINVAL;
  if (set.removed) return -EIDRM;
  if (operations.some((o) => o.index >= set.values.length)) return -EFBIG;
  const refused = ipcPermission(t, set, operations.some((o) => o.change !== 0) ? S_IWUGO : S_IRUGO);
  if (refused) return refused;
  const result = set.tryAll(k, t.process, operations);
  if (result !== MUST_WAIT) return result;
  if (t.wokenByTimeout) return -EAGAIN;
  const { index, change } = operations[set.stoppedAt];
  if (waiting === null) t.restart = new SemaphoreWait(set, deadlineNs, index, change === 0);
  else {
    waiting.index = index;
    waiting.forZero = change === 0;
  }
  return blockOnOne(t, set.changed, deadlineNs);
}

function readOperations(t: Task, pointer: number, count: number): SemaphoreOperation[] | number {
  const at = readableRange(t, pointer, count * abi.SEMBUF_BYTES);
  if (at < 0) return at;
  const { view } = t.memory;
  return Array.from({ length: count }, (_, i) => {
    const o = at + i * abi.SEMBUF_BYTES;
    return {
      index: view.getUint16(o, true),
      change: view.getInt16(o + 2, true),
      flags: view.getUint16(o + 4, true),
    };
  });
}

/** semctl(2) */
function sysSemctl(k: Kernel, t: Task, id: number, index: number, command: number, argument: number): number {
  if (id < 0) return -EINVAL;
  const { semaphores } = k.ipc;
  switch (command) {
    case abi.IPC_INFO:
    case abi.SEM_INFO:
      return semaphoreLimits(k, t, command, argument);
    case abi.SEM_STAT:
    case abi.SEM_STAT_ANY: {
      const set = semaphores.atSlot(id);
      return typeof set === "number" ? set : describe(t, set, argument, command === abi.SEM_STAT) || set.id;
    }
  }
  const set = semaphores.get(id);
  if (set === undefined) return -EINVAL;
  switch (command) {
    case abi.IPC_STAT:
      return describe(t, set, argument, true);
    case abi.IPC_RMID: {
      const refused = ipcControl(t, set);
      if (refused) return refused;
      semaphores.remove(set);
      set.removed = true;
      set.changed.wake();
      return 0;
    }
    case abi.IPC_SET: {
      const at = readableRange(t, argument, abi.SEMID_DS_BYTES);
      if (at < 0) return at;
      const refused = ipcControl(t, set);
      if (refused === 0) loadPermissions(k, t, at, set);
      return refused;
    }
    case abi.GETALL:
    case abi.SETALL:
      return allValues(k, t, set, command, argument);
    default:
      return oneValue(k, t, set, index, command, argument);
  }
}

function describe(t: Task, set: SemaphoreSet, pointer: number, checked: boolean): number {
  const refused = checked ? ipcPermission(t, set, S_IRUGO) : 0;
  if (refused) return refused;
  const at = writableRange(t, pointer, abi.SEMID_DS_BYTES);
  if (at < 0) return at;
  const m = t.memory;
  m.u8.fill(0, at, at + abi.SEMID_DS_BYTES);
  storePermissions(t, at, set);
  storeU64(m, at + 48, set.operatedSeconds);
  storeU64(m, at + 64, set.changedSeconds);
  storeU64(m, at + 80, set.values.length);
  return 0;
}

/** struct seminfo; the result is the highest slot in use. */
function semaphoreLimits(k: Kernel, t: Task, command: number, pointer: number): number {
  const at = writableRange(t, pointer, abi.SEMINFO_BYTES);
  if (at < 0) return at;
  const { semaphores } = k.ipc, inUse = command === abi.SEM_INFO;
  const total = semaphores.slots.reduce((n, set) => n + (set?.values.length ?? 0), 0);
  const { SEMMNS, SEMMNI, SEMMSL, SEMOPM, SEMVMX } = abi;
  const usz = inUse ? semaphores.count : 20, aem = inUse ? total : SEMVMX;
  [SEMMNS, SEMMNI, SEMMNS, SEMMNS, SEMMSL, SEMOPM, SEMOPM, usz, SEMVMX, aem]
    .forEach((v, i) => storeU32(t.memory, at + 4 * i, v));
  return semaphores.highest;
}

function allValues(k: Kernel, t: Task, set: SemaphoreSet, command: number, pointer: number): number {
  const refused = ipcPermission(t, set, command === abi.GETALL ? S_IRUGO : S_IWUGO);
  if (refused) return refused;
  const { values } = set, m = t.memory;
  if (command === abi.GETALL) {
    const at = writableRange(t, pointer, values.length * 2);
    if (at < 0) return at;
    values.forEach((v, i) => storeU16(m, at + 2 * i, v));
    return 0;
  }
  const at = readableRange(t, pointer, values.length * 2);
  if (at < 0) return at;
  const wanted = Array.from(values, (_, i) => loadU16(m, at + 2 * i));
  if (wanted.some((v) => v > abi.SEMVMX)) return -ERANGE;
  wanted.forEach((v, i) => set.assign(k, t.process, i, v));
  return 0;
}

function oneValue(k: Kernel, t: Task, set: SemaphoreSet, index: number, command: number, argument: number): number {
  const knows = command === abi.SETVAL || (command >= abi.GETPID && command <= abi.GETZCNT);
  if (!knows || index < 0 || index >= set.values.length) return -EINVAL;
  const refused = ipcPermission(t, set, command === abi.SETVAL ? S_IWUGO : S_IRUGO);
  if (refused) return -EACCES;
  switch (command) {
    case abi.SETVAL:
      if (argument < 0 || argument > abi.SEMVMX) return -ERANGE;
      set.assign(k, t.process, index, argument);
      return 0;
    case abi.GETVAL:
      return set.values[index];
    case abi.GETPID:
      return set.pids[index];
    default:
      return set.waiters(k, index, command === abi.GETZCNT);
  }
}

export const semRows: [number, SyscallRow][] = [
  [SYS_semget, full("semget", sysSemget, ["key:int", "nsems:int", "flags:octal"])],
  [SYS_semop, full("semop", sysSemop, ["id:int", "ops", "nops:uint"])],
  [SYS_semtimedop, full("semtimedop", sysSemtimedop, ["id:int", "ops", "nops:uint", "timeout"])],
  [SYS_semctl, partial("semctl", sysSemctl, "any order among waiters", ["id:int", "index:int", "cmd:int", "arg"])],
];
