import { expect, test } from "vitest";
import { type GuestMemory, PlainGuestMemory } from "../machine/guest_memory.ts";
import { RECENT_BYTES, RECENT_START } from "../machine/recent_lookups.ts";
import { GUEST_BIAS } from "../machine/state.ts";
import { nextUsedPageOf } from "../machine/used_pages.ts";
import { captureRuns, FROM_POOL, PAGE_BYTES, PagePool } from "./pages.ts";

const machineOf = (memory: GuestMemory) => ({
  memory,
  nextUsedPage: (from: number, end: number) => nextUsedPageOf(memory.i32, from, end),
});

test("pages that are not zero are taken, equal ones once", () => {
  const machine = machineOf(new PlainGuestMemory(GUEST_BIAS + 16 * PAGE_BYTES)),
    { u8 } = machine.memory,
    pool = new PagePool();
  const places = [0, 9 * PAGE_BYTES, 10 * PAGE_BYTES, 15 * PAGE_BYTES];
  for (const at of places) u8[at + PAGE_BYTES - 1] = 1;
  u8[10 * PAGE_BYTES] = 2;
  // What compiled code has looked up is not the guest's.
  u8.fill(1, RECENT_START, RECENT_START + RECENT_BYTES);
  const { length, runs } = captureRuns(machine, u8.length, pool, () => null);
  expect(length).toBe(u8.length);
  expect([...runs]).toEqual([
    ...[FROM_POOL, 0, 0, PAGE_BYTES],
    ...[FROM_POOL, 0, 9 * PAGE_BYTES, 2 * PAGE_BYTES],
    ...[FROM_POOL, 0, 15 * PAGE_BYTES, PAGE_BYTES],
  ]);
});

test("pages beyond 2 GiB are taken", () => {
  const u8 = new Uint8Array(2 ** 31 + 4 * PAGE_BYTES), pool = new PagePool();
  const places = [PAGE_BYTES, 2 ** 31 - PAGE_BYTES, 2 ** 31 + 3 * PAGE_BYTES];
  for (const at of places) u8[at + PAGE_BYTES - 1] = 1;
  const nextUsedPage = (from: number, end: number) => places.find((at) => at >= from) ?? end;
  const { length, runs } = captureRuns({ memory: { u8 } as GuestMemory, nextUsedPage }, u8.length, pool, () => null);
  expect(length).toBe(u8.length);
  expect([...runs]).toEqual(places.flatMap((at) => [FROM_POOL, 0, at, PAGE_BYTES]));
});
