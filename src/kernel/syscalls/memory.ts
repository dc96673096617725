import { EACCES, EBADF, EINVAL, ENODEV, ENOMEM, EPERM, ESPIPE } from "../abi/errno.ts";
import * as mman from "../abi/mman.ts";
import { PAGE_SIZE, pageUp } from "../abi/mman.ts";
import type { Kernel } from "../kernel.ts";
import { discard, map, type MapRequest, moveBreak, remap, unmap } from "../memory/mmap.ts";
import type { AddressSpace } from "../memory/address_space.ts";
import { flushRange } from "../memory/shared_pages.ts";
import { reviewChecks } from "../memory/withdrawn.ts";
import { writableRange } from "../memory/user_memory.ts";
import type { MemoryFile } from "../fs/memory_inodes.ts";
import { ZeroDevice } from "../fs/devices.ts";
import { unnamedFile } from "../fs/unnamed_file.ts";
import { dropDescription } from "../task/fd_table.ts";
import type { Task } from "../task/task.ts";
import { F_SEAL_FUTURE_WRITE, F_SEAL_WRITE } from "../abi/fcntl.ts";
import { HIGHEST_END } from "../memory/layout.ts";
import {
  SYS_brk,
  SYS_madvise,
  SYS_mincore,
  SYS_mlock,
  SYS_mlock2,
  SYS_mlockall,
  SYS_mmap,
  SYS_mprotect,
  SYS_mremap,
  SYS_msync,
  SYS_munlock,
  SYS_munlockall,
  SYS_munmap,
} from "../abi/syscall_numbers.ts";
import { full, partial, type SyscallRow } from "./support.ts";

const O_ACCMODE = 3, O_RDONLY = 0, O_WRONLY = 1;
const PROT_KNOWN = mman.PROT_READ | mman.PROT_WRITE | mman.PROT_EXEC | mman.PROT_GROWSDOWN | mman.PROT_GROWSUP;

function sysMmap(k: Kernel, t: Task, _a0: number, _a1: number, prot: number, flags: number, fd: number): number {
  const result = mapAsAsked(k, t, prot, flags, fd);
  if (result === -ENOMEM) k.largestRefusal = Math.max(k.largestRefusal, k.arg64(1));
  return result;
}

function mapAsAsked(k: Kernel, t: Task, prot: number, flags: number, fd: number): number {
  const address = k.arg64(0), length = k.arg64(1), offset = k.arg64(5);
  if (length === 0 || offset % PAGE_SIZE !== 0) return -EINVAL;
  if (length < 0 || length > HIGHEST_END || offset < 0) return -ENOMEM;
  const type = flags & mman.MAP_TYPE;
  if (type !== mman.MAP_SHARED && type !== mman.MAP_PRIVATE && type !== mman.MAP_SHARED_VALIDATE) return -EINVAL;
  const request = {
    address: address < 0 ? 0xffffffff : address,
    length,
    prot,
    flags,
    file: null,
    fileOffset: 0,
    name: "",
  };
  const isShared = type !== mman.MAP_PRIVATE;
  if (flags & mman.MAP_ANONYMOUS) return isShared ? mapZero(k, t, request) : map(k, t.process.space, request);
  const file = t.process.fds.get(fd);
  if (file === undefined) return -EBADF;
  const mode = file.statusFlags & O_ACCMODE;
  if (mode === O_WRONLY) return -EACCES;
  if (isShared) {
    if (file instanceof ZeroDevice) return mapZero(k, t, request);
    if (prot & mman.PROT_WRITE && mode === O_RDONLY) return -EACCES;
    const pages = file.sharedPages();
    if (pages === null) return -ENODEV;
    if (prot & mman.PROT_WRITE && isSealed(pages.inode)) return -EPERM;
  }
  const start = map(k, t.process.space, { ...request, file, fileOffset: offset, name: file.describe() });
  // Files without positions (sockets, pipes) have no pages.
  return start === -ESPIPE ? -ENODEV : start;
}

