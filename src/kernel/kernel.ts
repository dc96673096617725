import type { Host } from "../host/host.ts";
import { type CpuLevel, DEFAULT_CPU_LEVEL } from "../machine/cpu_level.ts";
import { CODE_GENERATED, CODE_WRITABLE, type MachineClient, type MappedRange } from "../machine/machine.ts";
import { R10, R8, R9, RDI, RDX, RSI } from "../machine/state.ts";
import { PROT_NONE, PROT_WRITE } from "./abi/mman.ts";
import { Clock } from "./clock.ts";
import { Terminals } from "./fs/tty/terminals.ts";
import { IpcNamespace } from "./ipc/namespace.ts";
import { CodePlaces } from "./memory/code_places.ts";
import type { AddressSpace } from "./memory/address_space.ts";
import { isFixedCode, type Vma } from "./memory/vma.ts";
import type { Net } from "./net/net.ts";
import { dispatchSyscall } from "./syscalls/dispatch.ts";
import type { SyscallTable } from "./syscalls/support.ts";
import type { Tracer } from "./syscalls/trace.ts";
import type { Process } from "./task/process.ts";
import { type RunOutcome, runTasks, wantsYield } from "./task/run.ts";
import type { Task } from "./task/task.ts";
import { Timers } from "./timers.ts";
import { moveUnnamedTimes } from "./vfs/unnamed_times.ts";
import type { Vfs } from "./vfs/vfs.ts";

/** Register of each syscall argument, as an index of 32-bit words in the state block. */
const ARG_WORDS = [RDI * 2, RSI * 2, RDX * 2, R10 * 2, R8 * 2, R9 * 2];

/** For random32(). */
const randomWord = new Int32Array(1);
const randomBytes = new Uint8Array(randomWord.buffer);

/**
 * The kernel: owner of tasks, processes, clocks, files and network of one guest, and what its machines call.
 *
 * It never waits. run() returns when no task can go on; the host then calls it again when nextDeadlineNs() has come or when
 * something from outside (a request, a vanished client, a file that was brought) has woken a task.
 */
export class Kernel implements MachineClient {
  static readonly savedFields: readonly string[] = [
    "tasks",
    "processes",
    "runQueue",
    "clock",
    "timers",
    "vfs",
    "net",
    "ipc",
    "terminals",
    "codePlaces",
    "nextPid",
    "hostname",
    "cpuLevel",
    "exitStatus",
    "unimplemented",
    "largestRefusal",
  ];
  /** Not saved, like what else belongs to the host or to one run(); see afterRestore() and attach(). */
  static readonly unsavedFields: readonly string[] = [
    "host",
    "syscalls",
    "currentTask",
    "tracer",
    "dyingSpaces",
    "sliceEndNs",
    "sliceStartNs",
    "yieldRequested",
    "syscallsToQuestion",
    "questionsInSlice",
    "onWake",
  ];
  host: Host;
  syscalls: SyscallTable;
  readonly clock: Clock;
  readonly timers: Timers = new Timers();
  /** By tid. */
  readonly tasks: Map<number, Task> = new Map();
  /** By pid; zombies stay until waited for. */
  readonly processes: Map<number, Process> = new Map();
  /** Runnable tasks, the next one first. */
  readonly runQueue: Task[] = [];
  /** The task whose syscall is being handled or whose code runs. */
  currentTask!: Task;
  /** Set by whoever builds the kernel, before the first process. */
  vfs!: Vfs;
  net!: Net;
  readonly codePlaces: CodePlaces = new CodePlaces();
  readonly ipc: IpcNamespace = new IpcNamespace();
  readonly terminals: Terminals = new Terminals();
  hostname = "localhost";
  /** The processor that the guest is shown; set before the first process starts. */
  cpuLevel: CpuLevel = DEFAULT_CPU_LEVEL;
  /** wait(2) status of the first process once it has ended, which ends everything. */
  exitStatus: number | null = null;
  /** Calls of syscalls that the table does not have, by number. */
  readonly unimplemented: Map<number, number> = new Map();
  /** Bytes of the largest mapping that was refused for lack of addresses or memory. */
  largestRefusal = 0;
  /** Writes strace-like lines while set. */
  tracer: Tracer | null = null;
  /** Memories nobody uses any more, with what was mapped in them: their code may still be on the host's stack. */
  dyingSpaces: { space: AddressSpace; mapped: readonly Vma[] }[] = [];
  /** Monotonic time at which run() should return. */
  sliceEndNs = Infinity;
  /** sched_yield: the current task goes to the end of the run queue. */
  yieldRequested = false;
  /** When the current task got the CPU. */
  sliceStartNs = 0;
  /** Until the scheduler asks whether somebody else wants the CPU; see questionAfterSyscalls(). */
  syscallsToQuestion = 0;
  questionsInSlice = 0;
  /** Told when a task can go on though nobody has called run(), or anything that run() is called after. */
  onWake: (() => void) | null = null;
  private nextPid = 1;

