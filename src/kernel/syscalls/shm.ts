import { EINVAL } from "../abi/errno.ts";
import * as abi from "../abi/ipc.ts";
import {
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_SHARED,
  PAGE_SIZE,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
} from "../abi/mman.ts";
import { SYS_shmat, SYS_shmctl, SYS_shmdt, SYS_shmget } from "../abi/syscall_numbers.ts";
import { ipcControl, ipcPermission, loadPermissions, secondsNow, storePermissions } from "../ipc/objects.ts";
import { SegmentFile, SharedSegment } from "../ipc/shared_segment.ts";
import type { Kernel } from "../kernel.ts";
import { HIGHEST_END } from "../memory/layout.ts";
import { map, unmap } from "../memory/mmap.ts";
import { readableRange, storeU32, storeU64, writableRange } from "../memory/user_memory.ts";
import { dropDescription } from "../task/fd_table.ts";
import type { Task } from "../task/task.ts";
import { full, partial, type SyscallRow } from "./support.ts";

const S_IRUGO = 0o444, S_IWUGO = 0o222, S_IXUGO = 0o111;

/** shmget(2) */
function sysShmget(k: Kernel, t: Task, key: number, _size: number, flags: number): number {
  const size = k.arg64(1);
  const fits = (segment: SharedSegment) => segment.size < size ? -EINVAL : 0;
  const create = () =>
    size < 1 || size > HIGHEST_END || (flags & abi.SHM_HUGETLB) ? -EINVAL : new SharedSegment(k, t, key, flags, size);
  return k.ipc.segments.find(t, key, flags, fits, create);
}

/** shmat(2) */
function sysShmat(k: Kernel, t: Task, id: number, pointer: number, flags: number): number {
  const segment = k.ipc.segments.get(id);
  if (segment === undefined) return -EINVAL;
  let address = pointer >>> 0;
  if (address % PAGE_SIZE !== 0) {
    if (!(flags & abi.SHM_RND)) return -EINVAL;
    address -= address % PAGE_SIZE;
  }
  if (address === 0 && (flags & abi.SHM_REMAP)) return -EINVAL;
  const readOnly = (flags & abi.SHM_RDONLY) !== 0, executable = (flags & abi.SHM_EXEC) !== 0;
  const refused = ipcPermission(t, segment, S_IRUGO | (readOnly ? 0 : S_IWUGO) | (executable ? S_IXUGO : 0));
  if (refused) return refused;
  const file = segment.open(readOnly);
  file.refs = 1;
  const placed = address === 0 ? 0 : flags & abi.SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
  const start = map(k, t.process.space, {
    address,
    length: segment.size,
    prot: PROT_READ | (readOnly ? 0 : PROT_WRITE) | (executable ? PROT_EXEC : 0),
    flags: MAP_SHARED | placed,
    file,
    fileOffset: 0,
    name: file.describe(),
  });
  dropDescription(k, file);
  if (start < 0) return placed === MAP_FIXED_NOREPLACE ? -EINVAL : start;
  segment.lastPid = t.process.pid;
  segment.attachedSeconds = secondsNow(k);
  return start;
}

/** shmdt(2): all that is left of the mapping that was attached at the address. */
function sysShmdt(k: Kernel, t: Task, pointer: number): number {
  const { space } = t.process, address = pointer >>> 0;
  const first = space.find(address), file = first?.file;
  if (first?.start !== address || !(file instanceof SegmentFile)) return -EINVAL;
  const parts = space.vmas.filter((v) => v.file === file && v.start - v.fileOffset === address)
    .map(({ start, end }) => ({ start, end }));
  if (parts.length === 0) return -EINVAL;
  file.segment.lastPid = t.process.pid;
  file.segment.detachedSeconds = secondsNow(k);
  for (const { start, end } of parts) unmap(k, space, start, end);
  return 0;
}

