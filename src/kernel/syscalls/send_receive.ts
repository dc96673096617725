import { EAGAIN } from "../abi/errno.ts";
import { MSG_NOSIGNAL, MSG_PEEK, MSG_WAITALL } from "../abi/socket.ts";
import { SYS_recvfrom, SYS_sendto } from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import { iovecs, readableRange, writableRange } from "../memory/user_memory.ts";
import type { SocketAddress } from "../net/address.ts";
import { type Ancillary, discardAncillary, ReceiveInfo, type Socket } from "../net/socket.ts";
import type { Task } from "../task/task.ts";
import { movedBefore } from "./io_wait.ts";
import { readAddress, socketOf, waitOnSocket, writeAddress } from "./socket_support.ts";
import { full, type SyscallRow } from "./support.ts";

/** What the receive call in hand has found out. */
export const received = new ReceiveInfo();

/** sendto(2); the C library's send() is this with no address. */
function sysSendto(
  k: Kernel,
  t: Task,
  fd: number,
  pointer: number,
  _length: number,
  flags: number,
  addressPointer: number,
  addressLength: number,
): number {
  const socket = socketOf(t, fd);
  if (typeof socket === "number") return socket;
  const length = k.arg64(2);
  const at = readableRange(t, pointer, length);
  if (at < 0) return at;
  let to: SocketAddress | null = null;
  if (addressPointer !== 0) {
    const address = readAddress(t, addressPointer, addressLength);
    if (typeof address === "number") return address;
    to = address;
  }
  oneBuffer(at, length);
  return sendBuffers(k, t, socket, flags, to, null);
}

/** recvfrom(2); the C library's recv() is this with no address. */
function sysRecvfrom(
  k: Kernel,
  t: Task,
  fd: number,
  pointer: number,
  _length: number,
  flags: number,
  addressPointer: number,
  lengthPointer: number,
): number {
  const socket = socketOf(t, fd);
  if (typeof socket === "number") return socket;
  const length = k.arg64(2);
  const at = writableRange(t, pointer, length);
  if (at < 0) return at;
  oneBuffer(at, length);
  received.clear();
  const n = receiveBuffers(k, t, socket, flags, received);
  if (received.ancillary !== null) discardAncillary(k, received.ancillary);
  if (n < 0 || addressPointer === 0) return n;
  const stored = writeAddress(t, received.from, addressPointer, lengthPointer);
  return stored < 0 ? stored : n;
}

function oneBuffer(at: number, length: number): void {
  iovecs.count = 1;
  iovecs.total = length;
  iovecs.at[0] = at;
  iovecs.length[0] = length;
}

/** Sends what `iovecs` points at; waits as the socket and the flags say. Count, negative errno, or BLOCKED. */
export function sendBuffers(
  k: Kernel,
  t: Task,
  socket: Socket,
  flags: number,
  to: SocketAddress | null,
  ancillary: Ancillary | null,
): number {
  const timeoutNs = socket.options.sendTimeoutNs;
  if (!socket.isStream) {
    const n = sendMessage(k, t, socket, flags, to, ancillary);
    return n === -EAGAIN ? waitOnSocket(k, t, socket, flags, timeoutNs, 0) : n;
  }
  let moved = movedBefore(t);
  let skip = moved;
  for (let i = 0; i < iovecs.count; i++) {
    let done = Math.min(skip, iovecs.length[i]);
    skip -= done;
    while (done < iovecs.length[i] || (iovecs.total === 0 && i === 0)) {
      // The kernel's error after a partial write is the next call's: no SIGPIPE for this one (sk_stream_error).
      const quiet = moved > 0 ? flags | MSG_NOSIGNAL : flags;
      const rest = iovecs.length[i] - done;
      const n = socket.send(k, t, t.memory.u8, iovecs.at[i] + done, rest, quiet, to, moved === 0 ? ancillary : null);
      if (n === -EAGAIN) return waitOnSocket(k, t, socket, flags, timeoutNs, moved);
      if (n < 0) return moved > 0 ? moved : n;
      done += n;
      moved += n;
      if (rest === 0) break;
    }
  }
  return moved;
}

