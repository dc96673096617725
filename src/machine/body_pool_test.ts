import { describe, expect, test } from "vitest";
import { emptyBaseCode } from "../jit/base_code.ts";
import { JitCompiler } from "../jit/lazy_compiler.ts";
import { BodyPool } from "./body_pool.ts";
import { CodeLibrary, lookupOf } from "./code_cache.ts";
import { LookupTable } from "./lookup_table.ts";
import type { MappedRange } from "./machine.ts";
import { type MemoryImage, MemoryOrigin } from "./memory_image.ts";
import { GUEST_BIAS, RAX, STATE_RIP, STOP_SYSCALL } from "./state.ts";
import { RECENT_BYTES, RECENT_MASK, RECENT_START, RecentLookups } from "./recent_lookups.ts";
import { WasmMachine, type WasmShared } from "./wasm_machine.ts";

const CODE = 0x20000, END = CODE + 0x40000;

function sharedWith(pool: BodyPool): WasmShared {
  const library = new CodeLibrary(emptyBaseCode());
  return { library, compiler: new JitCompiler(), interpreter: null, pool };
}

/** What compiled code keeps for itself. */
const isRecent = (i: number) => i >= RECENT_START && i < RECENT_START + RECENT_BYTES;

/** All that the tests write to. */
const MAPPED = [{ start: CODE, end: 0x30000 }, { start: 0x30000, end: 0x120000 }];

/** mov eax, n; syscall */
function load(m: WasmMachine, n: number): void {
  m.memory.growTo(END);
  m.memory.u8.set([0xb8, n, 0, 0, 0, 0x0f, 0x05], CODE - GUEST_BIAS);
}

function raxAfterRun(m: WasmMachine): number {
  m.memory.i32[STATE_RIP >> 2] = CODE;
  expect(m.run()).toBe(STOP_SYSCALL);
  return m.memory.i32[RAX * 2];
}

test("a fork has the parent's bytes, in new memory and in memory used before", () => {
  const pool = new BodyPool(1 << 24);
  const parent = new WasmMachine(sharedWith(pool), 0x100000);
  load(parent, 7);
  expect(raxAfterRun(parent)).toBe(7);
  for (const at of [0x30000, 0x30fff, 0x41000, 0x7ffff, 0xfffff]) parent.memory.u8[at] = 1;
  for (let round = 0; round < 3; round++) {
    const child = parent.fork(MAPPED);
    expect(child.memory.u8.every((byte, i) => byte === parent.memory.u8[i] || isRecent(i))).toBe(true);
    child.memory.u8.fill(0xff, 0x50000, 0x61000);
    expect(raxAfterRun(child)).toBe(7);
    child.dispose(MAPPED);
    expect([child.memory.u8.length, pool.bytes]).toEqual([0, 0x100000]);
  }
});

test("memory from the pool is zero", () => {
  const pool = new BodyPool(1 << 24);
  const first = new WasmMachine(sharedWith(pool), 0x100000);
  load(first, 1);
  raxAfterRun(first);
  first.memory.u8.fill(0xff, 0x20000, 0x90000);
  first.memory.u8[0xfffff] = 0x80;
  first.dispose(MAPPED);
  const second = new WasmMachine(first.shared, 0x20000);
  expect(second.memory.u8.length).toBe(0x100000);
  expect(second.memory.u8.every((byte, i) => byte === 0 || isRecent(i))).toBe(true);
});

test("lazily compiled code of an earlier process does not run where the bytes are others", () => {
  const pool = new BodyPool(1 << 24);
  const first = new WasmMachine(sharedWith(pool), 0x100000);
  load(first, 1);
  expect(raxAfterRun(first)).toBe(1);
  first.dispose(MAPPED);
  const second = new WasmMachine(first.shared, 0x100000);
  load(second, 2);
  expect(raxAfterRun(second)).toBe(2);
});

test("the pool keeps no more than its bytes", () => {
  const pool = new BodyPool(0x250000);
  const shared = sharedWith(pool);
  const machines = Array.from({ length: 4 }, () => new WasmMachine(shared, 0x100000));
  for (const m of machines) {
    load(m, 3);
    raxAfterRun(m);
  }
  for (const m of machines) m.dispose(MAPPED);
  expect(pool.bytes).toBe(0x200000);
});

test("what has waited longest makes room, whichever program it is for", () => {
  const pool = new BodyPool(0x250000), shared = sharedWith(pool);
  const use = (m: WasmMachine) => {
    load(m, 4);
    raxAfterRun(m);
    return m;
  };
  const [a, b, c] = ["a", "b", "c"].map((key) => use(new WasmMachine(shared, 0x100000, key)));
  for (const m of [a, b, c]) m.dispose(MAPPED);
  expect(pool.bytes).toBe(0x200000);
  expect(["a", "b", "c"].map((key) => pool.take(key) !== undefined)).toEqual([false, true, true]);
  expect(pool.bytes).toBe(0);
  // One that is larger than all of the pool leaves the others where they are.
  use(new WasmMachine(shared, 0x100000, "a")).dispose(MAPPED);
  use(new WasmMachine(shared, 0x300000, "b")).dispose(MAPPED);
  expect([pool.take("b"), pool.take("a") !== undefined]).toEqual([undefined, true]);
});