/** Shared pages without a file: those of one that has no name. */
function mapZero(k: Kernel, t: Task, request: MapRequest): number {
  const file = unnamedFile(k, t, "/dev/zero", 0o777);
  file.inode.contents.size = pageUp(request.length);
  file.refs = 1;
  const start = map(k, t.process.space, { ...request, file, name: file.describe() });
  dropDescription(k, file);
  return start;
}

function sysMunmap(k: Kernel, t: Task): number {
  const range = pageRange(k);
  if (range < 0 || k.arg64(1) <= 0) return -EINVAL;
  const start = k.arg64(0);
  const { process } = t;
  unmap(k, process.space, start, start + pageUp(k.arg64(1)));
  if (process.space.checked) reviewChecks(k, process);
  return 0;
}

/** Checks that the first two arguments are a page-aligned range of guest addresses. 0 or -EINVAL. */
function pageRange(k: Kernel): number {
  const start = k.arg64(0), length = k.arg64(1);
  if (start < 0 || start % PAGE_SIZE !== 0 || length < 0 || start + length > HIGHEST_END) return -EINVAL;
  return 0;
}

function sysMprotect(k: Kernel, t: Task, _a0: number, _a1: number, prot: number): number {
  if (prot & ~PROT_KNOWN) return -EINVAL;
  const start = k.arg64(0), length = k.arg64(1);
  if (start < 0 || start % PAGE_SIZE !== 0) return -EINVAL;
  if (length === 0) return 0;
  const space = t.process.space, end = start + pageUp(length);
  if (length < 0 || end > HIGHEST_END || !space.isCovered(start, end)) return -ENOMEM;
  if (space.shared.length !== 0) {
    if (prot & mman.PROT_WRITE && !canBeWritten(space, start, end)) return -EACCES;
    flushRange(k, space, start, end);
  }
  const result = space.protect(start, end, prot & (mman.PROT_READ | mman.PROT_WRITE | mman.PROT_EXEC));
  reviewChecks(k, t.process);
  return result;
}

