import {
  RLIM_INFINITY,
  RLIMIT_CORE,
  RLIMIT_COUNT,
  RLIMIT_MEMLOCK,
  RLIMIT_MSGQUEUE,
  RLIMIT_NICE,
  RLIMIT_NOFILE,
  RLIMIT_NPROC,
  RLIMIT_RTPRIO,
  RLIMIT_SIGPENDING,
  RLIMIT_STACK,
} from "../abi/resource.ts";

/** setrlimit(2) limits of a process, indexed by RLIMIT_; numbers, RLIM_INFINITY is Infinity. */
export class Limits {
  static readonly savedFields: readonly string[] = ["soft", "hard"];
  readonly soft: number[] = new Array(RLIMIT_COUNT).fill(RLIM_INFINITY);
  readonly hard: number[] = new Array(RLIMIT_COUNT).fill(RLIM_INFINITY);

  /** What Docker gives a container by default. */
  constructor() {
    this.set(RLIMIT_STACK, 8 * 1024 * 1024, RLIM_INFINITY);
    this.set(RLIMIT_CORE, 0, RLIM_INFINITY);
    this.set(RLIMIT_NPROC, 4096, 4096);
    // Not Docker's 1048576: some programs close or allocate for every possible descriptor.
    this.set(RLIMIT_NOFILE, 1024, 65536);
    this.set(RLIMIT_MEMLOCK, 8 * 1024 * 1024, 8 * 1024 * 1024);
    this.set(RLIMIT_SIGPENDING, 4096, 4096);
    this.set(RLIMIT_MSGQUEUE, 819200, 819200);
    this.set(RLIMIT_NICE, 0, 0);
    this.set(RLIMIT_RTPRIO, 0, 0);
  }

  set(resource: number, soft: number, hard: number): void {
    this.soft[resource] = soft;
    this.hard[resource] = hard;
  }

  assign(other: Limits): void {
    for (let i = 0; i < RLIMIT_COUNT; i++) this.set(i, other.soft[i], other.hard[i]);
  }
}
