import { ACCESS_READ, ACCESS_WRITE, accessByte } from "../../machine/access_map.ts";
import type { Machine } from "../../machine/machine.ts";
import { type MemoryImage, MemoryOrigin } from "../../machine/memory_image.ts";
import { GUEST_BIAS, READABLE_RANGE, WRITABLE_RANGE } from "../../machine/state.ts";
import { ENOMEM } from "../abi/errno.ts";
import {
  MAP_ANONYMOUS,
  PAGE_SIZE,
  pageDown,
  pageUp,
  PROT_EXEC,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
} from "../abi/mman.ts";
import type { Kernel } from "../kernel.ts";
import { dropDescription } from "../task/fd_table.ts";
import type { Task } from "../task/task.ts";
import type { WaitQueue } from "../wait_queue.ts";
import type { CodePlaces, ImageFile } from "./code_places.ts";
import {
  GROWTH_SHARE,
  HIGHEST_END,
  LEAST_GROWTH_BYTES,
  LOWEST_MAPPING,
  MOST_GROWTH_BYTES,
  RESERVATION_BYTES,
  RESERVATION_GAP,
} from "./layout.ts";
import { flushSpace, type SharedView } from "./shared_pages.ts";
import { isFixedCode, Vma, VMA_UNTOUCHED } from "./vma.ts";
import { noteProtection } from "./withdrawn.ts";

