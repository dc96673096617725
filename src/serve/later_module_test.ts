import { expect, it } from "vitest";
import type { FileCode } from "../machine/code_cache.ts";
import { LaterModule, type ModuleSource } from "./later_module.ts";

const MODULE = new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));

function open(source: ModuleSource) {
  const problems: string[] = [], made: WebAssembly.Module[] = [];
  const codeOf = (module: WebAssembly.Module) => {
    made.push(module);
    return { module } as FileCode;
  };
  return { later: new LaterModule(source, codeOf, (problem) => problems.push(problem)), problems, made };
}

it("is there at once where the host has it, and is made one piece of code, when it is wanted", () => {
  let reads = 0;
  for (const source of [MODULE, { read: () => (reads++, MODULE) }]) {
    const { later, made } = open(source);
    expect([reads, made.length]).toEqual([0, 0]);
    expect([later.isWorthWaiting(), later.isWorthWaiting()]).toEqual([true, true]);
    const code = later.wait()!;
    expect(code.module).toBe(MODULE);
    expect(later.wait()).toBe(code);
    expect(made).toEqual([MODULE]);
  }
  expect(reads).toBe(1);
});

it("is not waited for while the host fetches it, once", async () => {
  let fetches = 0;
  const { later, made } = open({ fetch: () => (fetches++, Promise.resolve(MODULE)) });
  expect([later.isWorthWaiting(), later.wait(), later.isWorthWaiting()]).toEqual([false, undefined, false]);
  await Promise.resolve();
  expect(later.isWorthWaiting()).toBe(true);
  expect(later.wait()!.module).toBe(MODULE);
  expect([fetches, made.length]).toEqual([1, 1]);
});

it("is never there when it cannot be fetched, which is said once", async () => {
  const { later, problems } = open({ fetch: () => Promise.reject(new Error("gone")) });
  for (let i = 0; i < 3; i++) {
    expect(later.isWorthWaiting()).toBe(false);
    await Promise.resolve().then();
  }
  expect([later.wait(), problems]).toEqual([undefined, ["gone"]]);
});
