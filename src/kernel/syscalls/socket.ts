import { EAFNOSUPPORT, EINVAL } from "../abi/errno.ts";
import { SHUT_RDWR, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_TYPE_MASK } from "../abi/socket.ts";
import {
  SYS_bind,
  SYS_getpeername,
  SYS_getsockname,
  SYS_listen,
  SYS_shutdown,
  SYS_socket,
  SYS_socketpair,
} from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import { storeU32, writableRange } from "../memory/user_memory.ts";
import { createPair, createSocket } from "../net/provider.ts";
import type { Task } from "../task/task.ts";
import { acceptRows } from "./accept.ts";
import { connectRows } from "./connect.ts";
import { messageRows } from "./message.ts";
import { sendReceiveRows } from "./send_receive.ts";
import { installSocket, readAddress, socketOf, writeAddress } from "./socket_support.ts";
import { sockoptRows } from "./sockopt.ts";
import { full, partial, type SyscallRow } from "./support.ts";

/** socket(2) */
function sysSocket(k: Kernel, t: Task, domain: number, type: number, protocol: number): number {
  if (type & ~(SOCK_TYPE_MASK | SOCK_CLOEXEC | SOCK_NONBLOCK)) return -EINVAL;
  if (domain < 0) return -EAFNOSUPPORT;
  const socket = createSocket(k, t, domain, type & SOCK_TYPE_MASK, protocol);
  return typeof socket === "number" ? socket : installSocket(k, t, socket, type);
}

/** socketpair(2) */
function sysSocketpair(k: Kernel, t: Task, domain: number, type: number, protocol: number, pointer: number): number {
  if (type & ~(SOCK_TYPE_MASK | SOCK_CLOEXEC | SOCK_NONBLOCK)) return -EINVAL;
  const at = writableRange(t, pointer, 8);
  if (at < 0) return at;
  const pair = createPair(k, t, domain, type & SOCK_TYPE_MASK, protocol);
  if (typeof pair === "number") return pair;
  const first = installSocket(k, t, pair[0], type);
  if (first < 0) {
    pair[1].release(k);
    return first;
  }
  const second = installSocket(k, t, pair[1], type);
  if (second < 0) {
    t.process.fds.close(k, first);
    return second;
  }
  storeU32(t.memory, at, first);
  storeU32(t.memory, at + 4, second);
  return 0;
}

/** bind(2) */
function sysBind(k: Kernel, t: Task, fd: number, pointer: number, length: number): number {
  const socket = socketOf(t, fd);
  if (typeof socket === "number") return socket;
  const address = readAddress(t, pointer, length);
  return typeof address === "number" ? address : socket.bind(k, t, address);
}

/** listen(2) */
function sysListen(k: Kernel, t: Task, fd: number, backlog: number): number {
  const socket = socketOf(t, fd);
  return typeof socket === "number" ? socket : socket.listen(k, t, backlog);
}

/** getsockname(2) */
function sysGetsockname(_k: Kernel, t: Task, fd: number, pointer: number, lengthPointer: number): number {
  const socket = socketOf(t, fd);
  return typeof socket === "number" ? socket : writeAddress(t, socket.localAddress(), pointer, lengthPointer);
}

/** getpeername(2) */
function sysGetpeername(_k: Kernel, t: Task, fd: number, pointer: number, lengthPointer: number): number {
  const socket = socketOf(t, fd);
  if (typeof socket === "number") return socket;
  const peer = socket.peerAddress();
  return typeof peer === "number" ? peer : writeAddress(t, peer, pointer, lengthPointer);
}

/** shutdown(2) */
function sysShutdown(k: Kernel, t: Task, fd: number, how: number): number {
  const socket = socketOf(t, fd);
  if (typeof socket === "number") return socket;
  return how < 0 || how > SHUT_RDWR ? -EINVAL : socket.shutdown(k, how);
}

/** All socket calls. */
export const socketRows: [number, SyscallRow][] = [
  [
    SYS_socket,
    partial(
      "socket",
      sysSocket,
      "AF_UNIX, TCP, UDP and UDP-Lite of AF_INET and AF_INET6 over loopback, AF_NETLINK to ask about interfaces; others EAFNOSUPPORT",
      ["AddressFamily", "SocketType", "Int"],
    ),
  ],
  [SYS_socketpair, full("socketpair", sysSocketpair, ["AddressFamily", "SocketType", "Int", "FdPair"])],
  [SYS_bind, full("bind", sysBind, ["FD", "SockAddr", "Int"])],
  [SYS_listen, full("listen", sysListen, ["FD", "Int"])],
  [SYS_getsockname, full("getsockname", sysGetsockname, ["FD", "SockAddrOut", "Pointer"])],
  [SYS_getpeername, full("getpeername", sysGetpeername, ["FD", "SockAddrOut", "Pointer"])],
  [SYS_shutdown, full("shutdown", sysShutdown, ["FD", "ShutdownHow"])],
  ...acceptRows,
  ...connectRows,
  ...sendReceiveRows,
  ...messageRows,
  ...sockoptRows,
];
