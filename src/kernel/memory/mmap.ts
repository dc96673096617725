import { isElf } from "../../elf/header.ts";
import { GUEST_BIAS } from "../../machine/state.ts";
import { EEXIST, EFAULT, EINVAL, ENOMEM, EPERM } from "../abi/errno.ts";
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_GROWSDOWN,
  MAP_NORESERVE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MAP_STACK,
  MAP_TYPE,
  MREMAP_DONTUNMAP,
  MREMAP_FIXED,
  MREMAP_MAYMOVE,
  PAGE_SIZE,
  pageUp,
  PROT_EXEC,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
} from "../abi/mman.ts";
import type { Kernel } from "../kernel.ts";
import { FILE_BLOCK_BYTES } from "../fs/file_contents.ts";
import type { FileDescription } from "../vfs/file_description.ts";
import type { AddressSpace } from "./address_space.ts";
import { codeSegment } from "./code_segment.ts";
import { addView, doubleMapped, dropViews } from "./double_mapping.ts";
import { HIGHEST_END, LOWEST_MAPPING, RESERVATION_GAP } from "./layout.ts";
import { dropUnusedViews, flushRange, flushShared, shareMapping } from "./shared_pages.ts";
import { isFixedCode, Vma, VMA_UNTOUCHED } from "./vma.ts";
import { VMA_RESERVED } from "./withdrawn.ts";

/** What mmap maps: a file from an offset, or fresh zeroes. */
export interface MapRequest {
  /** Wanted address, or 0. */
  address: number;
  length: number;
  prot: number;
  flags: number;
  file: FileDescription | null;
  fileOffset: number;
  name: string;
}

/** Flags that a VMA keeps. */
const KEPT = MAP_TYPE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_NORESERVE | MAP_STACK;

/** do_mmap: the address of the new mapping, or a negative errno. Arguments have been checked for form. */
export function map(k: Kernel, space: AddressSpace, request: MapRequest): number {
  const length = pageUp(request.length);
  const first = doubleMapped(space, request, length);
  if (first !== undefined) return addView(space, first, request, length);
  const start = choosePlace(k, space, request, length);
  if (start < 0) return start;
  // A file's bytes need memory even under PROT_NONE: mprotect may show them later.
  if (request.file !== null && !space.reach(start + length)) return -ENOMEM;
  const vma = new Vma(start, start + length, request.prot & (PROT_READ | PROT_WRITE | PROT_EXEC), request.flags & KEPT);
  vma.name = request.name;
  if ((vma.flags & MAP_TYPE) === MAP_SHARED_VALIDATE) vma.flags = (vma.flags & ~MAP_TYPE) | MAP_SHARED;
  if (vma.prot === PROT_NONE) vma.flags |= request.file === null ? VMA_RESERVED | VMA_UNTOUCHED : VMA_RESERVED;
  if (request.flags & MAP_STACK) vma.flags &= ~MAP_NORESERVE;
  if (request.file !== null) {
    vma.file = request.file;
    vma.fileOffset = request.fileOffset;
    if (vma.flags & MAP_SHARED) vma.pages = request.file.sharedPages();
    const loaded = loadFile(k, space, vma);
    if (loaded < 0) {
      space.zero(vma.start, vma.end);
      return loaded;
    }
    request.file.refs++;
  }
  const error = space.insert(vma);
  if (error < 0) return error;
  if (vma.pages !== null) shareMapping(space, vma);
  if (vma.prot & PROT_EXEC) noteCode(k, space, request, start, start + length);
  return start;
}

/** Tells what is executable at [start, end) now. */
function noteCode(
  k: Kernel,
  space: AddressSpace,
  { file, fileOffset, flags, prot }: MapRequest,
  start: number,
  end: number,
) {
  const image = flags & MAP_SHARED || prot & PROT_WRITE ? 0 : file?.imageFile() ?? 0;
  const code = image === 0 ? undefined : codeSegment(k, file!, fileOffset, start, end);
  if (code === undefined) return space.codeChanged(start, end, isFixedCode(prot));
  if (code.end < end) space.codeChanged(code.end, end, true);
  space.codeMapped(image, code.start, code.end);
}