/** Whether seals forbid writing through new mappings (fcntl(2)). */
function isSealed(file: MemoryFile): boolean {
  return file.seals > 0 && (file.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0;
}

/** False if a shared mapping in [start, end) is of a file that was opened for reading only, or has been sealed. */
function canBeWritten(space: AddressSpace, start: number, end: number): boolean {
  for (let i = space.indexAfter(start); i < space.vmas.length && space.vmas[i].start < end; i++) {
    const v = space.vmas[i];
    if (v.pages === null) continue;
    if ((v.file!.statusFlags & O_ACCMODE) === O_RDONLY || isSealed(v.pages.inode)) return false;
  }
  return true;
}

function sysMremap(k: Kernel, t: Task, _a0: number, _a1: number, _a2: number, flags: number): number {
  const old = k.arg64(0), oldSize = k.arg64(1), newSize = k.arg64(2), place = k.arg64(4);
  if (old < 0 || oldSize < 0 || newSize < 0) return -EINVAL;
  if (newSize > HIGHEST_END) return -ENOMEM;
  return remap(k, t.process.space, old, oldSize, newSize, flags, place);
}

function sysBrk(k: Kernel, t: Task): number {
  return moveBreak(k, t.process.space, k.arg64(0));
}

function sysMadvise(k: Kernel, t: Task, _a0: number, _a1: number, advice: number): number {
  if (pageRange(k) < 0) return -EINVAL;
  const space = t.process.space, start = k.arg64(0), end = start + pageUp(k.arg64(1));
  switch (advice) {
    case mman.MADV_DONTNEED:
    case mman.MADV_DONTNEED_LOCKED:
    case mman.MADV_FREE: // zero at once is one of the outcomes it allows, and keeps snapshots small
      discard(k, space, start, end);
      break;
    case mman.MADV_NORMAL:
    case mman.MADV_RANDOM:
    case mman.MADV_SEQUENTIAL:
    case mman.MADV_WILLNEED:
    case mman.MADV_DONTFORK:
    case mman.MADV_DOFORK:
    case mman.MADV_MERGEABLE:
    case mman.MADV_UNMERGEABLE:
    case mman.MADV_HUGEPAGE:
    case mman.MADV_NOHUGEPAGE:
    case mman.MADV_DONTDUMP:
    case mman.MADV_DODUMP:
    case mman.MADV_COLD:
    case mman.MADV_PAGEOUT:
    case mman.MADV_POPULATE_READ:
    case mman.MADV_POPULATE_WRITE:
      break;
    default:
      return -EINVAL;
  }
  return space.isCovered(start, end) ? 0 : -ENOMEM;
}

function sysMsync(k: Kernel, t: Task, _a0: number, _a1: number, flags: number): number {
  const both = mman.MS_ASYNC | mman.MS_SYNC;
  if (pageRange(k) < 0 || flags & ~(both | mman.MS_INVALIDATE) || (flags & both) === both) return -EINVAL;
  const start = k.arg64(0), end = start + pageUp(k.arg64(1));
  if (!t.process.space.isCovered(start, end)) return -ENOMEM;
  flushRange(k, t.process.space, start, end);
  return 0;
}

function sysMincore(k: Kernel, t: Task, _a0: number, _a1: number, vector: number): number {
  if (pageRange(k) < 0) return -EINVAL;
  const start = k.arg64(0), pages = Math.ceil(k.arg64(1) / PAGE_SIZE);
  if (!t.process.space.isCovered(start, start + pages * PAGE_SIZE)) return -ENOMEM;
  const at = writableRange(t, vector, pages);
  if (at < 0) return at;
  t.memory.u8.fill(1, at, at + pages);
  return 0;
}

// All memory is locked in the sense of mlock(2): there is no swap.
function sysMlock(k: Kernel, t: Task): number {
  const start = mman.pageDown(k.arg64(0)), end = pageUp(k.arg64(0) + k.arg64(1));
  if (start < 0 || end > HIGHEST_END) return -ENOMEM;
  return t.process.space.isCovered(start, end) ? 0 : -ENOMEM;
}

function sysMlock2(k: Kernel, t: Task, _a0: number, _a1: number, flags: number): number {
  return flags & ~1 ? -EINVAL : sysMlock(k, t);
}

function sysMlockall(_k: Kernel, _t: Task, flags: number): number {
  const known = mman.MCL_CURRENT | mman.MCL_FUTURE | mman.MCL_ONFAULT;
  return flags === 0 || flags & ~known || flags === mman.MCL_ONFAULT ? -EINVAL : 0;
}

export const memoryRows: readonly (readonly [number, SyscallRow])[] = [
  [
    SYS_mmap,
    partial("mmap", sysMmap, "two shared mappings of a file in one process meet when it gets its turn", [
      "addr",
      "length",
      "prot",
      "flags",
      "fd:fd",
      "offset",
    ]),
  ],
  [SYS_munmap, full("munmap", sysMunmap, ["addr", "length"])],
  [
    SYS_mprotect,
    partial("mprotect", sysMprotect, "recorded, and kept by system calls; stores are not stopped by it", [
      "addr",
      "length",
      "prot",
    ]),
  ],
  [
    SYS_mremap,
    partial("mremap", sysMremap, "no MREMAP_DONTUNMAP", [
      "old_addr",
      "old_size",
      "new_size",
      "flags",
      "new_addr",
    ]),
  ],
  [SYS_brk, full("brk", sysBrk, ["addr"])],
  [
    SYS_madvise,
    partial("madvise", sysMadvise, "DONTNEED and FREE act, other advice is accepted and ignored", [
      "addr",
      "length",
      "advice:int",
    ]),
  ],
  [SYS_msync, full("msync", sysMsync, ["addr", "length", "flags"])],
  [SYS_mincore, full("mincore", sysMincore, ["addr", "length", "vec"])],
  [SYS_mlock, full("mlock", sysMlock, ["addr", "length"])],
  [SYS_mlock2, full("mlock2", sysMlock2, ["addr", "length", "flags"])],
  [SYS_munlock, full("munlock", sysMlock, ["addr", "length"])],
  [SYS_mlockall, full("mlockall", sysMlockall, ["flags"])],
  [SYS_munlockall, full("munlockall", () => 0)],
];
