import {
  EACCES,
  EAGAIN,
  EBADF,
  EBUSY,
  EEXIST,
  EINVAL,
  EMFILE,
  EMSGSIZE,
  ENAMETOOLONG,
  ENOENT,
  ENOSPC,
  ETIMEDOUT,
} from "../abi/errno.ts";
import { NAME_MAX, O_ACCMODE, O_CREAT, O_EXCL, O_NONBLOCK, O_RDONLY, O_WRONLY } from "../abi/fcntl.ts";
import * as abi from "../abi/mqueue.ts";
import { RLIMIT_MSGQUEUE } from "../abi/resource.ts";
import { SIGEV_NONE, SIGEV_SIGNAL } from "../abi/signal.ts";
import * as sys from "../abi/syscall_numbers.ts";
import { PosixQueue, PosixQueueDescription } from "../ipc/posix_queue.ts";
import type { Kernel } from "../kernel.ts";
import { MemoryDirectory } from "../fs/memory_inodes.ts";
import {
  loadI64,
  loadU32,
  loadU64,
  readableRange,
  readCString,
  storeU64,
  writableRange,
  writeU32,
} from "../memory/user_memory.ts";
import { blockOnOne } from "../task/block.ts";
import type { Task } from "../task/task.ts";
import { monotonicDeadline, readTimespecNs } from "../task/timespec.ts";
import { ATIME, CTIME, MTIME } from "../vfs/inode.ts";
import { MAY_READ, MAY_WRITE, mayDelete, permission } from "../vfs/permission.ts";
import type { WaitQueue } from "../wait_queue.ts";
import { full, partial, type SyscallRow } from "./support.ts";

/** Bytes of struct sigevent that are looked at. */
const SIGEVENT_BYTES = 64;

/** The name of a queue, without the slash that C libraries leave out; or a negative errno. */
function queueName(t: Task, pointer: number): string | number {
  const name = readCString(t, pointer);
  if (typeof name === "number") return name;
  if (name === "") return -ENOENT;
  if (name.includes("/") || name === "." || name === "..") return -EACCES;
  return name.length > NAME_MAX ? -ENAMETOOLONG : name;
}

function directoryOf(k: Kernel): MemoryDirectory {
  return k.vfs.mqueue.root.inode as MemoryDirectory;
}

function sysMqOpen(k: Kernel, t: Task, namePointer: number, flags: number, mode: number, attr: number): number {
  let attributes: { maxMessages: number; messageBytes: number } | null = null;
  if (attr !== 0) {
    const at = readableRange(t, attr, abi.MQ_ATTR_BYTES);
    if (at < 0) return at;
    attributes = { maxMessages: loadI64(t.memory, at + 8), messageBytes: loadI64(t.memory, at + 16) };
  }
  const name = queueName(t, namePointer);
  if (typeof name === "number") return name;
  const root = k.vfs.mqueue.root, directory = directoryOf(k);
  let dentry = directory.child(root, name);
  if (dentry !== null) {
    if ((flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL)) return -EEXIST;
    if ((flags & O_ACCMODE) === 3) return -EINVAL;
    const wanted = [MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE][flags & O_ACCMODE];
    const refused = permission(t.process.credentials, dentry.inode, wanted);
    if (refused) return refused;
  } else {
    if (!(flags & O_CREAT)) return -ENOENT;
    if (t.process.fds.isFull) return -EMFILE;
    const made = makeQueue(k, t, mode & 0o7777 & ~t.process.fs.umask, attributes);
    if (typeof made === "number") return made;
    dentry = directory.attach(root, name, made);
  }
  const d = (dentry.inode as PosixQueue).open(k, t, dentry);
  d.statusFlags = flags & (O_ACCMODE | O_NONBLOCK);
  d.refs++;
  const fd = t.process.fds.install(d, true);
  if (--d.refs === 0) d.release(k);
  return fd;
}