  constructor(host: Host, syscalls: SyscallTable) {
    this.host = host;
    this.syscalls = syscalls;
    this.clock = new Clock(host);
  }

  afterRestore(): void {
    this.tracer = null;
    this.dyingSpaces = [];
    this.sliceEndNs = Infinity;
    this.sliceStartNs = 0;
    this.yieldRequested = false;
    this.syscallsToQuestion = 0;
    this.questionsInSlice = 0;
    this.onWake = null;
  }

  /** A restored kernel starts on a new host: its clock goes on from where it was, the wall clock jumps to the present. */
  attach(host: Host, syscalls: SyscallTable): void {
    this.host = host;
    this.syscalls = syscalls;
    moveUnnamedTimes(this, this.clock.attach(host));
  }

  /** Runs tasks until none can go on, the first process has ended, or (if given) the time slice is over. */
  run(sliceNs = Infinity): RunOutcome {
    return runTasks(this, sliceNs);
  }

  /** Monotonic time at which run() has to be called even if nothing else happens, or Infinity. */
  nextDeadlineNs(): number {
    return this.timers.nextDeadlineNs();
  }

  /** Puts a runnable task at the end of the run queue. */
  enqueue(task: Task): void {
    this.runQueue.push(task);
  }

  dequeue(task: Task): void {
    const i = this.runQueue.indexOf(task);
    if (i >= 0) this.runQueue.splice(i, 1);
  }

  /** Syscall argument n (0..5) of the current task as a number: all 64 bits, signed; exact within +-2^53. */
  arg64(n: number): number {
    const i32 = this.currentTask.process.space.machine.memory.i32, word = ARG_WORDS[n];
    return (i32[word] >>> 0) + i32[word + 1] * 4294967296;
  }

  allocatePid(): number {
    return this.nextPid++;
  }

  /** The number that the newest process or thread got. */
  get newestPid(): number {
    return this.nextPid - 1;
  }

  syscall(): number {
    return dispatchSyscall(this);
  }

  wantsYield(): boolean {
    return wantsYield(this);
  }

  codeTraits(address: number): number {
    const v = this.currentTask.process.space.find(address);
    if (v === undefined) return 0;
    // Compilers share memory with themselves through files, too (memfd): only the image's files, as linkers map them, are not.
    const isGenerated = v.file === null || v.pages !== null || v.file.imageFile() === 0;
    return (v.prot & PROT_WRITE ? CODE_WRITABLE : 0) | (isGenerated ? CODE_GENERATED : 0);
  }

  writableCodeAround(address: number): MappedRange {
    const { space, space: { vmas } } = this.currentTask.process;
    let first = space.indexAfter(address), last = first;
    while (vmas[first - 1]?.end === vmas[first].start && !isFixedCode(vmas[first - 1].prot)) first--;
    while (vmas[last + 1]?.start === vmas[last].end && !isFixedCode(vmas[last + 1].prot)) last++;
    return { start: vmas[first].start, end: vmas[last].end };
  }

  accessible(address: number, write: boolean): MappedRange | null {
    const v = this.currentTask.process.space.find(address);
    return v !== undefined && (write ? v.prot & PROT_WRITE : v.prot) !== 0 ? v : null;
  }

  stackEnd(address: number): number {
    const { space } = this.currentTask.process;
    for (let i = space.indexAfter(address); i < space.vmas.length; i++) {
      // What has no access is a guard.
      if (space.vmas[i].prot !== PROT_NONE) return space.vmas[i].start;
    }
    return address;
  }

  tscNs(): number {
    return this.clock.monotonicNs();
  }

  awaitedArrived(): void {
    this.vfs.arrivals.queue.wake();
    this.onWake?.();
  }

  random32(): number {
    this.host.randomFill(randomBytes);
    return randomWord[0];
  }
}
