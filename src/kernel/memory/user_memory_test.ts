import { expect, test } from "vitest";
import { DATA, Harness } from "../_harness.ts";
import { EFAULT, EINVAL, ENAMETOOLONG } from "../abi/errno.ts";
import { GUEST_BIAS } from "../../machine/state.ts";
import { decodeBytes, encodeBytes } from "./byte_string.ts";
import {
  iovecs,
  loadI64,
  loadU64,
  readableIovecs,
  readableRange,
  readCString,
  readU32,
  storeU64,
  writableIovecs,
  writableRange,
  writeU32,
} from "./user_memory.ts";

function guest() {
  const h = new Harness();
  const p = h.start([]);
  return { t: p.tasks[0], u8: p.machine.memory.u8, m: p.machine.memory };
}

test("ranges are checked page by page, reading and writing apart", () => {
  const { t } = guest();
  expect(readableRange(t, DATA, 16)).toBe(DATA - GUEST_BIAS);
  expect(readableRange(t, 0x400000, 16)).toBe(0x400000 - GUEST_BIAS);
  expect(writableRange(t, 0x400000, 16)).toBe(-EFAULT);
  expect(readableRange(t, 0x3ffff8, 16)).toBe(-EFAULT);
  expect(readableRange(t, 0, 1)).toBe(-EFAULT);
  expect(readableRange(t, -1, 1)).toBe(-EFAULT);
  expect(readableRange(t, 0xfffffff0, 0x20)).toBe(-EFAULT);
  expect(readableRange(t, 0, 0)).toBe(0);
});

test("64-bit numbers survive the round trip, negative ones included", () => {
  const { m } = guest();
  for (const n of [0, 1, -1, 2 ** 31, 2 ** 32, -(2 ** 40), 2 ** 53 - 1]) {
    storeU64(m, 0x500, n);
    expect(loadI64(m, 0x500)).toBe(n);
  }
  storeU64(m, 0x500, 2 ** 52);
  expect(loadU64(m, 0x500)).toBe(2 ** 52);
});

test("single values are read and written with one check", () => {
  const { t } = guest();
  expect(writeU32(t, DATA, 0xfffffffe)).toBe(0);
  expect(readU32(t, DATA)).toBe(0xfffffffe);
  expect(readU32(t, 4)).toBe(-EFAULT);
});

test("strings end at their NUL; without one it is too long, off the map a fault", () => {
  const { t, u8 } = guest();
  u8.set(encodeBytes("héllo\0"), DATA - GUEST_BIAS);
  expect(readCString(t, DATA)).toBe("héllo");
  u8.fill(65, DATA - GUEST_BIAS, DATA - GUEST_BIAS + 5000);
  expect(readCString(t, DATA)).toBe(-ENAMETOOLONG);
  expect(readCString(t, 8)).toBe(-EFAULT);
  // The last bytes before unmapped memory.
  const end = t.process.space.vmas[3].end;
  u8.fill(65, end - 4 - GUEST_BIAS, end - GUEST_BIAS);
  expect(readCString(t, end - 4)).toBe(-EFAULT);
});

test("iovec arrays are checked as a whole", () => {
  const { t, m } = guest();
  const at = DATA - GUEST_BIAS;
  storeU64(m, at, DATA + 100);
  storeU64(m, at + 8, 10);
  storeU64(m, at + 16, 0x400000);
  storeU64(m, at + 24, 20);
  expect(readableIovecs(t, DATA, 2)).toBe(30);
  expect([iovecs.count, iovecs.at[1], iovecs.length[0]]).toEqual([2, 0x400000 - GUEST_BIAS, 10]);
  expect(writableIovecs(t, DATA, 2)).toBe(-EFAULT);
  expect(readableIovecs(t, DATA, 1025)).toBe(-EINVAL);
  storeU64(m, at + 8, -1);
  expect(readableIovecs(t, DATA, 1)).toBe(-EINVAL);
});

test("names that are not UTF-8 keep their bytes", () => {
  const cases = [
    [0x66, 0xff, 0x6f],
    [0xc3, 0xa9],
    [0xc3],
    [0xed, 0xa0, 0x80],
    [0xf0, 0x9f, 0x98, 0x80, 0x80],
    [0xe2, 0x82, 0x41],
    [0xc0, 0x80],
  ];
  for (const bytes of cases) {
    expect([...encodeBytes(decodeBytes(new Uint8Array(bytes)))]).toEqual(bytes);
  }
  expect(decodeBytes(new Uint8Array([0xc3, 0xa9]))).toBe("é");
});