function makeQueue(
  k: Kernel,
  t: Task,
  mode: number,
  attributes: { maxMessages: number; messageBytes: number } | null,
): PosixQueue | number {
  const { maxMessages, messageBytes } = attributes ?? { maxMessages: abi.MSG_MAX, messageBytes: abi.MSGSIZE_MAX };
  if (maxMessages <= 0 || messageBytes <= 0) return -EINVAL;
  // CAP_SYS_RESOURCE, which goes further, is not a container's.
  if (maxMessages > abi.MSG_MAX || messageBytes > abi.MSGSIZE_MAX) return -EINVAL;
  const directory = directoryOf(k), c = t.process.credentials;
  if (directory.children.size >= abi.QUEUES_MAX) return -ENOSPC;
  if (maxMessages * messageBytes > t.process.limits.soft[RLIMIT_MSGQUEUE]) return -EMFILE;
  const queue = new PosixQueue(
    directory.fs,
    directory.fs.allocateIno(),
    mode,
    c.fsuid,
    c.fsgid,
    maxMessages,
    messageBytes,
  );
  queue.touch(k, ATIME | MTIME | CTIME);
  return queue;
}

function sysMqUnlink(k: Kernel, t: Task, namePointer: number): number {
  const name = queueName(t, namePointer);
  if (typeof name === "number") return name;
  const directory = directoryOf(k), dentry = directory.child(k.vfs.mqueue.root, name);
  if (dentry === null) return -ENOENT;
  const refused = mayDelete(t.process.credentials, directory, dentry.inode);
  if (refused) return refused;
  directory.detach(dentry);
  dentry.deleted = true;
  dentry.inode.nlink--;
  return 0;
}

/** The open queue of a descriptor, if it is open for what is to be done with it. */
function queueOf(t: Task, fd: number, wrongAccess: number): PosixQueueDescription | null {
  const d = t.process.fds.get(fd);
  return d instanceof PosixQueueDescription && (d.statusFlags & O_ACCMODE) !== wrongAccess ? d : null;
}

/** Kept in task.restart while a call waits: the timeout, which is absolute, on the monotonic clock. */
interface QueueWait {
  deadlineNs: number;
}

/** The deadline of a call: Infinity for no timeout; -EINVAL or -EFAULT. */
function deadlineOf(k: Kernel, t: Task, timeout: number): number {
  if (t.restart !== null) return (t.restart as QueueWait).deadlineNs;
  if (timeout === 0) return Infinity;
  const ns = readTimespecNs(t, timeout);
  return ns < 0 ? ns : monotonicDeadline(k, ns, "realtime");
}

function wait(k: Kernel, t: Task, d: PosixQueueDescription, queue: WaitQueue, deadlineNs: number): number {
  if (d.statusFlags & O_NONBLOCK) return -EAGAIN;
  if (deadlineNs !== Infinity && (t.wokenByTimeout || k.clock.monotonicNs() >= deadlineNs)) return -ETIMEDOUT;
  t.restart = { deadlineNs } satisfies QueueWait;
  return blockOnOne(t, queue, deadlineNs);
}

function sysMqTimedsend(
  k: Kernel,
  t: Task,
  fd: number,
  pointer: number,
  _length: number,
  priority: number,
  timeout: number,
): number {
  if (priority >>> 0 >= abi.MQ_PRIO_MAX) return -EINVAL;
  const deadlineNs = deadlineOf(k, t, timeout);
  if (deadlineNs < 0) return deadlineNs;
  const d = queueOf(t, fd, O_RDONLY);
  if (d === null) return -EBADF;
  const queue = d.inode, length = k.arg64(2);
  if (length < 0 || length > queue.messageBytes) return -EMSGSIZE;
  const at = readableRange(t, pointer, length);
  if (at < 0) return at;
  if (queue.messages.length >= queue.maxMessages) return wait(k, t, d, queue.senders, deadlineNs);
  queue.put(t, { priority, bytes: t.memory.u8.slice(at, at + length) });
  queue.touch(k, ATIME | MTIME | CTIME);
  return 0;
}

