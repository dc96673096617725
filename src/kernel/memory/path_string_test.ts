import { expect, test } from "vitest";
import { GUEST_BIAS } from "../../machine/state.ts";
import { DATA, Harness } from "../_harness.ts";
import { EFAULT, ENAMETOOLONG } from "../abi/errno.ts";
import { encodeBytes } from "./byte_string.ts";
import { readPath } from "./path_string.ts";

test("a path is what stands in memory now, whatever stood there before", () => {
  const h = new Harness();
  const t = h.start([]).tasks[0], at = DATA - GUEST_BIAS;
  const put = (text: string) => t.memory.u8.set(encodeBytes(`${text}\0`), at);
  // Each twice: the second time it is known.
  for (const path of ["/a/b", "/a/b/c", "/a", "/\xe9", "", "/a/b", "/a/x", `/${"x".repeat(300)}`]) {
    put(path);
    expect([readPath(t, DATA), readPath(t, DATA)]).toEqual([path, path]);
  }
  put("/a/b");
  expect(readPath(t, DATA)).toBe("/a/b");
  t.memory.u8.fill(65, at + 4, at + 5000);
  expect(readPath(t, DATA)).toBe(-ENAMETOOLONG);
  expect(readPath(t, 4)).toBe(-EFAULT);
});

test("a known path that another process cannot read is a fault there", () => {
  const h = new Harness();
  const t = h.start([]).tasks[0];
  t.memory.u8.set(encodeBytes("/known\0"), DATA - GUEST_BIAS);
  expect(readPath(t, DATA)).toBe("/known");
  t.process.space.noteAccess(DATA, DATA + 4096, 0);
  expect(readPath(t, DATA)).toBe(-EFAULT);
});
