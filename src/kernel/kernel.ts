import type { Host } from "../host/host.ts";
import { R10, R8, R9, RDI, RDX, RSI } from "../machine/state.ts";
import { Clock } from "./clock.ts";
import type { Net } from "./net/net.ts";
import { Process } from "./task/process.ts";
import { Task } from "./task/task.ts";
import { Timers } from "./timers.ts";
import type { Vfs } from "./vfs/vfs.ts";

/** Register of each syscall argument, as an index of 32-bit words in the state block. */
const ARG_WORDS = [RDI * 2, RSI * 2, RDX * 2, R10 * 2, R8 * 2, R9 * 2];

/** The kernel: owner of tasks, processes, clocks, files and network of one guest. */
export class Kernel {
  static readonly savedFields: readonly string[] = [
    "tasks",
    "processes",
    "runQueue",
    "clock",
    "timers",
    "vfs",
    "net",
    "nextPid",
    "hostname",
  ];
  /** Set again after a restore. */
  host: Host;
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
  hostname = "localhost";
  private nextPid = 1;

  constructor(host: Host) {
    this.host = host;
    this.clock = new Clock(host);
  }

  /** Puts a runnable task at the end of the run queue. */
  enqueue(task: Task): void {
    this.runQueue.push(task);
  }

  /** Syscall argument n (0..5) of the current task as a number: all 64 bits, signed; exact within +-2^53. */
  arg64(n: number): number {
    const i32 = this.currentTask.process.space.machine.memory.i32, word = ARG_WORDS[n];
    return (i32[word] >>> 0) + i32[word + 1] * 4294967296;
  }

  allocatePid(): number {
    return this.nextPid++;
  }
}
