import type { CpuLevel } from "./cpu_level.ts";
import type { GuestMemory } from "./guest_memory.ts";
import type { MemoryOrigin } from "./memory_image.ts";

/** The program may write it without the kernel hearing of it. */
export const CODE_WRITABLE = 1;
/** It is no file's of the image: made at run time, by rules of its own rather than the ABI's. */
export const CODE_GENERATED = 2;

/** What a machine asks of the kernel while guest code runs. Called from compiled code: must not allocate on the fast path. */
export interface MachineClient {
  /**
   * A SYSCALL instruction: number in rax, arguments in rdi rsi rdx r10 r8 r9 of the state block; rip is already the next
   * instruction. Returns 0 to go on at once (result in rax), anything else to leave run() with STOP_SYSCALL.
   */
  syscall(): number;
  /** Fuel ran out. Returns true if run() should be left with STOP_YIELD (another task is runnable, a signal is pending). */
  wantsYield(): boolean;
  /** Current time for RDTSC: nanoseconds, monotonic. */
  tscNs(): number;
  /** The processor that the guest is shown; it does not change while the guest lives. */
  readonly cpuLevel: CpuLevel;
  /** What is known of the code at a guest address of the running program: CODE_ bits. */
  codeTraits(address: number): number;
  /** Addresses around code that the program may write at which there is no other code than such. */
  writableCodeAround(address: number): MappedRange;
  /** A mapping (or more of the same protection) around a guest address of the running program that allows such access, or null. */
  accessible(address: number, write: boolean): MappedRange | null;
  /** Where the stack ends, downwards, that began above a guest address. */
  stackEnd(address: number): number;
  /** 32 random bits, for RDRAND. */
  random32(): number;
  /** Whoever has been left with STOP_CODE_AWAITED may try again. */
  awaitedArrived(): void;
}

/** Guest addresses in use: [start, end), whole pages. */
export interface MappedRange {
  readonly start: number;
  readonly end: number;
}

/**
 * One address space and the means to run x86-64 code in it. Implemented over wasm (ahead of time, just in time) and by the
 * interpreter. The state block at linear address 0 of `memory` holds the registers of the task that runs.
 */
export interface Machine {
  readonly memory: GuestMemory;
  client: MachineClient;

  /** Runs from the state block's rip until something needs the kernel; returns a STOP_ constant (never STOP_NONE). */
  run(): number;

  /** A new machine with a copy of the memory (fork). What is in no range of `mapped` is zero, but for the state block. */
  fork(mapped: readonly MappedRange[]): Machine;

  /** The first page from linear address `from` on that is not all zero, or `end`; both are page borders. */
  nextUsedPage(from: number, end: number): number;

  /**
   * The first page from linear address `from` on that differs from `bytes` (there from offset `at` on), or `end`; both are page
   * borders. Absent where there is no faster way than a loop.
   */
  nextDifferentPage?(from: number, end: number, bytes: Uint8Array, at: number): number;

  /** A new machine with empty memory for another program (execve); `key` as for programLoaded, as a hint. */
  blank(key: string): Machine;

  /**
   * A program has been loaded into this (blank) machine. `key` names the program file if it is one of the image, unchanged,
   * and is "" otherwise: code made ahead of time is found by it.
   */
  programLoaded?(key: string): void;

  /**
   * Guest addresses [start, end) have changed: they are executable now and hold what a file of the image has there; `file` is
   * its number. Code made ahead of time is found by both. Undone by codeChanged.
   */
  codeMapped?(file: number, start: number, end: number): void;

  /**
   * The kernel changed what is at [start, end) (guest addresses): executable bytes were mapped, unmapped or written.
   * Compiled code of that range is dropped. `isFixed`: what is there from now on is code that the program cannot write.
   */
  codeChanged(start: number, end: number, isFixed?: boolean): void;

  /**
   * From now on, or no longer, loads and stores fault where mappings do not allow them. Gives the array in which the kernel is to
   * keep what pages allow (access_map.ts), if the machine has one of its own; all pages are closed then.
   */
  checkAccess(on: boolean): Uint8Array | null;

  /**
   * Gives the memory back. The machine is not used again. With `mapped`, as for fork, its memory may serve another; `origin` is
   * what it was restored from.
   */
  dispose(mapped?: readonly MappedRange[], origin?: MemoryOrigin | null): void;
}
