import { EAGAIN, EBADF, EINVAL, ENOTSOCK } from "../abi/errno.ts";
import { O_NONBLOCK, O_PATH } from "../abi/fcntl.ts";
import { MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCKADDR_STORAGE_BYTES } from "../abi/socket.ts";
import type { Kernel } from "../kernel.ts";
import { loadI32, readableRange, storeU32, writableRange } from "../memory/user_memory.ts";
import type { SocketAddress } from "../net/address.ts";
import { decodeSockaddr, encodeSockaddr } from "../net/sockaddr.ts";
import { Socket } from "../net/socket.ts";
import { blockOnOne } from "../task/block.ts";
import type { Task } from "../task/task.ts";
import { Transfer } from "./io_wait.ts";
import type { WaitQueue } from "../wait_queue.ts";

/** The socket of a descriptor, or -EBADF, -ENOTSOCK. */
export function socketOf(t: Task, fd: number): Socket | number {
  const file = t.process.fds.get(fd);
  if (file === undefined || (file.statusFlags & O_PATH) !== 0) return -EBADF;
  return file instanceof Socket ? file : -ENOTSOCK;
}

/**
 * The call cannot go on now. Parks the task on the socket and returns BLOCKED; or ends the call, with what was moved or
 * with -EAGAIN, if it must not wait or has waited for its timeout.
 */
export function waitOnSocket(
  k: Kernel,
  t: Task,
  socket: Socket,
  flags: number,
  timeoutNs: number,
  moved: number,
  queue: WaitQueue = socket.readiness,
): number {
  if (socket.nonBlocking || (flags & MSG_DONTWAIT) !== 0) return moved > 0 ? moved : -EAGAIN;
  let wait = t.restart as Transfer | null;
  if (wait === null) {
    t.restart = wait = new Transfer(timeoutNs === Infinity ? Infinity : k.clock.monotonicNs() + timeoutNs);
  } else if (t.wokenByTimeout) {
    t.wokenByTimeout = false;
    return moved > 0 ? moved : -EAGAIN;
  }
  wait.moved = moved;
  return blockOnOne(t, queue, wait.deadlineNs);
}

/** A descriptor for a new socket, with the SOCK_ flags of the call. */
export function installSocket(k: Kernel, t: Task, socket: Socket, flags: number): number {
  if (flags & SOCK_NONBLOCK) socket.statusFlags |= O_NONBLOCK;
  const fd = t.process.fds.install(socket, (flags & SOCK_CLOEXEC) !== 0);
  if (fd < 0) socket.release(k);
  return fd;
}

/** struct sockaddr at a guest pointer, or a negative errno (move_addr_to_kernel). */
export function readAddress(t: Task, pointer: number, length: number): SocketAddress | number {
  if (length < 0 || length > SOCKADDR_STORAGE_BYTES) return -EINVAL;
  const at = readableRange(t, pointer, length);
  if (at < 0) return at;
  return decodeSockaddr(t.memory.u8.subarray(at, at + length));
}

/**
 * Stores an address where the guest wants it, cut to its room, and its full length (move_addr_to_user). `null` is no
 * address: length 0. 0 or a negative errno.
 */
export function writeAddress(t: Task, address: SocketAddress | null, pointer: number, lengthPointer: number): number {
  const lengthAt = writableRange(t, lengthPointer, 4);
  if (lengthAt < 0) return lengthAt;
  const room = loadI32(t.memory, lengthAt);
  if (room < 0) return -EINVAL;
  if (address === null) {
    storeU32(t.memory, lengthAt, 0);
    return 0;
  }
  const bytes = encodeSockaddr(address);
  const n = Math.min(room, bytes.length);
  const at = writableRange(t, pointer, n);
  if (at < 0) return at;
  t.memory.u8.set(bytes.subarray(0, n), at);
  storeU32(t.memory, lengthAt, bytes.length);
  return 0;
}