/** From here on it pays to look which pages have to be zeroed. */
const MANY_BYTES = 64 * 1024;
/** From here on it does not pay to look at what was reserved and never opened. */
const LARGE_BYTES = 1024 * 1024;

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
    "heapEnd",
    "stackTop",
    "loadedTask",
    "mmapStart",
    "argStart",
    "argEnd",
    "envStart",
    "envEnd",
    "auxv",
    "futexes",
    "shared",
    "programKey",
    "codeFiles",
    "checked",
  ];
  static readonly unsavedFields: readonly string[] = ["made", "make", "origin", "access"];
  /** Null between a restore and the first use. */
  private made: Machine | null;
  /** Makes the machine of a restored space. */
  private make: (() => Machine) | null = null;
  /** What a restored memory was restored from. */
  private origin: MemoryOrigin | null = null;
  vmas: Vma[] = [];
  users = 1;
  brkStart = 0;
  brk = 0;
  /** End of the room kept for the heap; 0 before a program is loaded. */
  heapEnd = 0;
  stackTop = 0;
  /** mmap looks for holes from here up, then in the holes below. */
  mmapStart = LOWEST_MAPPING;
  /** /proc/self/cmdline and environ live on the initial stack. */
  argStart = 0;
  argEnd = 0;
  envStart = 0;
  envEnd = 0;
  /** /proc/self/auxv. */
  auxv: Uint8Array = new Uint8Array(0);
  /** Path of the program if it is a file of the image, unchanged; "" otherwise (see Machine.programLoaded). */
  programKey = "";
  /** Executable mappings that hold what their file of the image has, by the file's number: code made ahead of time fits. */
  readonly codeFiles: Map<ImageFile, { start: number; end: number }> = new Map();
  /** Loads and stores fault where mappings do not allow them (withdrawn.ts); all others see to it themselves. */
  checked = false;
  /** Tasks that wait on futex words, by guest address. */
  readonly futexes: Map<number, WaitQueue> = new Map();
  /** What it maps with MAP_SHARED. */
  shared: SharedView[] = [];
  /** Whose registers are in the state block now. */
  loadedTask: Task | null = null;
  /** ACCESS_ bits of each page of the machine's memory, by guest page number: what makes pointer checks cheap. Derived. */
  access: Uint8Array = new Uint8Array(0);

  constructor(machine: Machine) {
    this.made = machine;
    this.rebuildAccess();
  }

  /** The machine; made now where a restore has left that for later. */
  get machine(): Machine {
    return this.made ?? this.makeMachine();
  }

  /** False between a restore and the first use: nobody can have changed the memory since. */
  get hasMachine(): boolean {
    return this.made !== null;
  }

  /** Size of the memory, also where it has not been made. */
  get memoryBytes(): number {
    return this.made === null ? this.access.length * PAGE_SIZE - GUEST_BIAS : this.made.memory.u8.length;
  }

  /** Bytes of the memory up to where something is mapped: what is behind can be given up. */
  get usedBytes(): number {
    const { guestEnd } = this.machine.memory, last = this.vmas.findLast(({ start }) => start < guestEnd);
    // A process that has ended has no memory any more.
    return Math.min(Math.max(last?.end ?? 0, LOWEST_MAPPING), guestEnd) - GUEST_BIAS;
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

  /** True if no VMA touches [start, end). */
  isFree(start: number, end: number): boolean {
    const v = this.vmas[this.indexAfter(start)];
    return v === undefined || v.start >= end;
  }

  /** True if VMAs cover all of [start, end). */
  isCovered(start: number, end: number): boolean {
    let at = start;
    for (let i = this.indexAfter(start); at < end; i++) {
      const v = this.vmas[i];
      if (v === undefined || v.start > at) return false;
      at = v.end;
    }
    return true;
  }

  /**
   * A hole for `length` bytes, or -ENOMEM. First fit from mmapStart up, then below it; large reservations apart. The places of
   * the image's files are kept free (CodePlaces). Nothing below `least` is taken.
   */
  findHole(k: Kernel, length: number, prot: number, least = LOWEST_MAPPING): number {
    const places = k.codePlaces;
    if (prot === PROT_NONE && length >= RESERVATION_BYTES) {
      // Apart from what is in use: were it from the end of memory, each stack of a thread would take what memory grew, too.
      const used = this.usedBytes + GUEST_BIAS;
      const apart = Math.ceil((used + RESERVATION_GAP) / RESERVATION_BYTES) * RESERVATION_BYTES;
      const start = this.firstFit(places, length, apart, HIGHEST_END);
      if (start >= 0) return start;
    }
    // A hole inside the memory that exists costs nothing, wherever it is; growing memory comes last.
    const end = this.machine.memory.guestEnd;
    const from = Math.max(this.mmapStart, least);
    let start = this.firstFit(places, length, from, end);
    if (start < 0) start = this.firstFit(places, length, least, from);
    if (start < 0) start = this.firstFit(places, length, from, HIGHEST_END);
    return start;
  }

  private firstFit(places: CodePlaces, length: number, from: number, to: number): number {
    let at = from;
    for (let i = this.indexAfter(from); at + length <= to;) {
      const v = this.vmas[i];
      if (v !== undefined && at + length > v.start) {
        at = Math.max(at, this.endWithHeapRoom(v));
        i++;
        continue;
      }
      const place = places.overlapping(at, at + length);
      if (place === undefined) return at;
      at = place.end;
      i = this.indexAfter(at);
    }
    return -ENOMEM;
  }

  // The heap's room belongs to the heap: nothing is placed there unless the guest insists (MAP_FIXED).
  private endWithHeapRoom(v: Vma): number {
    return v.end >= this.brkStart && v.end <= this.heapEnd ? this.heapEnd : v.end;
  }

  /** Puts a mapping into a free range and makes its memory exist. 0 or -ENOMEM. */
  insert(vma: Vma): number {
    if (vma.prot !== PROT_NONE && !this.reach(vma.end)) return -ENOMEM;
    const i = this.indexAfter(vma.start);
    this.vmas.splice(i, 0, vma);
    this.noteAccess(vma.start, vma.end, vma.prot);
    this.mergeAround(i);
    return 0;
  }

  /**
   * Makes guest memory exist up to `end`, and some more: a host counts all of a memory again each time it grows, and collects
   * garbage for it.
   */
  reach(end: number): boolean {
    const { memory } = this.machine, { guestEnd } = memory;
    if (end <= guestEnd) return true;
    const share = (guestEnd - GUEST_BIAS) * GROWTH_SHARE;
    const more = Math.max(LEAST_GROWTH_BYTES, Math.min(share, MOST_GROWTH_BYTES));
    return memory.growTo(Math.min(pageUp(end + more), HIGHEST_END)) || memory.growTo(end);
  }

  /** Unmaps [start, end): bytes become zero, files are let go of, code is forgotten. */
  remove(k: Kernel, start: number, end: number): void {
    this.splitAt(start);
    this.splitAt(end);
    const first = this.indexAfter(start);
    let i = first;
    for (; i < this.vmas.length && this.vmas[i].start < end; i++) {
      const v = this.vmas[i];
      if (mayHold(v)) this.zero(v.start, v.end);
      if (v.prot & PROT_EXEC) this.codeChanged(v.start, v.end);
      if (v.file !== null) dropDescription(k, v.file);
    }
    this.vmas.splice(first, i - first);
    this.noteAccess(start, end, PROT_NONE);
  }

  /** Executable bytes of [start, end) changed or may change from now on: code made of them is forgotten. See Machine. */
  codeChanged(start: number, end: number, isFixed = false): void {
    for (const [file, range] of this.codeFiles) if (range.start < end && start < range.end) this.codeFiles.delete(file);
    this.machine.codeChanged(start, end, isFixed);
  }

  /**
   * An executable mapping now holds the code of a file of the image: what was compiled ahead of time may be used. A file has one
   * such place at a time; code of a second mapping of it is as any other.
   */
  codeMapped(file: ImageFile, start: number, end: number): void {
    for (const [other, range] of this.codeFiles) {
      if (range.start < end && start < range.end) this.codeFiles.delete(other);
    }
    if (this.codeFiles.has(file)) return this.machine.codeChanged(start, end, true);
    this.codeFiles.set(file, { start, end });
    if (this.machine.codeMapped !== undefined) this.machine.codeMapped(file, start, end);
    else this.machine.codeChanged(start, end, true);
  }

  /**
   * Zeroes the part of [start, end) that exists. Of a large range only the pages that are not zero are written: of the 8 MB of
   * a thread's stack most were never touched, and writing to them would make the host provide them.
   */
  zero(start: number, end: number): void {
    const { machine } = this, { u8 } = machine.memory;
    const from = start - GUEST_BIAS, to = Math.min(end - GUEST_BIAS, u8.length);
    if (to - from < MANY_BYTES) return void u8.fill(0, from, to);
    const pagesFrom = pageUp(from), pagesTo = pageDown(to);
    u8.fill(0, from, pagesFrom).fill(0, pagesTo, to);
    for (let at = pagesFrom; (at = machine.nextUsedPage(at, pagesTo)) < pagesTo; at += PAGE_SIZE) {
      u8.fill(0, at, at + PAGE_SIZE);
    }
  }

  /** Changes the protection of [start, end), which VMAs cover. 0 or -ENOMEM. */
  protect(start: number, end: number, prot: number): number {
    if (prot !== PROT_NONE && !this.reach(end)) return -ENOMEM;
    this.splitAt(start);
    this.splitAt(end);
    const first = this.indexAfter(start);
    let i = first;
    for (; i < this.vmas.length && this.vmas[i].start < end; i++) {
      const v = this.vmas[i];
      // Code that was translated as it stood may be about to change, or bytes are about to become code.
      if (v.prot !== prot && ((v.prot ^ prot) & PROT_EXEC || v.prot & prot & PROT_EXEC)) {
        this.codeChanged(v.start, v.end, isFixedCode(prot));
      }
      noteProtection(this, v, prot);
      if (prot !== PROT_NONE) v.flags &= ~VMA_UNTOUCHED;
      // The other mappings that it stands for keep what they allow.
      v.prot = v.views > 1 ? v.prot | prot : prot;
      this.noteAccess(v.start, v.end, v.prot);
    }
    for (; i >= first; i--) this.mergeAround(i);
    return 0;
  }

  /** Makes `address` a border between VMAs if one contains it. */
  splitAt(address: number): void {
    const i = this.indexAfter(address), v = this.vmas[i];
    if (v === undefined || v.start >= address) return;
    const upper = new Vma(address, v.end, v.prot, v.flags);
    upper.name = v.name;
    if (v.file !== null) {
      upper.file = v.file;
      v.file.refs++;
    }
    upper.fileOffset = v.fileOffset + (address - v.start);
    upper.pages = v.pages;
    upper.views = v.views;
    v.end = address;
    this.vmas.splice(i + 1, 0, upper);
  }

  /** Joins VMA i with its anonymous neighbours of the same kind: keeps the list short for programs that map page by page. */
  private mergeAround(i: number): void {
    for (const left of [i, i - 1]) {
      const a = this.vmas[left], b = this.vmas[left + 1];
      if (a === undefined || b === undefined || a.end !== b.start || a.prot !== b.prot || a.flags !== b.flags) continue;
      if (a.file !== null || b.file !== null || a.name !== b.name || !(a.flags & MAP_ANONYMOUS)) continue;
      a.end = b.end;
      this.vmas.splice(left + 1, 1);
    }
  }

  /**
   * A restored address space is told how to get a machine whose memory holds the saved bytes. It asks when something looks at
   * the memory: of a server with many processes a request wakes few.
   *
   * @param guestEnd Where the memory ends, a guest address.
   * @param image What the machine's memory will hold.
   */
  attachLater(guestEnd: number, make: () => Machine, image: MemoryImage | null = null): void {
    this.made = null;
    this.make = make;
    this.origin = image === null ? null : new MemoryOrigin(image);
    this.rebuildAccess(guestEnd);
  }

  /** Gives the machine back, if there is one. `mapped`: what is mapped in it. */
  disposeMachine(mapped: readonly Vma[] = this.vmas): void {
    this.made?.dispose(mapped.filter(mayHold), this.origin);
  }

  private makeMachine(): Machine {
    const machine = this.made = this.make!();
    this.make = null;
    this.rebuildAccess();
    // A machine may know code for places in which this space has something else.
    const ranges = [...this.codeFiles.values()];
    for (const { start, end, prot } of this.vmas) {
      if (!(prot & PROT_EXEC) || ranges.some((r) => r.start <= start && end <= r.end)) continue;
      machine.codeChanged(start, end, isFixedCode(prot));
    }
    for (const [file, { start, end }] of this.codeFiles) machine.codeMapped?.(file, start, end);
    if (this.checked) this.setChecked(true);
    return machine;
  }

  /** Has loads and stores checked, or no longer. */
  setChecked(on: boolean): void {
    this.checked = on;
    const own = this.machine.checkAccess(on);
    if (own === null) return this.rebuildAccess();
    this.access = own;
    for (const v of this.vmas) this.markAccess(v.start, v.end, v.prot);
  }

  private rebuildAccess(guestEnd = this.machine.memory.guestEnd): void {
    this.access = new Uint8Array(Math.ceil(guestEnd / PAGE_SIZE));
    for (const v of this.vmas) this.markAccess(v.start, v.end, v.prot);
  }

  /** Records what a protection allows on [start, end); the part beyond the memory is never accessible. */
  noteAccess(start: number, end: number, prot: number): void {
    this.origin?.remapped(start, end);
    const { i32 } = this.machine.memory;
    i32[(WRITABLE_RANGE >> 2) + 1] = i32[(READABLE_RANGE >> 2) + 1] = 0;
    const pages = Math.floor(this.machine.memory.guestEnd / PAGE_SIZE);
    if (pages > this.access.length) {
      const grown = new Uint8Array(pages);
      grown.set(this.access);
      this.access = grown;
    }
    this.markAccess(start, end, prot);
  }

  private markAccess(start: number, end: number, prot: number): void {
    const bits = (prot & (PROT_READ | PROT_WRITE | PROT_EXEC) ? ACCESS_READ : 0) |
      (prot & PROT_WRITE ? ACCESS_WRITE : 0);
    this.access.fill(accessByte(bits), start / PAGE_SIZE, end / PAGE_SIZE);
  }

  /** True if all of [start, start + length) can be accessed so (ACCESS_ bits). Unsigned guest address. */
  allows(start: number, length: number, bits: number): boolean {
    const last = Math.floor((start + length - 1) / PAGE_SIZE);
    const access = this.access;
    if (last >= access.length) return false;
    for (let page = start >>> 12; page <= last; page++) if ((access[page] & bits) !== bits) return false;
    return true;
  }

  /** The child's memory after fork: the same mappings over a copied machine. */
  fork(k: Kernel): AddressSpace {
    // The copies must be those of a space that is up to date and holds nothing.
    flushSpace(k, this);
    const child = new AddressSpace(this.machine.fork(this.vmas.filter(mayHold)));
    for (const v of this.vmas) {
      const copy = new Vma(v.start, v.end, v.prot, v.flags);
      copy.file = v.file;
      if (v.file !== null) v.file.refs++;
      copy.fileOffset = v.fileOffset;
      copy.pages = v.pages;
      copy.views = v.views;
      copy.name = v.name;
      child.vmas.push(copy);
    }
    for (const { pages, seen } of this.shared) {
      pages.users++;
      child.shared.push({ pages, seen });
    }
    child.brkStart = this.brkStart;
    child.brk = this.brk;
    child.heapEnd = this.heapEnd;
    child.stackTop = this.stackTop;
    child.mmapStart = this.mmapStart;
    child.argStart = this.argStart;
    child.argEnd = this.argEnd;
    child.envStart = this.envStart;
    child.envEnd = this.envEnd;
    child.auxv = this.auxv;
    child.programKey = this.programKey;
    for (const [file, range] of this.codeFiles) child.codeFiles.set(file, { ...range });
    child.rebuildAccess();
    if (this.checked) child.setChecked(true);
    return child;
  }
}

/**
 * False where there can be nothing but zeros, and where it would take long to find none. What is short may be the guard of a stack,
 * which is not always proof against stores.
 */
function mayHold({ start, end, flags }: Vma): boolean {
  return (flags & VMA_UNTOUCHED) === 0 || end - start < LARGE_BYTES;
}
