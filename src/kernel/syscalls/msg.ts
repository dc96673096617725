import { E2BIG, EAGAIN, EIDRM, EINVAL, ENOMSG, EPERM } from "../abi/errno.ts";
import * as abi from "../abi/ipc.ts";
import { SYS_msgctl, SYS_msgget, SYS_msgrcv, SYS_msgsnd } from "../abi/syscall_numbers.ts";
import { MessageQueue, MessageQueueWait } from "../ipc/message_queue.ts";
import { ipcControl, ipcPermission, loadPermissions, secondsNow, storePermissions } from "../ipc/objects.ts";
import type { Kernel } from "../kernel.ts";
import { loadI64, loadU64, readableRange, storeU16, storeU32, storeU64, writableRange } from "../memory/user_memory.ts";
import { blockOnOne } from "../task/block.ts";
import type { Task } from "../task/task.ts";
import { full, type SyscallRow } from "./support.ts";

const S_IRUGO = 0o444, S_IWUGO = 0o222;
/** struct msgbuf starts with the type, a long. */
const TYPE_BYTES = 8;

/** msgget(2) */
function sysMsgget(k: Kernel, t: Task, key: number, flags: number): number {
  return k.ipc.queues.find(t, key, flags, () => 0, () => new MessageQueue(k, t, key, flags));
}

/** The queue of a call that may have waited before, or a negative errno. */
function queueOf(k: Kernel, t: Task, id: number, wanted: number): MessageQueue | number {
  const queue = t.restart === null ? k.ipc.queues.get(id) : (t.restart as MessageQueueWait).queue;
  if (queue === undefined) return -EINVAL;
  if (queue.removed) return -EIDRM;
  return ipcPermission(t, queue, wanted) || queue;
}

function wait(t: Task, queue: MessageQueue): number {
  if (t.restart === null) t.restart = new MessageQueueWait(queue);
  return blockOnOne(t, queue.changed);
}

/** msgsnd(2) */
function sysMsgsnd(k: Kernel, t: Task, id: number, pointer: number, _size: number, flags: number): number {
  const size = k.arg64(2);
  const typeAt = readableRange(t, pointer, TYPE_BYTES);
  if (typeAt < 0) return typeAt;
  const type = loadI64(t.memory, typeAt);
  if (size < 0 || size > abi.MSGMAX || id < 0 || type < 1) return -EINVAL;
  const at = readableRange(t, (pointer >>> 0) + TYPE_BYTES, size);
  if (at < 0) return at;
  const queue = queueOf(k, t, id, S_IWUGO);
  if (typeof queue === "number") return queue;
  if (!queue.hasRoomFor(size)) return flags & abi.IPC_NOWAIT ? -EAGAIN : wait(t, queue);
  queue.put({ type, bytes: t.memory.u8.slice(at, at + size) });
  queue.sender = t.process.pid;
  queue.sentSeconds = secondsNow(k);
  return 0;
}

/** msgrcv(2) */
function sysMsgrcv(
  k: Kernel,
  t: Task,
  id: number,
  pointer: number,
  _size: number,
  _type: number,
  flags: number,
): number {
  const size = k.arg64(2), type = k.arg64(3);
  if (id < 0 || size < 0) return -EINVAL;
  const copies = (flags & abi.MSG_COPY) !== 0;
  if (copies && ((flags & abi.MSG_EXCEPT) || !(flags & abi.IPC_NOWAIT))) return -EINVAL;
  const queue = queueOf(k, t, id, S_IRUGO);
  if (typeof queue === "number") return queue;
  const index = copies ? (type < queue.messages.length ? type : -1) : queue.find(type, flags);
  if (index < 0) return flags & abi.IPC_NOWAIT ? -ENOMSG : wait(t, queue);
  const message = queue.messages[index], n = Math.min(size, message.bytes.length);
  if (n < message.bytes.length && !(flags & abi.MSG_NOERROR)) return -E2BIG;
  const at = writableRange(t, pointer, TYPE_BYTES + n);
  if (!copies) {
    queue.take(index);
    queue.receiver = t.process.pid;
    queue.receivedSeconds = secondsNow(k);
  }
  if (at < 0) return at;
  storeU64(t.memory, at, message.type);
  t.memory.u8.set(message.bytes.subarray(0, n), at + TYPE_BYTES);
  return n;
}