function sysMqTimedreceive(
  k: Kernel,
  t: Task,
  fd: number,
  pointer: number,
  _length: number,
  priority: number,
  timeout: number,
): number {
  const deadlineNs = deadlineOf(k, t, timeout);
  if (deadlineNs < 0) return deadlineNs;
  const d = queueOf(t, fd, O_WRONLY);
  if (d === null) return -EBADF;
  const queue = d.inode, length = k.arg64(2);
  if (length >= 0 && length < queue.messageBytes) return -EMSGSIZE;
  if (queue.messages.length === 0) return wait(k, t, d, queue.receivers, deadlineNs);
  const message = queue.take()!, at = writableRange(t, pointer, message.bytes.length);
  queue.touch(k, ATIME | MTIME | CTIME);
  if (at < 0) return at;
  t.memory.u8.set(message.bytes, at);
  const error = priority === 0 ? 0 : writeU32(t, priority, message.priority);
  return error < 0 ? error : message.bytes.length;
}

function sysMqNotify(_k: Kernel, t: Task, fd: number, event: number): number {
  const at = event === 0 ? 0 : readableRange(t, event, SIGEVENT_BYTES);
  if (at < 0) return at;
  const m = t.memory;
  const signal = loadU32(m, at + 8), notify = loadU32(m, at + 12);
  // SIGEV_THREAD is the C library's affair, which asks for a message on a netlink socket: not there.
  if (event !== 0 && notify !== SIGEV_NONE && notify !== SIGEV_SIGNAL) return -EINVAL;
  if (event !== 0 && notify === SIGEV_SIGNAL && signal > 64) return -EINVAL;
  const d = t.process.fds.get(fd);
  if (!(d instanceof PosixQueueDescription)) return -EBADF;
  const queue = d.inode;
  if (event === 0) {
    if (queue.notification?.process === t.process) queue.notification = null;
    return 0;
  }
  if (queue.notification !== null && !queue.notification.process.zombie) return -EBUSY;
  const process = t.process, valueLow = loadU32(m, at), valueHigh = loadU32(m, at + 4);
  queue.notification = { process, notify, signal, valueLow, valueHigh };
  return 0;
}

function sysMqGetsetattr(_k: Kernel, t: Task, fd: number, newAttr: number, oldAttr: number): number {
  const from = newAttr === 0 ? 0 : readableRange(t, newAttr, abi.MQ_ATTR_BYTES);
  if (from < 0) return from;
  const flags = loadU64(t.memory, from);
  if (newAttr !== 0 && flags !== 0 && flags !== O_NONBLOCK) return -EINVAL;
  const d = t.process.fds.get(fd);
  if (!(d instanceof PosixQueueDescription)) return -EBADF;
  const was = d.statusFlags & O_NONBLOCK;
  if (newAttr !== 0) d.statusFlags = (d.statusFlags & ~O_NONBLOCK) | flags;
  if (oldAttr === 0) return 0;
  const to = writableRange(t, oldAttr, abi.MQ_ATTR_BYTES), m = t.memory;
  if (to < 0) return to;
  m.u8.fill(0, to, to + abi.MQ_ATTR_BYTES);
  [was, d.inode.maxMessages, d.inode.messageBytes, d.inode.messages.length]
    .forEach((value, i) => storeU64(m, to + i * 8, value));
  return 0;
}

const MESSAGE = ["mqdes:fd", "msg_ptr", "msg_len:uint", "prio", "timeout"];

export const mqRows: readonly (readonly [number, SyscallRow])[] = [
  [sys.SYS_mq_open, full("mq_open", sysMqOpen, ["name:path", "flags:octal", "mode:octal", "attr"])],
  [sys.SYS_mq_unlink, full("mq_unlink", sysMqUnlink, ["name:path"])],
  [sys.SYS_mq_timedsend, full("mq_timedsend", sysMqTimedsend, MESSAGE)],
  [sys.SYS_mq_timedreceive, full("mq_timedreceive", sysMqTimedreceive, MESSAGE)],
  [sys.SYS_mq_notify, partial("mq_notify", sysMqNotify, "no SIGEV_THREAD (EINVAL)", ["mqdes:fd", "event"])],
  [sys.SYS_mq_getsetattr, full("mq_getsetattr", sysMqGetsetattr, ["mqdes:fd", "new", "old"])],
];