/**
 * Where a file that may have code is mapped from its beginning: where it is in other processes, if that is free; what is
 * chosen the first time is kept for all. A hole or -ENOMEM.
 */
export function placeForFile(k: Kernel, space: AddressSpace, file: FileDescription, length: number): number {
  const image = file.imageFile();
  const known = image === 0 ? undefined : k.codePlaces.of(image);
  if (known !== undefined && known.end - known.start >= length && space.isFree(known.start, known.start + length)) {
    return known.start;
  }
  const start = space.findHole(k, length, PROT_READ, Math.max(LOWEST_MAPPING, k.codePlaces.librariesFrom));
  if (image !== 0 && start > 0) k.codePlaces.add(image, start, start + length);
  return start;
}

/** True if [start, end) is kept for a file of the image, and not for this one. */
function isOthersPlace(k: Kernel, file: FileDescription | null, start: number, end: number): boolean {
  const place = k.codePlaces.overlapping(start, end);
  if (place === undefined) return false;
  const own = k.codePlaces.of(file?.imageFile() ?? 0);
  return own === undefined || start < own.start || end > own.end;
}

/** True for a mapping as the dynamic linker makes it of a library: private, from the beginning of an ELF file. */
function isLibrary(k: Kernel, { file, fileOffset, flags }: MapRequest): boolean {
  if (file === null || fileOffset !== 0 || flags & MAP_SHARED || file.imageFile() === 0) return false;
  const head = new Uint8Array(4);
  return file.pread(k, k.currentTask, head, 0, 4, 0) === 4 && isElf(head);
}

function choosePlace(k: Kernel, space: AddressSpace, request: MapRequest, length: number): number {
  const { address, flags, prot } = request;
  if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
    if (address % PAGE_SIZE !== 0) return -EINVAL;
    if (address < LOWEST_MAPPING) return -EPERM;
    if (address + length > HIGHEST_END) return -ENOMEM;
    if (flags & MAP_FIXED_NOREPLACE) return space.isFree(address, address + length) ? address : -EEXIST;
    // Before the old mapping goes: a failure must leave it be.
    if (prot !== 0 && !space.reach(address + length)) return -ENOMEM;
    clear(k, space, address, address + length);
    return address;
  }
  // A hint is taken where it costs no memory; dense packing is worth more than the guest's wish.
  const hint = pageUp(address);
  if (
    hint >= LOWEST_MAPPING && hint + length <= space.machine.memory.guestEnd + RESERVATION_GAP &&
    space.isFree(hint, hint + length) && !isOthersPlace(k, request.file, hint, hint + length)
  ) {
    return hint;
  }
  if (isLibrary(k, request)) return placeForFile(k, space, request.file!, length);
  return space.findHole(k, length, prot);
}

/** Fills a file mapping from its file; what lies past the file's end is zero. 0 or a negative errno. */
function loadFile(k: Kernel, space: AddressSpace, v: Vma): number {
  if (v.pages !== null) {
    loadPages(k, space, v);
    return 0;
  }
  const length = v.end - v.start, at = v.start - GUEST_BIAS;
  let done = 0;
  while (done < length) {
    // The view is taken each time: a file system may be slow, but memory never grows in pread.
    const n = v.file!.pread(k, k.currentTask, space.machine.memory.u8, at + done, length - done, v.fileOffset + done);
    if (n < 0) return n;
    if (n === 0) break;
    done += n;
  }
  return 0;
}

