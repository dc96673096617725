import { GUEST_BIAS } from "../../machine/state.ts";
import { PAGE_SIZE, PROT_EXEC, PROT_WRITE } from "../abi/mman.ts";
import type { MemoryFile } from "../fs/memory_inodes.ts";
import type { Kernel } from "../kernel.ts";
import { CTIME, MTIME } from "../vfs/inode.ts";
import type { WaitQueue } from "../wait_queue.ts";
import type { AddressSpace } from "./address_space.ts";
import { nextDifference } from "./page_difference.ts";
import type { Vma } from "./vma.ts";

/**
 * The pages of a file as address spaces share them by MAP_SHARED (Linux's struct address_space). Every process has a memory of
 * its own, so each has copies; the file's contents are the truth. Since tasks take turns on one CPU, it is enough that
 *
 * - one address space at a time, the holder, may have changes that the contents do not have: the one that ran last;
 * - before another that maps the file runs, or a system call looks at the contents, the holder's changed pages are stored
 *   (flushShared), found by comparing them with the contents;
 * - a space that gets its turn copies the pages that changed since it last did (enterSpace), found by their versions.
 *
 * So nothing is compared while only one process uses the mapping, and nothing at all in processes without shared mappings.
 */
export class SharedPages {
  static readonly savedFields: readonly string[] = [
    "inode",
    "users",
    "version",
    "versions",
    "holder",
    "mayDiffer",
    "futexes",
  ];
  /** Address spaces that map the file so. */
  users = 0;
  /** Counts changes of the contents. */
  version = 0;
  /** Value of `version` at the last change of each page. */
  versions: Uint32Array = new Uint32Array(0);
  /** The only address space whose copies may be newer than the contents. */
  holder: AddressSpace | null = null;
  /** The holder has run since its changes were last stored. */
  mayDiffer = false;
  /** Tasks that wait on futex words in these pages, by offset in the file. */
  readonly futexes: Map<number, WaitQueue> = new Map();

  constructor(readonly inode: MemoryFile) {}
}

/** That an address space maps shared pages, and how new its copies are. */
export interface SharedView {
  readonly pages: SharedPages;
  /** SharedPages.version up to which the copies are complete. */
  seen: number;
}

/** The space gets its turn (or its memory is about to be changed by the kernel): its copies become current. */
export function enterSpace(k: Kernel, space: AddressSpace): void {
  for (const view of space.shared) {
    const { pages } = view;
    if (pages.holder !== space || hasTwoViews(space, pages)) {
      flushShared(k, pages);
      pages.holder = space;
    }
    pages.mayDiffer = true;
    if (view.seen !== pages.version) copyNewer(space, view);
  }
}

/** Stores what the holder has changed, so that the contents are the truth. Before anyone reads or changes them. */
export function flushShared(k: Kernel, pages: SharedPages): void {
  const space = pages.holder;
  if (space === null || !pages.mayDiffer || !space.hasMachine) return;
  // The one that is running goes on changing things.
  pages.mayDiffer = k.currentTask !== undefined && space === k.currentTask.process.space;
  const version = pages.version + 1;
  const before = hasTwoViews(space, pages) ? new Map<number, Uint8Array>() : null;
  let changed = false;
  for (const v of space.vmas) {
    if (v.pages === pages && v.prot & PROT_WRITE && storeChanges(space, v, pages, version, before)) changed = true;
  }
  if (!changed) return;
  pages.version = version;
  const view = viewOf(space, pages)!;
  // The two views of one space have to be alike before they can be compared again.
  if (before === null) view.seen = version;
  else copyNewer(space, view);
  pages.inode.touch(k, MTIME | CTIME);
}

/** flushShared for all that a space maps: before fork, exit or a snapshot. */
export function flushSpace(k: Kernel, space: AddressSpace): void {
  for (const { pages } of space.shared) if (pages.holder === space) flushShared(k, pages);
}

/** flushSpace before the mappings of [start, end) change, if any of them is shared. */
export function flushRange(k: Kernel, space: AddressSpace, start: number, end: number): void {
  if (space.shared.length === 0) return;
  for (let i = space.indexAfter(start); i < space.vmas.length && space.vmas[i].start < end; i++) {
    const { pages } = space.vmas[i];
    if (pages !== null && pages.holder === space) flushShared(k, pages);
  }
}

/** A system call has changed the contents (after flushShared) from `start` to `end`; the caller sees it at once. */
export function contentsChanged(k: Kernel, pages: SharedPages, start: number, end: number): void {
  pages.version++;
  const last = Math.min(pages.versions.length, Math.ceil(end / PAGE_SIZE));
  pages.versions.fill(pages.version, Math.floor(start / PAGE_SIZE), last);
  const current = k.currentTask.process.space, view = viewOf(current, pages);
  if (view !== undefined) copyNewer(current, view);
  if (pages.holder !== current) pages.holder = null;
}

