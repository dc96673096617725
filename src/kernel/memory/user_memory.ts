import type { GuestMemory } from "../../machine/guest_memory.ts";
import { GUEST_BIAS } from "../../machine/state.ts";
import { EFAULT, EINVAL, ENAMETOOLONG } from "../abi/errno.ts";
import type { Task } from "../task/task.ts";
import { ACCESS_READ, ACCESS_WRITE } from "../../machine/access_map.ts";
import { decodeBytes } from "./byte_string.ts";

/**
 * Copies between kernel and guest. The shape: check a range once, which gives its linear address or -EFAULT; then load and
 * store at linear addresses without further checks.
 *
 *     const at = writableRange(t, pointer, 16);
 *     if (at < 0) return at;
 *     storeU64(t.memory, at, seconds);
 *
 * Pointers are raw syscall arguments (signed or unsigned 32-bit). Views change when memory grows: take t.memory.u8 after
 * the last call that can map memory.
 */

/** Linear address of [pointer, pointer + length) if the task may read it all, else -EFAULT. Length 0 is always fine. */
export function readableRange(t: Task, pointer: number, length: number): number {
  const start = pointer >>> 0;
  if (length === 0) return start < GUEST_BIAS ? 0 : start - GUEST_BIAS;
  return t.process.space.allows(start, length, ACCESS_READ) ? start - GUEST_BIAS : -EFAULT;
}

/** Linear address of [pointer, pointer + length) if the task may write it all, else -EFAULT. */
export function writableRange(t: Task, pointer: number, length: number): number {
  const start = pointer >>> 0;
  if (length === 0) return start < GUEST_BIAS ? 0 : start - GUEST_BIAS;
  return t.process.space.allows(start, length, ACCESS_WRITE) ? start - GUEST_BIAS : -EFAULT;
}

/** Loads and stores at linear addresses, any alignment. */
export function loadU8(m: GuestMemory, at: number): number {
  return m.u8[at];
}
export function loadU16(m: GuestMemory, at: number): number {
  return m.view.getUint16(at, true);
}
export function loadI32(m: GuestMemory, at: number): number {
  return m.view.getInt32(at, true);
}
export function loadU32(m: GuestMemory, at: number): number {
  return m.view.getUint32(at, true);
}
/** Exact below 2^53; beyond that the nearest double. */
export function loadU64(m: GuestMemory, at: number): number {
  return m.view.getUint32(at, true) + m.view.getUint32(at + 4, true) * 4294967296;
}
/** Exact within +-2^53. */
export function loadI64(m: GuestMemory, at: number): number {
  return m.view.getUint32(at, true) + m.view.getInt32(at + 4, true) * 4294967296;
}
export function storeU8(m: GuestMemory, at: number, value: number): void {
  m.u8[at] = value;
}
export function storeU16(m: GuestMemory, at: number, value: number): void {
  m.view.setUint16(at, value, true);
}
export function storeU32(m: GuestMemory, at: number, value: number): void {
  m.view.setUint32(at, value, true);
}
/** Signed and unsigned numbers alike (a negative one is stored in two's complement). */
export function storeU64(m: GuestMemory, at: number, value: number): void {
  m.view.setUint32(at, value >>> 0, true);
  m.view.setUint32(at + 4, Math.floor(value / 4294967296) >>> 0, true);
}

/** get_user/put_user in one step: the value, or -EFAULT (values are unsigned, so negative means an error). */
export function readU32(t: Task, pointer: number): number {
  const at = readableRange(t, pointer, 4);
  return at < 0 ? at : loadU32(t.memory, at);
}
export function readU64(t: Task, pointer: number): number {
  const at = readableRange(t, pointer, 8);
  return at < 0 ? at : loadU64(t.memory, at);
}
/** 0 or -EFAULT. */
export function writeU32(t: Task, pointer: number, value: number): number {
  const at = writableRange(t, pointer, 4);
  if (at < 0) return at;
  storeU32(t.memory, at, value);
  return 0;
}
export function writeU64(t: Task, pointer: number, value: number): number {
  const at = writableRange(t, pointer, 8);
  if (at < 0) return at;
  storeU64(t.memory, at, value);
  return 0;
}