/** Fills a shared mapping. Its memory is zero, so that holes need not be touched, and stay uncommitted. */
function loadPages(k: Kernel, space: AddressSpace, v: Vma): void {
  const pages = v.pages!, { contents } = pages.inode;
  flushShared(k, pages);
  const end = Math.min(contents.size, v.fileOffset + v.end - v.start);
  for (let position = v.fileOffset; position < end;) {
    const next = Math.min(end, position + FILE_BLOCK_BYTES - (position % FILE_BLOCK_BYTES));
    if (contents.storedBlock(position) !== null) {
      const at = v.start - GUEST_BIAS + position - v.fileOffset;
      contents.read(space.machine.memory.u8, at, next - position, position);
    }
    position = next;
  }
  pages.inode.accessed(k);
}

/** munmap(2) of whole pages. */
export function unmap(k: Kernel, space: AddressSpace, start: number, end: number): void {
  for (const range of dropViews(space, start, end)) clear(k, space, range.start, range.end);
}

/** Makes whole pages free, whatever stands there. */
function clear(k: Kernel, space: AddressSpace, start: number, end: number): void {
  flushRange(k, space, start, end);
  space.remove(k, start, end);
  dropUnusedViews(space);
}

/** brk(2) as the kernel does it: the new break, or the old one if it cannot be moved. */
export function moveBreak(k: Kernel, space: AddressSpace, wanted: number): number {
  if (wanted < space.brkStart || wanted > HIGHEST_END) return space.brk;
  const oldEnd = pageUp(space.brk), newEnd = pageUp(wanted);
  if (newEnd < oldEnd) {
    space.remove(k, newEnd, oldEnd);
  } else if (newEnd > oldEnd) {
    if (!space.isFree(oldEnd, newEnd)) return space.brk;
    const heap = new Vma(oldEnd, newEnd, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | 2 /* MAP_PRIVATE */);
    heap.name = "[heap]";
    if (space.insert(heap) < 0) return space.brk;
  }
  return space.brk = wanted;
}

/** mremap(2): the new address or a negative errno. `fixedAddress` counts with MREMAP_FIXED only. */
export function remap(
  k: Kernel,
  space: AddressSpace,
  old: number,
  oldSize: number,
  newSize: number,
  flags: number,
  fixedAddress: number,
): number {
  if (old % PAGE_SIZE !== 0 || flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) return -EINVAL;
  if (flags & MREMAP_FIXED && !(flags & MREMAP_MAYMOVE)) return -EINVAL;
  const oldLength = pageUp(oldSize), newLength = pageUp(newSize);
  // DONTUNMAP is for userfaultfd.
  if (newLength === 0 || flags & MREMAP_DONTUNMAP) return -EINVAL;
  const v = space.find(old);
  if (oldLength === 0) return secondView(k, space, old, newLength, flags, fixedAddress);
  if (v === undefined || old + oldLength > v.end) return -EFAULT;
  if (v.views > 1 && (flags & MREMAP_FIXED || newLength > oldLength)) return -ENOMEM;
  if (flags & MREMAP_FIXED) {
    if (fixedAddress % PAGE_SIZE !== 0 || fixedAddress + newLength > HIGHEST_END) return -EINVAL;
    if (fixedAddress < old + oldLength && old < fixedAddress + newLength) return -EINVAL;
    clear(k, space, fixedAddress, fixedAddress + newLength);
    return move(k, space, old, oldLength, newLength, fixedAddress);
  }
  if (newLength <= oldLength) {
    if (newLength < oldLength) unmap(k, space, old + newLength, old + oldLength);
    return old;
  }
  const end = old + oldLength;
  const mayGrow = v.end === end && old + newLength <= HIGHEST_END && space.isFree(end, old + newLength) &&
    // A file's place is given up only for who cannot go elsewhere.
    notHeapRoom(space, v) && !(flags & MREMAP_MAYMOVE && isOthersPlace(k, v.file, end, old + newLength));
  if (mayGrow) {
    if (v.prot !== 0 && !space.reach(old + newLength)) return -ENOMEM;
    v.end = old + newLength;
    space.noteAccess(end, v.end, v.prot);
    if (v.file !== null) fillGrown(k, space, v, end);
    if (v.prot & PROT_EXEC) space.codeChanged(end, v.end, isFixedCode(v.prot));
    return old;
  }
  if (!(flags & MREMAP_MAYMOVE)) return -ENOMEM;
  const place = space.findHole(k, newLength, v.prot);
  return place < 0 ? place : move(k, space, old, oldLength, newLength, place);
}

