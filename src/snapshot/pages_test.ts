import { expect, test } from "vitest";
import { captureRuns, FROM_POOL, PAGE_BYTES, PagePool } from "./pages.ts";

test("pages beyond 2 GiB are taken", () => {
  const u8 = new Uint8Array(2 ** 31 + 4 * PAGE_BYTES), pool = new PagePool();
  const places = [PAGE_BYTES, 2 ** 31 - PAGE_BYTES, 2 ** 31 + 3 * PAGE_BYTES];
  for (const at of places) u8[at + PAGE_BYTES - 1] = 1;
  const { length, runs } = captureRuns(u8, pool, () => null);
  expect(length).toBe(u8.length);
  expect([...runs]).toEqual(places.flatMap((at) => [FROM_POOL, 0, at, PAGE_BYTES]));
});
