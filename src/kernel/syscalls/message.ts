import { EAGAIN, EINVAL, EMSGSIZE } from "../abi/errno.ts";
import {
  MMSGHDR_BYTES,
  MMSGHDR_LEN,
  MSG_CMSG_CLOEXEC,
  MSG_DONTWAIT,
  MSG_WAITFORONE,
  MSGHDR_BYTES,
  MSGHDR_CONTROL,
  MSGHDR_CONTROLLEN,
  MSGHDR_FLAGS,
  MSGHDR_IOV,
  MSGHDR_IOVLEN,
  MSGHDR_NAME,
  MSGHDR_NAMELEN,
  SOCKADDR_STORAGE_BYTES,
  UIO_MAXIOV,
} from "../abi/socket.ts";
import { SYS_recvmmsg, SYS_recvmsg, SYS_sendmmsg, SYS_sendmsg } from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import {
  loadI32,
  loadU32,
  loadU64,
  readableIovecs,
  readableRange,
  storeU32,
  storeU64,
  writableIovecs,
  writableRange,
} from "../memory/user_memory.ts";
import type { SocketAddress } from "../net/address.ts";
import { encodeSockaddr } from "../net/sockaddr.ts";
import { type Ancillary, discardAncillary, type Socket } from "../net/socket.ts";
import type { Task } from "../task/task.ts";
import { readTimespecNs, writeTimespec } from "../task/timespec.ts";
import { BLOCKED } from "../wait_queue.ts";
import { readControl, writeControl } from "./control_message.ts";
import { movedBefore, Transfer } from "./io_wait.ts";
import { receiveBuffers, received, sendBuffers } from "./send_receive.ts";
import { readAddress, socketOf, waitOnSocket } from "./socket_support.ts";
import { full, partial, type SyscallRow } from "./support.ts";

/** sendmsg(2) */
function sysSendmsg(k: Kernel, t: Task, fd: number, header: number, flags: number): number {
  const socket = socketOf(t, fd);
  return typeof socket === "number" ? socket : sendOne(k, t, socket, header, flags);
}

function sendOne(k: Kernel, t: Task, socket: Socket, header: number, flags: number): number {
  const at = readableRange(t, header, MSGHDR_BYTES);
  if (at < 0) return at;
  const m = t.memory;
  const name = loadU32(m, at + MSGHDR_NAME), nameLength = loadI32(m, at + MSGHDR_NAMELEN);
  const count = loadU64(m, at + MSGHDR_IOVLEN);
  if (nameLength < 0) return -EINVAL;
  if (count > UIO_MAXIOV) return -EMSGSIZE;
  let to: SocketAddress | null = null;
  if (name !== 0 && nameLength > 0) {
    const address = readAddress(t, name, Math.min(nameLength, SOCKADDR_STORAGE_BYTES));
    if (typeof address === "number") return address;
    to = address;
  }
  const total = readableIovecs(t, loadU32(m, at + MSGHDR_IOV), count);
  if (total < 0) return total;
  let ancillary: Ancillary | null = null;
  const controlLength = loadU64(m, at + MSGHDR_CONTROLLEN);
  // Ancillary data went with the first bytes: not again when a blocked call goes on.
  if (controlLength > 0 && movedBefore(t) === 0) {
    const control = readControl(t, socket, loadU32(m, at + MSGHDR_CONTROL), controlLength);
    if (typeof control === "number") return control;
    ancillary = control;
  }
  const n = sendBuffers(k, t, socket, flags, to, ancillary);
  const sent = n > 0 || (n === 0 && !socket.isStream) || (n === BLOCKED && movedBefore(t) > 0);
  if (ancillary !== null && !sent) discardAncillary(k, ancillary);
  return n;
}

/** recvmsg(2) */
function sysRecvmsg(k: Kernel, t: Task, fd: number, header: number, flags: number): number {
  const socket = socketOf(t, fd);
  return typeof socket === "number" ? socket : receiveOne(k, t, socket, header, flags);
}

function receiveOne(k: Kernel, t: Task, socket: Socket, header: number, flags: number): number {
  const at = writableRange(t, header, MSGHDR_BYTES);
  if (at < 0) return at;
  const m = t.memory;
  const nameRoom = loadI32(m, at + MSGHDR_NAMELEN), count = loadU64(m, at + MSGHDR_IOVLEN);
  if (nameRoom < 0) return -EINVAL;
  if (count > UIO_MAXIOV) return -EMSGSIZE;
  const total = writableIovecs(t, loadU32(m, at + MSGHDR_IOV), count);
  if (total < 0) return total;
  received.clear();
  const n = receiveBuffers(k, t, socket, flags & ~MSG_CMSG_CLOEXEC, received);
  if (n < 0) return n;
  const named = storeName(t, at, nameRoom);
  if (named < 0) return named;
  const control = writeControl(k, t, socket, received, {
    pointer: loadU32(t.memory, at + MSGHDR_CONTROL),
    room: loadU64(t.memory, at + MSGHDR_CONTROLLEN),
    cloexec: (flags & MSG_CMSG_CLOEXEC) !== 0,
  });
  if (control < 0) return control;
  storeU64(t.memory, at + MSGHDR_CONTROLLEN, control);
  storeU32(t.memory, at + MSGHDR_FLAGS, received.flags | (flags & MSG_CMSG_CLOEXEC));
  return n;
}

