import { EAGAIN, EINPROGRESS } from "../abi/errno.ts";
import { SYS_connect } from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { readAddress, socketOf, waitOnSocket } from "./socket_support.ts";
import { partial, type SyscallRow } from "./support.ts";

/** connect(2) */
function sysConnect(k: Kernel, t: Task, fd: number, pointer: number, length: number): number {
  const socket = socketOf(t, fd);
  if (typeof socket === "number") return socket;
  const address = readAddress(t, pointer, length);
  if (typeof address === "number") return address;
  const result = socket.connect(k, t, address);
  if (result !== -EAGAIN || socket.nonBlocking) return result;
  const waited = waitOnSocket(k, t, socket, 0, socket.options.sendTimeoutNs, 0);
  // socket(7): a connect() that SO_SNDTIMEO ends goes on in the background.
  return waited === -EAGAIN ? -EINPROGRESS : waited;
}

export const connectRows: [number, SyscallRow][] = [
  [
    SYS_connect,
    partial("connect", sysConnect, "this machine's own addresses only; others are ENETUNREACH", [
      "FD",
      "SockAddr",
      "Int",
    ]),
  ],
];