/** msgctl(2) */
function sysMsgctl(k: Kernel, t: Task, id: number, command: number, pointer: number): number {
  if (id < 0) return -EINVAL;
  const { queues } = k.ipc;
  switch (command) {
    case abi.IPC_INFO:
    case abi.MSG_INFO:
      return queueLimits(k, t, command, pointer);
    case abi.MSG_STAT:
    case abi.MSG_STAT_ANY: {
      const queue = queues.atSlot(id);
      return typeof queue === "number" ? queue : describe(t, queue, pointer, command === abi.MSG_STAT) || queue.id;
    }
  }
  const queue = queues.get(id);
  if (queue === undefined) return -EINVAL;
  switch (command) {
    case abi.IPC_STAT:
      return describe(t, queue, pointer, true);
    case abi.IPC_SET: {
      const at = readableRange(t, pointer, abi.MSQID_DS_BYTES);
      if (at < 0) return at;
      const limit = loadU64(t.memory, at + 88);
      const refused = ipcControl(t, queue);
      if (refused) return refused;
      if (limit > abi.MSGMNB && !t.process.credentials.privileged) return -EPERM;
      queue.byteLimit = limit;
      loadPermissions(k, t, at, queue);
      queue.changed.wake();
      return 0;
    }
    case abi.IPC_RMID: {
      const refused = ipcControl(t, queue);
      if (refused) return refused;
      queues.remove(queue);
      queue.removed = true;
      queue.changed.wake();
      return 0;
    }
    default:
      return -EINVAL;
  }
}

function describe(t: Task, queue: MessageQueue, pointer: number, checked: boolean): number {
  const refused = checked ? ipcPermission(t, queue, S_IRUGO) : 0;
  if (refused) return refused;
  const at = writableRange(t, pointer, abi.MSQID_DS_BYTES);
  if (at < 0) return at;
  const m = t.memory;
  m.u8.fill(0, at, at + abi.MSQID_DS_BYTES);
  storePermissions(t, at, queue);
  const { sentSeconds, receivedSeconds, changedSeconds, bytes, messages, byteLimit } = queue;
  [sentSeconds, receivedSeconds, changedSeconds, bytes, messages.length, byteLimit]
    .forEach((v, i) => storeU64(m, at + 48 + 8 * i, v));
  storeU32(m, at + 96, queue.sender);
  storeU32(m, at + 100, queue.receiver);
  return 0;
}

/** struct msginfo; the result is the highest slot in use. */
function queueLimits(k: Kernel, t: Task, command: number, pointer: number): number {
  const at = writableRange(t, pointer, abi.MSGINFO_BYTES);
  if (at < 0) return at;
  const { queues } = k.ipc, m = t.memory, inUse = command === abi.MSG_INFO;
  const count = queues.slots.reduce((n, q) => n + (q?.messages.length ?? 0), 0);
  const bytes = queues.slots.reduce((n, q) => n + (q?.bytes ?? 0), 0);
  const SEGMENT_BYTES = 16, POOL_KB = abi.MSGMNI * abi.MSGMNB / 1024, MAP_ENTRIES = abi.MSGMNB;
  const pool = inUse ? queues.count : POOL_KB, map = inUse ? count : MAP_ENTRIES, tql = inUse ? bytes : abi.MSGMNB;
  [pool, map, abi.MSGMAX, abi.MSGMNB, abi.MSGMNI, SEGMENT_BYTES, tql].forEach((v, i) => storeU32(m, at + 4 * i, v));
  storeU16(m, at + 28, 0xffff);
  return queues.highest;
}

export const msgRows: [number, SyscallRow][] = [
  [SYS_msgget, full("msgget", sysMsgget, ["key:int", "flags:octal"])],
  [SYS_msgsnd, full("msgsnd", sysMsgsnd, ["id:int", "msg", "size:uint", "flags:octal"])],
  [SYS_msgrcv, full("msgrcv", sysMsgrcv, ["id:int", "msg", "size:uint", "type:int", "flags:octal"])],
  [SYS_msgctl, full("msgctl", sysMsgctl, ["id:int", "cmd:int", "buf"])],
];
