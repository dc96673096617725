import { expect, test } from "vitest";
import { ENOSPC, ENXIO } from "../abi/errno.ts";
import { BUFFER, World } from "../vfs/_world.ts";

test("null, zero, full and random behave as their manual pages say", () => {
  const w = new World();
  const open = (name: string) => w.open(`/dev/${name}`, 2);
  const [nul, zero, full, random] = ["null", "zero", "full", "urandom"].map(open);
  expect(w.call("read", nul, BUFFER, 10)).toBe(0);
  expect(w.call("write", nul, "abc", 3)).toBe(3);
  w.bytesAt(BUFFER, 4);
  expect(w.call("read", zero, BUFFER, 100_000)).toBe(100_000);
  expect(w.bytesAt(BUFFER, 100_000).every((b) => b === 0)).toBe(true);
  expect(w.call("write", full, "abc", 3)).toBe(-ENOSPC);
  expect(w.call("read", full, BUFFER, 3)).toBe(3);
  expect(w.call("read", random, BUFFER, 200_000)).toBe(200_000);
  expect(w.bytesAt(BUFFER + 190_000, 100).some((b) => b !== 0)).toBe(true);
  expect(w.open("/dev/tty", 2)).toBe(-ENXIO);
});

test("/dev holds what container runtimes put there", () => {
  const w = new World();
  expect(w.list("/dev").sort()).toEqual([
    "core",
    "fd",
    "full",
    "mqueue",
    "null",
    "ptmx",
    "pts",
    "random",
    "shm",
    "stderr",
    "stdin",
    "stdout",
    "tty",
    "urandom",
    "zero",
  ]);
  w.write("/dev/shm/segment", "shared");
  expect(w.read("/dev/shm/segment")).toBe("shared");
});