/** Copies bytes out to the guest. 0 or -EFAULT. */
export function copyToUser(t: Task, pointer: number, bytes: Uint8Array): number {
  const at = writableRange(t, pointer, bytes.length);
  if (at < 0) return at;
  t.memory.u8.set(bytes, at);
  return 0;
}

/** Copies bytes in from the guest, or -EFAULT. */
export function copyFromUser(t: Task, pointer: number, length: number): Uint8Array<ArrayBuffer> | number {
  const at = readableRange(t, pointer, length);
  return at < 0 ? at : t.memory.u8.slice(at, at + length);
}

export const PATH_MAX = 4096;

/**
 * A NUL-terminated string, without the NUL: -EFAULT, or -ENAMETOOLONG if there is no NUL within `limit` bytes (PATH_MAX
 * counts the NUL). Bytes that are not UTF-8 survive the round trip through encodeBytes() (see byte_string.ts).
 */
export function readCString(t: Task, pointer: number, limit = PATH_MAX): string | number {
  const bytes = readCStringBytes(t, pointer, limit);
  return typeof bytes === "number" ? bytes : decodeBytes(bytes, 0, bytes.length);
}

/** readCString as a view of guest memory: use at once. */
export function readCStringBytes(t: Task, pointer: number, limit = PATH_MAX): Uint8Array | number {
  const start = pointer >>> 0;
  const space = t.process.space, u8 = t.memory.u8;
  let at = start;
  const end = start + limit;
  while (at < end) {
    // One check a page, then bytes.
    if (!space.allows(at, 1, ACCESS_READ)) return -EFAULT;
    const pageEnd = Math.min(end, (Math.floor(at / 4096) + 1) * 4096);
    const nul = u8.indexOf(0, at - GUEST_BIAS);
    if (nul >= 0 && nul < pageEnd - GUEST_BIAS) return u8.subarray(start - GUEST_BIAS, nul);
    at = pageEnd;
  }
  return -ENAMETOOLONG;
}

export const IOV_MAX = 1024;

/** The iovec array read last: linear addresses and lengths. One is enough, since handlers do not nest. */
export const iovecs = {
  count: 0,
  /** Sum of the lengths. */
  total: 0,
  at: new Float64Array(IOV_MAX),
  length: new Float64Array(IOV_MAX),
};

/** Reads `count` struct iovec whose buffers the guest must be able to read (writev). The total length or a negative errno. */
export function readableIovecs(t: Task, pointer: number, count: number): number {
  return readIovecs(t, pointer, count, ACCESS_READ);
}

/** As readableIovecs, for buffers that the kernel fills (readv). */
export function writableIovecs(t: Task, pointer: number, count: number): number {
  return readIovecs(t, pointer, count, ACCESS_WRITE);
}

function readIovecs(t: Task, pointer: number, count: number, bits: number): number {
  iovecs.count = iovecs.total = 0;
  if (count < 0 || count > IOV_MAX) return -EINVAL;
  const array = readableRange(t, pointer, count * 16);
  if (array < 0) return array;
  const m = t.memory;
  for (let i = 0; i < count; i++) {
    const base = loadU64(m, array + i * 16), length = loadI64(m, array + i * 16 + 8);
    if (length < 0) return -EINVAL;
    if (length > 0 && !(base <= 0xffffffff && t.process.space.allows(base, length, bits))) return -EFAULT;
    // Nothing is read or written at an address of no bytes, which may be any.
    iovecs.at[i] = length === 0 ? 0 : base - GUEST_BIAS;
    iovecs.length[i] = length;
    iovecs.total += length;
  }
  iovecs.count = count;
  return iovecs.total;
}
