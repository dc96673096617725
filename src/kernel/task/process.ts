import type { Machine } from "../../machine/machine.ts";
import type { Kernel } from "../kernel.ts";
import type { AddressSpace } from "../memory/address_space.ts";
import type { FsContext } from "../vfs/vfs.ts";
import { WaitQueue } from "../wait_queue.ts";
import type { Credentials } from "./credentials.ts";
import type { CpuIntervalTimer, CpuTimer } from "./cpu_timers.ts";
import type { FdTable } from "./fd_table.ts";
import type { RealTimer } from "./itimer.ts";
import { Limits } from "./limits.ts";
import type { PosixTimer } from "./posix_timer.ts";
import type { Signal } from "./signal.ts";
import type { SignalHandlers } from "./signal_handlers.ts";
import type { Task } from "./task.ts";

/** A process (Linux's thread group): what its threads share. Verbs (fork, exec, exit, wait) are functions in files of their own. */
export class Process {
  static readonly savedFields: readonly string[] = [
    "pid",
    "kernel",
    "parent",
    "children",
    "tasks",
    "space",
    "fds",
    "fs",
    "credentials",
    "signalHandlers",
    "pendingSignals",
    "signalArrivals",
    "limits",
    "exe",
    "argv",
    "pgid",
    "sid",
    "exitStatus",
    "nameAtExit",
    "exiting",
    "zombie",
    "stopSignal",
    "stateChanges",
    "exitSignal",
    "childEvents",
    "ended",
    "vforkDone",
    "parentDeathSignal",
    "dumpable",
    "noNewPrivs",
    "childSubreaper",
    "thpDisabled",
    "timers",
    "cpuTimers",
    "startNs",
    "cpuNs",
    "childrenCpuNs",
    "personality",
    "executed",
  ];
  parent: Process | null = null;
  readonly children: Process[] = [];
  /** Threads that have not exited, the leader first. */
  readonly tasks: Task[] = [];
  readonly limits: Limits = new Limits();
  /** Signals sent to the process, not yet taken by a thread. */
  readonly pendingSignals: Signal[] = [];
  /** Woken when a signal becomes pending: what sigtimedwait and signalfd wait on. */
  readonly signalArrivals: WaitQueue = new WaitQueue();
  /** Absolute path of the program: /proc/self/exe. */
  exe = "";
  argv: string[] = [];
  pgid: number;
  sid: number;
  /** Name of the last thread, for what /proc says of a zombie. */
  nameAtExit = "";
  /** wait(2) status word once `zombie`. */
  exitStatus = 0;
  /** exit_group or a fatal signal has begun: no thread runs guest code again. */
  exiting = false;
  zombie = false;
  /** Signal that stopped the process, or 0 while it runs. */
  stopSignal = 0;
  /** Bits of CHILD_STOPPED, CHILD_CONTINUED the parent has not waited for. */
  stateChanges = 0;
  /** Sent to the parent at exit: SIGCHLD, or clone's choice (0: none). */
  exitSignal = 17;
  /** Woken when a child changes state: what wait4 waits on. */
  readonly childEvents: WaitQueue = new WaitQueue();
  /** Woken when this process has ended, and when it has been waited for: what pidfds watch. */
  readonly ended: WaitQueue = new WaitQueue();
  /** Woken when a vfork'd child lets go of the parent's memory; null when not a vfork'd child. */
  vforkDone: WaitQueue | null = null;
  parentDeathSignal = 0;
  dumpable = 1;
  noNewPrivs = false;
  childSubreaper = false;
  /** PR_SET_THP_DISABLE: kept and shown; there are no huge pages. */
  thpDisabled = false;
  personality = 0;
  /** Has called execve: setpgid by the parent then fails. */
  executed = false;
  /** Interval and POSIX timers, see itimer.ts, cpu_timers.ts and posix_timer.ts. */
  timers: ProcessTimers = { real: null, cpu: [null, null, null], posix: [] };
  /** Armed timers on the CPU time of this process or its threads, anybody's. */
  readonly cpuTimers: CpuTimer[] = [];
  startNs = 0;
  /** CPU time of exited threads, and of waited-for children. */
  cpuNs = 0;
  childrenCpuNs = 0;

  constructor(
    readonly kernel: Kernel,
    readonly pid: number,
    public space: AddressSpace,
    public fds: FdTable,
    public fs: FsContext,
    public credentials: Credentials,
    public signalHandlers: SignalHandlers,
  ) {
    this.pgid = pid;
    this.sid = pid;
  }

  get machine(): Machine {
    return this.space.machine;
  }
}

export interface ProcessTimers {
  /** ITIMER_REAL and alarm(2); null when disarmed. */
  real: RealTimer | null;
  /** ITIMER_VIRTUAL and ITIMER_PROF, by number; null when disarmed. */
  cpu: (CpuIntervalTimer | null)[];
  /** timer_create(2), by id. */
  posix: (PosixTimer | null)[];
}
