import { expect, it } from "vitest";
import type { FileCode } from "../machine/code_cache.ts";
import { LaterModule, type ModuleSource } from "./later_module.ts";

const MODULE = new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));

function open(source: ModuleSource | null) {
  const problems: string[] = [], made: WebAssembly.Module[] = [];
  const codeOf = (module: WebAssembly.Module) => {
    made.push(module);
    return { module } as FileCode;
  };
  const resume = { pcs: Uint32Array.of(16, 32), entries: Uint32Array.of(12, 30), codes: Uint32Array.of(3, 2) };
  const content = { codeOf, entries: () => [12, 30], resume };
  return { later: new LaterModule(source, content, (problem) => problems.push(problem)), problems, made };
}

it("is there at once where the host has it, and is made one piece of code, when it is wanted", () => {
  let reads = 0;
  for (const source of [MODULE, { read: () => (reads++, MODULE) }]) {
    const { later, made } = open(source);
    expect([reads, made.length]).toEqual([0, 0]);
    expect([later.isWorthWaiting(), later.bring(() => {})]).toEqual([true, false]);
    const code = later.wait()!;
    expect(code.module).toBe(MODULE);
    expect(later.wait()).toBe(code);
    expect(made).toEqual([MODULE]);
  }
  expect(reads).toBe(1);
});

it("is brought by a host that takes a while, once, and who waits is told", async () => {
  let fetches = 0;
  const { later, made } = open({ fetch: () => (fetches++, Promise.resolve(MODULE)) });
  expect([later.isWorthWaiting(), later.wait()]).toEqual([false, undefined]);
  const told: string[] = [], one = () => void told.push("one"), two = () => void told.push("two");
  expect([later.bring(one), later.bring(two), later.bring(one)]).toEqual([true, true, true]);
  expect(told).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve));
  expect([told, fetches]).toEqual([["one", "two"], 1]);
  expect([later.isWorthWaiting(), later.bring(one)]).toEqual([true, false]);
  expect(later.wait()!.module).toBe(MODULE);
  expect(made.length).toBe(1);
});

it("is given up when it cannot be brought, which is said once", async () => {
  const { later, problems } = open({ fetch: () => Promise.reject(new Error("gone")) });
  await new Promise<void>((resolve) => expect(later.bring(resolve)).toBe(true));
  // Who waits for it goes on without.
  expect([later.isWorthWaiting(), later.wait(), later.bring(() => {}), problems]).toEqual([true, undefined, false, [
    "gone",
  ]]);
});

it("knows what it has before it is there", () => {
  const { later, made } = open(MODULE);
  expect([12, 16, 30, 32, 40].map((pc) => later.has(pc, true))).toEqual([true, false, true, false, false]);
  expect([12, 16, 30, 32, 40].map((pc) => later.has(pc, false))).toEqual([true, true, true, true, false]);
  expect(made).toEqual([]);
});

it("is known for what it has where it was left out, and not waited for", () => {
  const { later } = open(null);
  expect([later.isLeftOut, later.isWorthWaiting(), later.bring(() => {}), later.wait()]).toEqual([
    true,
    false,
    false,
    undefined,
  ]);
  expect([12, 16, 40].map((pc) => later.has(pc, false))).toEqual([true, true, false]);
});