function sendMessage(
  k: Kernel,
  t: Task,
  socket: Socket,
  flags: number,
  to: SocketAddress | null,
  ancillary: Ancillary | null,
): number {
  const u8 = t.memory.u8;
  if (iovecs.count === 1) return socket.send(k, t, u8, iovecs.at[0], iovecs.length[0], flags, to, ancillary);
  const whole = new Uint8Array(iovecs.total);
  let end = 0;
  for (let i = 0; i < iovecs.count; i++) {
    whole.set(u8.subarray(iovecs.at[i], iovecs.at[i] + iovecs.length[i]), end);
    end += iovecs.length[i];
  }
  return socket.send(k, t, whole, 0, end, flags, to, ancillary);
}

/** Receives into what `iovecs` points at; waits as the socket and the flags say. Count, negative errno, or BLOCKED. */
export function receiveBuffers(k: Kernel, t: Task, socket: Socket, flags: number, info: ReceiveInfo): number {
  const timeoutNs = socket.options.receiveTimeoutNs;
  // A peek, too, is one: a second would see the same bytes.
  if (!socket.isStream || ((flags & MSG_PEEK) && iovecs.count > 1)) {
    const n = receiveMessage(k, t, socket, flags, info);
    return n === -EAGAIN ? waitOnSocket(k, t, socket, flags, timeoutNs, 0) : n;
  }
  const waitsForAll = (flags & MSG_WAITALL) !== 0 && (flags & MSG_PEEK) === 0;
  let moved = movedBefore(t);
  let skip = moved;
  let dry = false;
  // What came with the bytes ends the call where it ends, not the buffer that is full by chance.
  let budget = socket.receiveLimit(iovecs.total - moved);
  let ancillary: Ancillary | null = null;
  for (let i = 0; i < iovecs.count && !dry; i++) {
    let done = Math.min(skip, iovecs.length[i]);
    skip -= done;
    while (done < iovecs.length[i] || (iovecs.total === 0 && i === 0)) {
      const rest = Math.min(iovecs.length[i] - done, budget);
      const n = socket.receive(k, t, t.memory.u8, iovecs.at[i] + done, rest, flags, info);
      if (n === -EAGAIN) {
        if (moved === 0 || waitsForAll) return waitOnSocket(k, t, socket, flags, timeoutNs, moved);
        dry = true;
        break;
      }
      if (n < 0) return moved > 0 ? moved : n;
      done += n;
      moved += n;
      budget -= n;
      info.ancillary = ancillary ??= info.ancillary;
      // The end of the stream, a limit reached, or a peek (which would see the same bytes again).
      dry = n === 0 || budget === 0 || (flags & MSG_PEEK) !== 0;
      if (dry) break;
      if (n < rest && !waitsForAll) {
        dry = true;
        break;
      }
    }
  }
  return moved;
}

function receiveMessage(k: Kernel, t: Task, socket: Socket, flags: number, info: ReceiveInfo): number {
  const u8 = t.memory.u8;
  if (iovecs.count === 1) {
    return socket.receive(k, t, u8, iovecs.at[0], iovecs.length[0], flags, info);
  }
  const whole = new Uint8Array(iovecs.total);
  const n = socket.receive(k, t, whole, 0, whole.length, flags, info);
  let start = 0;
  const end = Math.min(n, whole.length);
  for (let i = 0; i < iovecs.count && start < end; i++) {
    const part = Math.min(iovecs.length[i], end - start);
    u8.set(whole.subarray(start, start + part), iovecs.at[i]);
    start += part;
  }
  return n;
}

export const sendReceiveRows: [number, SyscallRow][] = [
  [SYS_sendto, full("sendto", sysSendto, ["FD", "Bytes", "Int", "MsgFlags", "SockAddr", "Int"])],
  [SYS_recvfrom, full("recvfrom", sysRecvfrom, ["FD", "BytesOut", "Int", "MsgFlags", "SockAddrOut", "Pointer"])],
];
