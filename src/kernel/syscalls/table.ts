import { cloneRows } from "./clone.ts";
import { execveRows } from "./execve.ts";
import { exitRows } from "./exit.ts";
import { futexRows } from "./futex.ts";
import { identityRows } from "./identity.ts";
import { ioRows } from "./io_rows.ts";
import { limitRows } from "./limits.ts";
import { memoryRows } from "./memory.ts";
import { mqRows } from "./mq.ts";
import { msgRows } from "./msg.ts";
import { pidfdRows } from "./pidfd.ts";
import { prctlRows } from "./prctl.ts";
import { seccompRows } from "./seccomp.ts";
import { randomRows } from "./random.ts";
import { priorityRows } from "./priority.ts";
import { schedRows } from "./sched.ts";
import { semRows } from "./sem.ts";
import { schedulingHintRows } from "./scheduling_hints.ts";
import { shmRows } from "./shm.ts";
import { signalRows } from "./signal.ts";
import { socketRows } from "./socket.ts";
import { makeTable, type SyscallTable } from "./support.ts";
import { systemInfoRows } from "./system_info.ts";
import { timeRows } from "./time.ts";
import { timerRows } from "./timer.ts";
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
  ...pidfdRows,
  ...priorityRows,
  ...schedRows,
  ...schedulingHintRows,
  ...identityRows,
  ...prctlRows,
  ...seccompRows,
  ...limitRows,
  // Memory, time, the machine.
  ...memoryRows,
  ...timeRows,
  ...timerRows,
  ...systemInfoRows,
  ...randomRows,
  // Files.
  ...ioRows,
  // Sockets.
  ...socketRows,
  // Message queues of POSIX, and System V IPC.
  ...mqRows,
  ...semRows,
  ...msgRows,
  ...shmRows,
]);