function storeName(t: Task, header: number, room: number): number {
  const pointer = loadU32(t.memory, header + MSGHDR_NAME);
  if (pointer === 0) return 0;
  const bytes = received.from === null ? new Uint8Array(0) : encodeSockaddr(received.from);
  const n = Math.min(room, bytes.length);
  const at = writableRange(t, pointer, n);
  if (at < 0) return at;
  t.memory.u8.set(bytes.subarray(0, n), at);
  storeU32(t.memory, header + MSGHDR_NAMELEN, bytes.length);
  return 0;
}

/** One message of sendmmsg or recvmmsg. */
type Move = (k: Kernel, t: Task, socket: Socket, header: number, flags: number) => number;

/** sendmmsg(2) */
function sysSendmmsg(k: Kernel, t: Task, fd: number, headers: number, count: number, flags: number): number {
  return moveMany(k, t, fd, headers, count, flags, sendOne);
}

/** recvmmsg(2); the timeout is looked at when a message has come, as Linux does. */
function sysRecvmmsg(
  k: Kernel,
  t: Task,
  fd: number,
  headers: number,
  count: number,
  flags: number,
  timeout: number,
): number {
  if (timeout === 0) return moveMany(k, t, fd, headers, count, flags, receiveOne);
  const ns = readTimespecNs(t, timeout);
  if (ns < 0) return ns;
  const socket = socketOf(t, fd);
  if (typeof socket === "number") return socket;
  const now = k.clock.monotonicNs();
  let call = t.restart as Transfer | null;
  if (call === null) {
    call = t.restart = new Transfer(now + socket.options.receiveTimeoutNs);
    call.sinceNs = now;
  }
  const deadlineNs = call.sinceNs + ns;
  const moved = moveMany(k, t, fd, headers, count, flags, receiveOne, deadlineNs);
  if (moved >= 0) writeTimespec(t, timeout, Math.max(0, deadlineNs - k.clock.monotonicNs()));
  return moved;
}

function moveMany(
  k: Kernel,
  t: Task,
  fd: number,
  headers: number,
  count: number,
  flags: number,
  move: Move,
  deadlineNs = Infinity,
): number {
  const socket = socketOf(t, fd);
  if (typeof socket === "number") return socket;
  const limit = Math.min(count >>> 0, UIO_MAXIOV);
  const isReceive = move === receiveOne,
    timeoutNs = isReceive ? socket.options.receiveTimeoutNs : socket.options.sendTimeoutNs;
  // A stream's call goes on after its bytes, so there only the first message is waited for.
  let moved = socket.isStream ? 0 : movedBefore(t);
  while (moved < limit) {
    const header = (headers >>> 0) + moved * MMSGHDR_BYTES;
    const lengthAt = writableRange(t, header + MMSGHDR_LEN, 4);
    if (lengthAt < 0) return moved > 0 ? moved : lengthAt;
    const n = move(k, t, socket, header, flags & ~MSG_WAITFORONE | MSG_DONTWAIT);
    if (n === -EAGAIN) {
      if (moved > 0 && (socket.isStream || (flags & MSG_WAITFORONE))) return moved;
      return waitOnSocket(k, t, socket, flags, timeoutNs, moved);
    }
    if (n < 0) return moved > 0 ? moved : n;
    storeU32(t.memory, lengthAt, n);
    moved++;
    if (k.clock.monotonicNs() >= deadlineNs) break;
  }
  return moved;
}

export const messageRows: [number, SyscallRow][] = [
  [SYS_sendmsg, full("sendmsg", sysSendmsg, ["FD", "MsgHdr", "MsgFlags"])],
  [SYS_recvmsg, full("recvmsg", sysRecvmsg, ["FD", "MsgHdrOut", "MsgFlags"])],
  [
    SYS_sendmmsg,
    partial("sendmmsg", sysSendmmsg, "on streams waits for room for the first message only", [
      "FD",
      "Pointer",
      "Int",
      "MsgFlags",
    ]),
  ],
  [
    SYS_recvmmsg,
    partial("recvmmsg", sysRecvmmsg, "on streams always as with MSG_WAITFORONE", [
      "FD",
      "Pointer",
      "Int",
      "MsgFlags",
      "Pointer",
    ]),
  ],
];