// A mapping just below the heap must not grow into its room.
function notHeapRoom(space: AddressSpace, v: Vma): boolean {
  return v.end < space.brkStart || v.end >= space.heapEnd;
}

function fillGrown(k: Kernel, space: AddressSpace, v: Vma, from: number): void {
  const grown = new Vma(from, v.end, v.prot, v.flags);
  grown.file = v.file;
  grown.fileOffset = v.fileOffset + from - v.start;
  grown.pages = v.pages;
  loadFile(k, space, grown);
  if (v.pages !== null) shareMapping(space, v);
}

/** An old size of 0: the shared pages at `old` are mapped once more (mremap(2)). */
function secondView(
  k: Kernel,
  space: AddressSpace,
  old: number,
  length: number,
  flags: number,
  fixedAddress: number,
): number {
  const v = space.find(old);
  if (v === undefined) return -EFAULT;
  if (v.pages === null || !(flags & MREMAP_MAYMOVE)) return -EINVAL;
  return map(k, space, {
    address: flags & MREMAP_FIXED ? fixedAddress : 0,
    length,
    prot: v.prot,
    flags: MAP_SHARED | (flags & MREMAP_FIXED ? MAP_FIXED : 0),
    file: v.file,
    fileOffset: v.fileOffset + old - v.start,
    name: v.name,
  });
}

function move(
  k: Kernel,
  space: AddressSpace,
  old: number,
  oldLength: number,
  newLength: number,
  place: number,
): number {
  const kept = Math.min(oldLength, newLength);
  flushRange(k, space, old, old + oldLength);
  space.splitAt(old);
  space.splitAt(old + oldLength);
  const v = space.find(old)!;
  const moved = new Vma(place, place + newLength, v.prot, v.flags);
  moved.name = v.name;
  moved.file = v.file;
  moved.fileOffset = v.fileOffset;
  moved.pages = v.pages;
  if (moved.file !== null) moved.file.refs++;
  const contentBytes = Math.max(0, Math.min(kept, space.machine.memory.guestEnd - old));
  if (!space.reach(place + contentBytes) || (moved.prot !== 0 && !space.reach(moved.end))) {
    if (moved.file !== null) moved.file.refs--;
    return -ENOMEM;
  }
  const from = old - GUEST_BIAS;
  space.machine.memory.u8.copyWithin(place - GUEST_BIAS, from, from + contentBytes);
  const error = space.insert(moved);
  if (error < 0) return error;
  if (moved.prot & PROT_EXEC) space.codeChanged(place, place + newLength, isFixedCode(moved.prot));
  if (moved.pages !== null) shareMapping(space, moved);
  if (moved.file !== null && newLength > oldLength) {
    const inserted = space.find(place)!;
    fillGrown(k, space, inserted, place + oldLength);
  }
  space.remove(k, old, old + oldLength);
  return place;
}

/** MADV_DONTNEED: anonymous pages read as zero again, private file pages as the file has them. */
export function discard(k: Kernel, space: AddressSpace, start: number, end: number): void {
  for (let i = space.indexAfter(start); i < space.vmas.length && space.vmas[i].start < end; i++) {
    const v = space.vmas[i];
    // Shared file pages stay what they are: the file's, not ours to drop.
    if (v.file !== null && v.flags & MAP_SHARED) continue;
    const from = Math.max(start, v.start), to = Math.min(end, v.end);
    space.zero(from, to);
    if (v.file === null) continue;
    const part = new Vma(from, to, v.prot, v.flags);
    part.file = v.file;
    part.fileOffset = v.fileOffset + from - v.start;
    loadFile(k, space, part);
    if (v.prot & PROT_EXEC) space.codeChanged(from, to);
  }
}
