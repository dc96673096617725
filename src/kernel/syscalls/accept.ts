import { EAGAIN, EINVAL, EMFILE } from "../abi/errno.ts";
import { SOCK_CLOEXEC, SOCK_NONBLOCK } from "../abi/socket.ts";
import { SYS_accept, SYS_accept4 } from "../abi/syscall_numbers.ts";
import { POLLIN } from "../abi/poll.ts";
import type { Kernel } from "../kernel.ts";
import type { FdTable } from "../task/fd_table.ts";
import type { Task } from "../task/task.ts";
import { WaitQueue } from "../wait_queue.ts";
import { installSocket, socketOf, waitOnSocket, writeAddress } from "./socket_support.ts";
import { full, type SyscallRow } from "./support.ts";

/** accept(2) */
function sysAccept(k: Kernel, t: Task, fd: number, pointer: number, lengthPointer: number): number {
  return accept(k, t, fd, pointer, lengthPointer, 0);
}

function sysAccept4(k: Kernel, t: Task, fd: number, pointer: number, lengthPointer: number, flags: number): number {
  if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) return -EINVAL;
  return accept(k, t, fd, pointer, lengthPointer, flags);
}

function accept(k: Kernel, t: Task, fd: number, pointer: number, lengthPointer: number, flags: number): number {
  const listener = socketOf(t, fd);
  if (typeof listener === "number") return listener;
  // As in Linux the connection stays in the queue if there is no descriptor for it.
  const socket = hasRoom(t.process.fds) ? listener.accept(k, t) : -EMFILE;
  // A connection wakes one waiter. Whoever comes by and leaves some behind, for whatever reason, wakes the next.
  if (listener.acceptors !== null && listener.acceptors.waiters.length > 0 && (listener.poll() & POLLIN) !== 0) {
    listener.acceptors.wakeSome(1);
  }
  if (socket === -EAGAIN) {
    const queue = listener.acceptors ??= new WaitQueue();
    return waitOnSocket(k, t, listener, 0, listener.options.receiveTimeoutNs, 0, queue);
  }
  if (typeof socket === "number") return socket;
  if (pointer !== 0) {
    const peer = socket.peerAddress();
    const stored = writeAddress(t, typeof peer === "number" ? null : peer, pointer, lengthPointer);
    if (stored < 0) {
      socket.release(k);
      return stored;
    }
  }
  return installSocket(k, t, socket, flags);
}

function hasRoom(fds: FdTable): boolean {
  if (fds.size < fds.limit) return true;
  for (let fd = 0; fd < fds.limit; fd++) if (fds.get(fd) === undefined) return true;
  return false;
}

export const acceptRows: [number, SyscallRow][] = [
  [SYS_accept, full("accept", sysAccept, ["FD", "SockAddrOut", "Pointer"])],
  [SYS_accept4, full("accept4", sysAccept4, ["FD", "SockAddrOut", "Pointer", "SocketFlags"])],
];
