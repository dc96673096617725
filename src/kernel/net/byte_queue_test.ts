import { expect, test } from "vitest";
import { ByteQueue } from "./byte_queue.ts";

const bytes = (...b: number[]) => Uint8Array.from(b);
function pattern(length: number, from = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i + from) * 7 & 0xff);
}

test("a queue gives back what was written, in pieces of any size", () => {
  const q = new ByteQueue(200_000);
  const all = pattern(150_000);
  let wrote = 0;
  for (const n of [1, 5000, 65536, 70000, 9463]) wrote += q.write(all, wrote, n);
  expect(wrote).toBe(all.length);
  const back = new Uint8Array(all.length);
  let read = 0;
  while (q.length > 0) read += q.read(back, read, 777);
  expect(read).toBe(all.length);
  expect(back).toEqual(all);
});

test("a full queue takes only what fits and is writable again when a third is free", () => {
  const q = new ByteQueue(9000);
  expect(q.write(pattern(10_000), 0, 10_000)).toBe(9000);
  expect(q.write(bytes(1), 0, 1)).toBe(0);
  expect(q.adopt(bytes(1))).toBe(0);
  q.skip(2999);
  expect(q.writable).toBe(false);
  q.skip(1);
  expect(q.writable).toBe(true);
});

test("adopted bytes are handed over without a copy", () => {
  const q = new ByteQueue(100_000);
  const mine = pattern(1000);
  expect(q.adopt(mine)).toBe(1000);
  expect(q.take()!.buffer).toBe(mine.buffer);
  expect(q.length).toBe(0);
});

test("an adopted segment is never written to", () => {
  const q = new ByteQueue(100_000);
  const mine = new Uint8Array(2000);
  q.adopt(mine.subarray(0, 1000));
  q.write(pattern(500, 1), 0, 500);
  expect(mine.subarray(1000).every((b) => b === 0)).toBe(true);
  expect(q.length).toBe(1500);
});

test("peek keeps the bytes and can start later", () => {
  const q = new ByteQueue(1000);
  q.write(bytes(1, 2, 3, 4), 0, 4);
  q.adopt(pattern(600));
  const into = new Uint8Array(3);
  expect(q.peek(into, 0, 3, 2)).toBe(3);
  expect(into).toEqual(bytes(3, 4, 0));
  expect(q.length).toBe(604);
});

test("a segment that was taken is not written to afterwards", () => {
  const q = new ByteQueue(1000);
  q.write(bytes(1, 2), 0, 2);
  const taken = q.take()!;
  q.write(bytes(9, 9, 9), 0, 3);
  expect(taken).toEqual(bytes(1, 2));
});

test("an empty queue has nothing to take, whatever memory it keeps", () => {
  const q = new ByteQueue(10_000);
  q.write(bytes(1, 2), 0, 2);
  expect(q.take()).toEqual(bytes(1, 2));
  expect(q.take()).toBe(undefined);
  q.write(bytes(3), 0, 1);
  expect(q.read(new Uint8Array(1), 0, 1)).toBe(1);
  expect(q.take()).toBe(undefined);
  const mine = pattern(1000);
  q.adopt(mine);
  expect(q.take()!.buffer).toBe(mine.buffer);
  expect(q.length).toBe(0);
});

test("small pieces that were taken stay as they are while others come", () => {
  const q = new ByteQueue(10_000);
  const taken: Uint8Array[] = [];
  for (let i = 0; i < 100; i++) {
    q.write(pattern(700, i), 0, 700);
    taken.push(q.take()!);
  }
  taken.forEach((piece, i) => expect(piece).toEqual(pattern(700, i)));
});
