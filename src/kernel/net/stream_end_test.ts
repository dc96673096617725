import { expect, test } from "vitest";
import { streamPair } from "./stream_end.ts";
import { EAGAIN, ECONNRESET, EPIPE } from "../abi/errno.ts";
import { POLL_READABLE, POLL_WRITABLE, POLLERR, POLLHUP, POLLRDHUP } from "../abi/poll.ts";

const text = (s: string) => new TextEncoder().encode(s);
const room = () => new Uint8Array(100);

test("what one end writes the other reads, and an empty stream would block", () => {
  const [a, b] = streamPair();
  const into = room();
  expect(b.read(into, 0, 100)).toBe(-EAGAIN);
  expect(a.write(text("hello"), 1, 3)).toBe(3);
  expect(b.poll()).toBe(POLL_READABLE | POLL_WRITABLE);
  expect(b.read(into, 0, 100)).toBe(3);
  expect(into.subarray(0, 3)).toEqual(text("ell"));
});

test("a writer is told to wait when the stream is full, and may go on when a third is free", () => {
  const [a, b] = streamPair(9000);
  expect(a.write(new Uint8Array(10_000), 0, 10_000)).toBe(9000);
  expect(a.write(text("x"), 0, 1)).toBe(-EAGAIN);
  expect(a.poll()).toBe(0);
  let wakes = 0;
  a.onChange = () => wakes++;
  b.read(room(), 0, 100);
  expect(wakes).toBe(0);
  b.read(new Uint8Array(3000), 0, 3000);
  expect(wakes).toBe(1);
  expect(a.poll()).toBe(POLL_WRITABLE);
});

test("after a FIN the other end reads what was sent, then 0, and may still write", () => {
  const [a, b] = streamPair();
  a.write(text("bye"), 0, 3);
  a.finish();
  expect(b.poll()).toBe(POLL_READABLE | POLL_WRITABLE | POLLRDHUP);
  expect(b.read(room(), 0, 100)).toBe(3);
  expect(b.read(room(), 0, 100)).toBe(0);
  expect(b.write(text("ok"), 0, 2)).toBe(2);
  expect(a.write(text("x"), 0, 1)).toBe(-EPIPE);
  b.finish();
  expect(a.poll()).toBe(POLL_READABLE | POLL_WRITABLE | POLLRDHUP | POLLHUP);
});

test("the first write to a closed end succeeds, the next one is EPIPE", () => {
  const [a, b] = streamPair();
  b.close();
  expect(a.write(text("x"), 0, 1)).toBe(1);
  expect(a.poll() & (POLLERR | POLLHUP)).toBe(POLLERR | POLLHUP);
  expect(a.write(text("x"), 0, 1)).toBe(-EPIPE);
  expect(a.read(room(), 0, 1)).toBe(0);
});

test("closing with unread bytes resets the other end, which still reads what it had", () => {
  const [a, b] = streamPair();
  a.write(text("unread"), 0, 6);
  b.write(text("answer"), 0, 6);
  b.close();
  expect(a.poll() & POLLERR).toBe(POLLERR);
  expect(a.read(room(), 0, 100)).toBe(6);
  expect(a.read(room(), 0, 100)).toBe(-ECONNRESET);
  expect(a.read(room(), 0, 100)).toBe(0);
  expect(a.write(text("x"), 0, 1)).toBe(-EPIPE);
});

test("an abort is ECONNRESET once for whoever reads or writes next", () => {
  const [a, b] = streamPair();
  b.abort();
  expect(a.write(text("x"), 0, 1)).toBe(-ECONNRESET);
  expect(a.write(text("x"), 0, 1)).toBe(-EPIPE);
});
