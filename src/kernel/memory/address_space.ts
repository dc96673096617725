import type { Machine } from "../../machine/machine.ts";
import type { Task } from "../task/task.ts";
import { PAGE_SIZE, PROT_EXEC, PROT_READ, PROT_WRITE } from "../abi/mman.ts";
import type { WaitQueue } from "../wait_queue.ts";
import type { Vma } from "./vma.ts";

/** Bits of AddressSpace.access. On x86-64 a page that can be written or executed can be read. */
export const ACCESS_READ = 1, ACCESS_WRITE = 2;

/**
 * The memory of a process (Linux's mm_struct): a machine and what is mapped in it. Shared by threads, vfork and CLONE_VM
 * (`users` counts the processes).
 *
 * Invariants: VMAs are sorted and do not overlap; every accessible VMA lies inside the machine's memory; bytes that no VMA
 * covers are zero, so that a fresh mapping needs no clearing and a snapshot holds no garbage.
 */
export class AddressSpace {
  static readonly savedFields: readonly string[] = [
    "vmas",
    "users",
    "brkStart",
    "brk",
    "brkLimit",
    "stackTop",
    "loadedTask",
    "mmapStart",
    "argStart",
    "argEnd",
    "envStart",
    "envEnd",
    "auxv",
    "futexes",
  ];
  machine: Machine;
  vmas: Vma[] = [];
  users = 1;
  brkStart = 0;
  brk = 0;
  /** The heap may grow to here before it meets what is placed after it. */
  brkLimit = 0;
  stackTop = 0;
  /** mmap looks for holes from here up, then in the holes below. */
  mmapStart = 0;
  /** /proc/self/cmdline and environ live on the initial stack. */
  argStart = 0;
  argEnd = 0;
  envStart = 0;
  envEnd = 0;
  /** /proc/self/auxv. */
  auxv: Uint8Array = new Uint8Array(0);
  /** Tasks that wait on futex words, by guest address. */
  readonly futexes: Map<number, WaitQueue> = new Map();
  /** Whose registers are in the state block now. */
  loadedTask: Task | null = null;
  /** ACCESS_ bits of each page of the machine's memory, by guest page number: what makes pointer checks cheap. Derived. */
  access: Uint8Array = new Uint8Array(0);

  constructor(machine: Machine) {
    this.machine = machine;
    this.rebuildAccess();
  }

  /** The VMA that contains the address. */
  find(address: number): Vma | undefined {
    const v = this.vmas[this.indexAfter(address)];
    return v !== undefined && v.start <= address ? v : undefined;
  }

  /** Index of the first VMA that ends after the address. */
  indexAfter(address: number): number {
    let low = 0, high = this.vmas.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.vmas[middle].end <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** After a restore, once `machine` is set again. */
  rebuildAccess(): void {
    this.access = new Uint8Array(Math.ceil(this.machine.memory.guestEnd / PAGE_SIZE));
    for (const v of this.vmas) this.noteAccess(v.start, v.end, v.prot);
  }

  /** Records what a protection allows on [start, end); the part beyond the memory is never accessible. */
  noteAccess(start: number, end: number, prot: number): void {
    const pages = Math.ceil(this.machine.memory.guestEnd / PAGE_SIZE);
    if (pages > this.access.length) {
      const grown = new Uint8Array(pages);
      grown.set(this.access);
      this.access = grown;
    }
    const bits = (prot & (PROT_READ | PROT_WRITE | PROT_EXEC) ? ACCESS_READ : 0) |
      (prot & PROT_WRITE ? ACCESS_WRITE : 0);
    this.access.fill(bits, start / PAGE_SIZE, end / PAGE_SIZE);
  }

  /** True if all of [start, start + length) can be accessed so (ACCESS_ bits). Unsigned guest address. */
  allows(start: number, length: number, bits: number): boolean {
    const last = (start + length - 1) / PAGE_SIZE;
    const access = this.access;
    if (last >= access.length) return false;
    for (let page = start >>> 12; page <= last; page++) if ((access[page] & bits) !== bits) return false;
    return true;
  }
}