/** shmctl(2) */
function sysShmctl(k: Kernel, t: Task, id: number, command: number, pointer: number): number {
  if (id < 0) return -EINVAL;
  const { segments } = k.ipc;
  switch (command) {
    case abi.IPC_INFO:
      return segmentLimits(k, t, pointer);
    case abi.SHM_INFO:
      return segmentUse(k, t, pointer);
    case abi.SHM_STAT:
    case abi.SHM_STAT_ANY: {
      const segment = segments.atSlot(id);
      if (typeof segment === "number") return segment;
      return describe(k, t, segment, pointer, command === abi.SHM_STAT) || segment.id;
    }
  }
  const segment = segments.get(id);
  if (segment === undefined) return -EINVAL;
  switch (command) {
    case abi.IPC_STAT:
      return describe(k, t, segment, pointer, true);
    case abi.IPC_SET: {
      const at = readableRange(t, pointer, abi.SHMID_DS_BYTES);
      if (at < 0) return at;
      const refused = ipcControl(t, segment);
      if (refused === 0) loadPermissions(k, t, at, segment);
      return refused;
    }
    case abi.IPC_RMID: {
      const refused = ipcControl(t, segment);
      if (refused) return refused;
      // It lives on, without a key, until nobody maps it any more.
      segment.removed = true;
      segment.key = abi.IPC_PRIVATE;
      if (segment.openings === 0) segments.remove(segment);
      return 0;
    }
    case abi.SHM_LOCK:
    case abi.SHM_UNLOCK:
      return ipcControl(t, segment);
    default:
      return -EINVAL;
  }
}

function describe(k: Kernel, t: Task, segment: SharedSegment, pointer: number, checked: boolean): number {
  const refused = checked ? ipcPermission(t, segment, S_IRUGO) : 0;
  if (refused) return refused;
  const at = writableRange(t, pointer, abi.SHMID_DS_BYTES);
  if (at < 0) return at;
  const m = t.memory;
  m.u8.fill(0, at, at + abi.SHMID_DS_BYTES);
  storePermissions(t, at, segment, segment.mode | (segment.removed ? abi.SHM_DEST : 0));
  const { size, attachedSeconds, detachedSeconds, changedSeconds } = segment;
  [size, attachedSeconds, detachedSeconds, changedSeconds].forEach((v, i) => storeU64(m, at + 48 + 8 * i, v));
  storeU32(m, at + 80, segment.creatorPid);
  storeU32(m, at + 84, segment.lastPid);
  storeU64(m, at + 88, segment.attachments(k));
  return 0;
}

/** struct shminfo64; the result is the highest slot in use. */
function segmentLimits(k: Kernel, t: Task, pointer: number): number {
  const at = writableRange(t, pointer, abi.SHMINFO_BYTES);
  if (at < 0) return at;
  t.memory.u8.fill(0, at, at + abi.SHMINFO_BYTES);
  [HIGHEST_END, 1, abi.SHMMNI, abi.SHMMNI, HIGHEST_END / PAGE_SIZE]
    .forEach((v, i) => storeU64(t.memory, at + 8 * i, v));
  return k.ipc.segments.highest;
}

/** struct shm_info: segments, and pages in all, resident, swapped. */
function segmentUse(k: Kernel, t: Task, pointer: number): number {
  const at = writableRange(t, pointer, abi.SHM_INFO_BYTES);
  if (at < 0) return at;
  const { segments } = k.ipc;
  const pages = segments.slots.reduce((n, s) => n + Math.ceil((s?.size ?? 0) / PAGE_SIZE), 0);
  t.memory.u8.fill(0, at, at + abi.SHM_INFO_BYTES);
  storeU32(t.memory, at, segments.count);
  storeU64(t.memory, at + 8, pages);
  storeU64(t.memory, at + 16, pages);
  return segments.highest;
}

export const shmRows: [number, SyscallRow][] = [
  [SYS_shmget, partial("shmget", sysShmget, "no huge pages", ["key:int", "size:uint", "flags:octal"])],
  [SYS_shmat, full("shmat", sysShmat, ["id:int", "addr", "flags:octal"])],
  [SYS_shmdt, full("shmdt", sysShmdt, ["addr"])],
  [SYS_shmctl, full("shmctl", sysShmctl, ["id:int", "cmd:int", "buf"])],
];