describe("memory that was restored from an image", () => {
  const page = (n: number) => ({ start: CODE + n * 0x1000, end: CODE + (n + 1) * 0x1000 });
  const image: MemoryImage = { filled: [page(0), page(1), page(4)], fixed: [page(0)], unusedStacks: [] };

  /** A pool with a body that a machine with this origin gave back; all of what is mapped holds something. */
  function used(origin: MemoryOrigin | null): WasmShared {
    const first = new WasmMachine(sharedWith(new BodyPool(1 << 24)), 0x100000);
    load(first, 1);
    raxAfterRun(first);
    first.memory.u8.fill(0xff, CODE - GUEST_BIAS + 0x100, 0x90000);
    first.dispose(MAPPED, origin);
    return first.shared;
  }

  const isZero = (m: WasmMachine, { start, end }: MappedRange) =>
    m.memory.u8.subarray(start - GUEST_BIAS, end - GUEST_BIAS).every((byte) => byte === 0);
  const isAllZero = (m: WasmMachine) => m.memory.u8.every((byte, i) => byte === 0 || isRecent(i));

  test("for the same image its pages are left, and all others are zero", () => {
    const next = new WasmMachine(used(new MemoryOrigin(image)), 0x100000, "", image);
    expect(next.hasFixed).toBe(true);
    expect([0, 1, 2, 3, 4, 5].map((n) => isZero(next, page(n)))).toEqual([false, false, true, true, false, true]);
    expect(isZero(next, { start: page(5).start, end: 0x100000 })).toBe(true);
  });

  test("for anybody else it is zero", () => {
    expect(isAllZero(new WasmMachine(used(new MemoryOrigin(image)), 0x100000))).toBe(true);
    const other = new WasmMachine(used(new MemoryOrigin(image)), 0x100000, "", { ...image });
    expect([isAllZero(other), other.hasFixed]).toEqual([true, false]);
  });

  test("and so it is where its fixed pages may have changed, or where it is of no image", () => {
    const changed = new MemoryOrigin(image);
    changed.remapped(CODE, CODE + 1);
    for (const origin of [changed, null]) {
      const next = new WasmMachine(used(origin), 0x100000, "", image);
      expect([isAllZero(next), next.hasFixed]).toEqual([true, false]);
    }
  });

  test("a process of no image gets another body, if there is one", () => {
    const shared = used(new MemoryOrigin(image)), plain = new WasmMachine(shared, 0x100000);
    load(plain, 2);
    raxAfterRun(plain);
    const origin = new WasmMachine(shared, 0x100000, "", image);
    expect(origin.hasFixed).toBe(false);
    load(origin, 1);
    raxAfterRun(origin);
    origin.dispose(MAPPED, new MemoryOrigin(image));
    plain.dispose(MAPPED);
    expect(new WasmMachine(shared, 0x100000).hasFixed).toBe(false);
    expect(new WasmMachine(shared, 0x100000, "", image).hasFixed).toBe(true);
  });
});

test("a lookup that was made ahead finds what it was made of, and takes more", () => {
  const entries = Array.from({ length: 3000 }, (_, i) => 0x400000 + i * 7);
  const table = LookupTable.decode(lookupOf([{ entries, firstSlot: 1 }]).encode());
  expect(entries.every((pc, i) => table.get(pc) === i + 1)).toBe(true);
  expect([table.size, table.get(0x3fffff)]).toEqual([3000, 0]);
  for (let pc = 1; pc < 9000; pc++) table.set(pc, pc);
  expect([table.size, table.get(8999), table.get(entries[2999])]).toEqual([11999, 8999, 3000]);
});

test("a lookup forgets what compiled code kept of a pc that has changed", () => {
  const guest = new WebAssembly.Memory({ initial: 1 }), pc = 0x401230;
  const table = new LookupTable(new WebAssembly.Memory({ initial: 1 }), 0, new RecentLookups(guest));
  const words = new Int32Array(guest.buffer), at = (RECENT_START + (pc & RECENT_MASK)) >> 2;
  const changes = [() => table.set(pc, 8), () => table.delete(pc), () => table.copyFrom(table)];
  for (const change of changes) {
    table.set(pc, 7);
    words.set([pc, 7], at);
    change();
    expect(words[at]).toBe(0);
  }
  words.set([pc + 0x10000, 9], at);
  table.set(pc, 7);
  expect([...words.subarray(at, at + 2)]).toEqual([pc + 0x10000, 9]);
});
