/**
 * Just-in-time compilers that keep memory from being writable and executable at once map the same pages twice: they write code
 * through one mapping and run it through the other, without any system call in between (asmjit, so Erlang's BEAM; .NET). A
 * process has one flat memory, and two places in it cannot be the same bytes; so the second mapping gets the address of the
 * first, which is the kernel's to choose. `Vma.views` counts how many mappings one stands for, `munmap` takes one away, and
 * protections add up. Mappings at an address of the guest's choice have places of their own (shared_pages.ts).
 */
import { MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_SHARED, PROT_EXEC, PROT_WRITE } from "../abi/mman.ts";
import type { AddressSpace } from "./address_space.ts";
import type { MapRequest } from "./mmap.ts";
import type { Vma } from "./vma.ts";

/** The mapping that has all pages of the request, where one of the two is to write code and the other to run it. */
export function doubleMapped(space: AddressSpace, request: MapRequest, length: number): Vma | undefined {
  const { file, fileOffset, flags, prot } = request;
  if (file === null || space.shared.length === 0) return undefined;
  if (!(flags & MAP_SHARED) || flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) return undefined;
  const pages = file.sharedPages();
  return space.vmas.find((v) =>
    v.pages === pages && v.fileOffset <= fileOffset && fileOffset + length <= v.fileOffset + v.end - v.start &&
    (v.prot & PROT_EXEC ? prot & PROT_WRITE : v.prot & PROT_WRITE && prot & PROT_EXEC)
  );
}

/** Lets a part of a mapping stand for another one, too; gives its address. */
export function addView(space: AddressSpace, v: Vma, request: MapRequest, length: number): number {
  const start = v.start + request.fileOffset - v.fileOffset, end = start + length;
  space.splitAt(start);
  space.splitAt(end);
  space.find(start)!.views++;
  space.protect(start, end, request.prot);
  return start;
}

/** Takes one mapping of each page of [start, end) away where there are more; gives the ranges where there is only one. */
export function dropViews(space: AddressSpace, start: number, end: number): { start: number; end: number }[] {
  const single: { start: number; end: number }[] = [];
  space.splitAt(start);
  space.splitAt(end);
  let from = start;
  for (let i = space.indexAfter(start); i < space.vmas.length && space.vmas[i].start < end; i++) {
    const v = space.vmas[i];
    if (v.views === 1) continue;
    v.views--;
    if (v.start > from) single.push({ start: from, end: v.start });
    from = v.end;
  }
  if (from < end) single.push({ start: from, end });
  return single;
}