/** A mapping of shared pages has been put into the space of the running task, with the contents as they are. */
export function shareMapping(space: AddressSpace, v: Vma): void {
  const pages = v.pages!;
  const count = Math.ceil((v.fileOffset + v.end - v.start) / PAGE_SIZE);
  if (count > pages.versions.length) {
    const grown = new Uint32Array(count);
    grown.set(pages.versions);
    pages.versions = grown;
  }
  if (viewOf(space, pages) === undefined) {
    pages.users++;
    space.shared.push({ pages, seen: pages.version });
  }
  pages.holder = space;
  pages.mayDiffer = true;
}

/** Mappings are gone from the space: forgets pages that it maps no more. They have been flushed. */
export function dropUnusedViews(space: AddressSpace): void {
  if (space.shared.length === 0) return;
  space.shared = space.shared.filter((view) => {
    if (space.vmas.some((v) => v.pages === view.pages)) return true;
    leaveShared(space, view.pages);
    return false;
  });
}

/** The space maps the pages no more. */
export function leaveShared(space: AddressSpace, pages: SharedPages): void {
  if (pages.holder === space) pages.holder = null;
  if (--pages.users === 0 && pages.inode.shared === pages) pages.inode.shared = null;
}

/** Whether some process has a writable mapping of the pages (Linux's mapping_deny_writable). */
export function isMappedWritable(k: Kernel, pages: SharedPages): boolean {
  for (const p of k.processes.values()) {
    if (p.space.vmas.some((v) => v.pages === pages && v.prot & PROT_WRITE)) return true;
  }
  return false;
}

/** The shared pages at a guest address, or null. */
export function sharedPagesAt(space: AddressSpace, address: number): SharedPages | null {
  return space.shared.length === 0 ? null : space.find(address)?.pages ?? null;
}

function viewOf(space: AddressSpace, pages: SharedPages): SharedView | undefined {
  for (const view of space.shared) if (view.pages === pages) return view;
  return undefined;
}

/** Two mappings of one file in one space: they meet when the space gets its turn. */
function hasTwoViews(space: AddressSpace, pages: SharedPages): boolean {
  let n = 0;
  for (const v of space.vmas) if (v.pages === pages) n++;
  return n > 1;
}

/** Writes the pages of a mapping that differ from the contents to them. True if there were any. */
function storeChanges(
  space: AddressSpace,
  v: Vma,
  pages: SharedPages,
  version: number,
  before: Map<number, Uint8Array> | null,
): boolean {
  const { contents } = pages.inode, { machine } = space;
  // What lies past the end of the file is nobody's.
  const end = Math.min(v.end, v.start + contents.size - v.fileOffset) - GUEST_BIAS;
  const toPosition = v.fileOffset - (v.start - GUEST_BIAS);
  let changed = false;
  for (let at = v.start - GUEST_BIAS;; at += PAGE_SIZE) {
    at = nextDifference(machine, at, end, contents, toPosition);
    if (at >= end) return changed;
    changed = true;
    const position = at + toPosition, length = Math.min(PAGE_SIZE, end - at), page = position / PAGE_SIZE;
    if (before === null) contents.write(machine.memory.u8, at, length, position);
    else mergePage(before, page, machine.memory.u8.subarray(at, at + length), contents, position);
    pages.versions[page] = version;
  }
}

/** Stores a page that two mappings of one space may have changed: each brings the bytes that it changed. */
function mergePage(
  before: Map<number, Uint8Array>,
  page: number,
  bytes: Uint8Array,
  contents: MemoryFile["contents"],
  position: number,
): void {
  const old = before.get(page);
  if (old === undefined) {
    const image = new Uint8Array(bytes.length);
    contents.read(image, 0, bytes.length, position);
    before.set(page, image);
    return contents.write(bytes, 0, bytes.length, position);
  }
  const merged = new Uint8Array(bytes.length);
  contents.read(merged, 0, bytes.length, position);
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== old[i]) merged[i] = bytes[i];
  contents.write(merged, 0, merged.length, position);
}

/** Copies the pages that changed since the view was last current. */
function copyNewer(space: AddressSpace, view: SharedView): void {
  const { pages, seen } = view, { contents } = pages.inode, { versions } = pages, { machine } = space;
  view.seen = pages.version;
  for (const v of space.vmas) {
    if (v.pages !== pages) continue;
    let changed = false;
    const first = v.fileOffset / PAGE_SIZE, count = (v.end - v.start) / PAGE_SIZE;
    for (let i = 0; i < count; i++) {
      if (!(versions[first + i] > seen)) continue;
      changed = true;
      const at = v.start - GUEST_BIAS + i * PAGE_SIZE;
      const n = Math.max(0, contents.read(machine.memory.u8, at, PAGE_SIZE, v.fileOffset + i * PAGE_SIZE));
      if (n < PAGE_SIZE) machine.memory.u8.fill(0, at + n, at + PAGE_SIZE);
    }
    if (changed && v.prot & PROT_EXEC) space.codeChanged(v.start, v.end);
  }
}
