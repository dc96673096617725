import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import {
  MAP_ANONYMOUS,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_STACK,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
} from "../kernel/abi/mman.ts";
import { Vma } from "../kernel/memory/vma.ts";
import { GUEST_BIAS } from "../machine/state.ts";
import { FROM_POOL, PAGE_BYTES } from "./pages.ts";
import { SavedMemory } from "./saved_memory.ts";

const PAGES = 12, FILE = 7, START = 0x400000;
/** Contents that are nowhere the same. */
const pool = Uint8Array.from({ length: 4 * PAGE_BYTES }, (_, i) => 1 + i % 251),
  file = Uint8Array.from({ length: 4 * PAGE_BYTES }, (_, i) => 255 - i % 241);
const source = (n: number) => n === FROM_POOL ? pool : file;

const linear = (page: number) => START - GUEST_BIAS + page * PAGE_BYTES;
const pages = (from: number, to: number) => ({ start: START + from * PAGE_BYTES, end: START + to * PAGE_BYTES });

function mapping(from: number, to: number, prot: number, flags = MAP_PRIVATE | MAP_ANONYMOUS): Vma {
  return new Vma(pages(from, to).start, pages(from, to).end, prot, flags);
}

/**
 * Pages: 0 code, 1 constants and 2 data, all of one run of the file, whose last page is not full; 4 and 5 heap; 7 constants that
 * others may write, 8 the same mapped twice; and the state block, where nothing is mapped.
 */
const vmas = [
  mapping(0, 1, PROT_READ | PROT_EXEC),
  mapping(1, 2, PROT_READ),
  mapping(2, 4, PROT_READ | PROT_WRITE),
  mapping(4, 7, PROT_READ | PROT_WRITE),
  mapping(7, 8, PROT_READ, MAP_SHARED),
  mapping(8, 9, PROT_READ),
  mapping(9, PAGES, PROT_READ),
];
vmas[5].views = 2;
const runs = Uint32Array.from([
  ...[FROM_POOL, 0, 0, PAGE_BYTES],
  ...[FILE, 0, linear(0), 2 * PAGE_BYTES + 100],
  ...[FROM_POOL, PAGE_BYTES, linear(4), 2 * PAGE_BYTES],
  ...[FILE, 3 * PAGE_BYTES, linear(7), PAGE_BYTES],
  ...[FROM_POOL, 3 * PAGE_BYTES, linear(8), PAGE_BYTES],
  ...[FROM_POOL, 0, linear(9), 10],
]);
const memory = () => new Uint8Array(linear(PAGES));

test("knows what restoring fills, and what of that nobody may write", () => {
  const saved = new SavedMemory({ runs }, vmas, []);
  expect(saved.filled).toEqual([
    ...[{ start: GUEST_BIAS, end: GUEST_BIAS + PAGE_BYTES }, pages(0, 3), pages(4, 6), pages(7, 10)],
  ]);
  expect(saved.fixed).toEqual([pages(0, 2), pages(9, 10)]);
});

test("memory that held it, and has the fixed pages, gets the others whole", () => {
  const saved = new SavedMemory({ runs }, vmas, []), fresh = memory(), used = memory();
  saved.restore(fresh, source, false);
  expect([fresh[0], fresh[linear(1)], fresh[linear(2) + 99], fresh[linear(2) + 100], fresh[linear(9) + 9]]).toEqual([
    ...[pool[0], file[PAGE_BYTES], file[2 * PAGE_BYTES + 99], 0, pool[9]],
  ]);
  saved.restore(used, source, false);
  // What a pool gives: pages that restoring fills hold anything, but for the fixed ones.
  for (const { start, end } of saved.filled) {
    for (let at = start; at < end; at += PAGE_BYTES) {
      const isFixed = saved.fixed.some((r) => r.start <= at && at < r.end);
      if (!isFixed) used.fill(0xee, at - GUEST_BIAS, at - GUEST_BIAS + PAGE_BYTES);
    }
  }
  saved.restore(used, source, true);
  expect(Buffer.compare(used, fresh)).toBe(0);
});

test("a run that is cut short, or that memory has no room for, is refused", () => {
  const cut = new SavedMemory(
    { runs: Uint32Array.from([FROM_POOL, 3 * PAGE_BYTES, linear(4), 2 * PAGE_BYTES]) },
    vmas,
    [],
  );
  expect(() => cut.restore(memory(), source, false)).toThrow(/page that is not there/);
  const saved = new SavedMemory({ runs }, vmas, []);
  for (const hasFixed of [true, false]) {
    expect(() => saved.restore(memory().subarray(0, linear(5)), source, hasFixed)).toThrow(/page that is not there/);
  }
});

test("knows which parts of stacks nobody uses", () => {
  const stack = (from: number, to: number, prot = PROT_READ | PROT_WRITE) =>
    mapping(from, to, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK);
  const unused = (vma: Vma, ...stackPointers: number[]) =>
    new SavedMemory({ runs: new Uint32Array(0) }, [mapping(0, 1, PROT_READ), vma], stackPointers).unusedStacks;
  const top = START + 9 * PAGE_BYTES;
  expect(unused(stack(4, 9), top - 300)).toEqual([pages(4, 8)]);
  // The red zone is in use, and so is what the thread that is deepest has.
  expect(unused(stack(4, 9), top - PAGE_BYTES + 127)).toEqual([pages(4, 7)]);
  expect(unused(stack(4, 9), top - 300, top - 2 * PAGE_BYTES - 300)).toEqual([pages(4, 6)]);
  expect(unused(stack(4, 9), START + 4 * PAGE_BYTES + 5)).toEqual([]);
  // No stack, nobody's stack, one that cannot be used.
  expect(unused(mapping(4, 9, PROT_READ | PROT_WRITE), top - 300)).toEqual([]);
  expect(unused(stack(4, 9), START, top)).toEqual([]);
  expect(unused(stack(4, 9, PROT_READ), top - 300)).toEqual([]);
  const first = mapping(4, 9, PROT_READ | PROT_WRITE);
  first.name = "[stack]";
  expect(unused(first, top - 300)).toEqual([pages(4, 8)]);
});
