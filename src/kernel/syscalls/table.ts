import { cloneRows } from "./clone.ts";
import { directoryRows } from "./directory.ts";
import { epollRows } from "./epoll.ts";
import { eventfdRows } from "./eventfd.ts";
import { execveRows } from "./execve.ts";
import { exitRows } from "./exit.ts";
import { fcntlRows } from "./fcntl.ts";
import { flockRows } from "./flock.ts";
import { futexRows } from "./futex.ts";
import { identityRows } from "./identity.ts";
import { inotifyRows } from "./inotify.ts";
import { ioctlRows } from "./ioctl.ts";
import { limitRows } from "./limits.ts";
import { linkRows } from "./link.ts";
import { memoryRows } from "./memory.ts";
import { openRows } from "./open.ts";
import { pipeRows } from "./pipe.ts";
import { pollRows } from "./poll.ts";
import { prctlRows } from "./prctl.ts";
import { randomRows } from "./random.ts";
import { readWriteRows } from "./read_write.ts";
import { schedRows } from "./sched.ts";
import { signalRows } from "./signal.ts";
import { signalfdRows } from "./signalfd.ts";
import { socketRows } from "./socket.ts";
import { statRows } from "./stat.ts";
import { makeTable, type SyscallTable } from "./support.ts";
import { systemInfoRows } from "./system_info.ts";
import { timeRows } from "./time.ts";
import { timerRows } from "./timer.ts";
import { timerfdRows } from "./timerfd.ts";
import { waitRows } from "./wait.ts";

/** All system calls. docs/SYSCALLS.md is generated from it. */
export const SYSCALLS: SyscallTable = makeTable([
  // Tasks and signals.
  ...cloneRows,
  ...execveRows,
  ...exitRows,
  ...waitRows,
  ...futexRows,
  ...signalRows,
  ...schedRows,
  ...identityRows,
  ...prctlRows,
  ...limitRows,
  // Memory, time, the machine.
  ...memoryRows,
  ...timeRows,
  ...timerRows,
  ...systemInfoRows,
  ...randomRows,
  // Files.
  ...openRows,
  ...readWriteRows,
  ...statRows,
  ...directoryRows,
  ...linkRows,
  ...fcntlRows,
  ...flockRows,
  ...ioctlRows,
  ...pipeRows,
  ...pollRows,
  ...epollRows,
  ...eventfdRows,
  ...signalfdRows,
  ...timerfdRows,
  ...inotifyRows,
  // Sockets.
  ...socketRows,
]);
