import { describe, expect, it } from "vitest";
import { type BudgetInput, type BudgetModule, checkBudget, formatBudget, modulesToLeaveOut } from "./budget.ts";

const MB = 1_000_000;

const IDLE: BudgetModule = { isRun: false, isLeftOut: false, isPart: false };

function input(changes: Partial<BudgetInput> = {}): BudgetInput {
  const size = (raw: number) => ({ raw: raw * MB, gzip: raw * MB / 3 });
  return {
    files: new Map([
      ["code0.wasm", size(10)],
      ["code1.wasm", size(4)],
      ["app.data.wasm", size(40)],
      ["files/0.wasm", size(3)],
      ["files/1.wasm", size(2)],
      ["worker.js", size(1)],
      ["deno.js", size(2)],
      [
        "node.mjs",
        size(3),
      ],
    ]),
    entries: new Map([["worker.js", "workers"], ["deno.js", "deno"], ["node.mjs", "node"]]),
    rootfs: { chunkBytes: 10 * MB, storedBytes: 5 * MB, expandedBytes: 12 * MB },
    guestBytes: 30 * MB,
    residentBytes: 8 * MB,
    pagesBytes: MB,
    modules: new Map([["code0.wasm", { ...IDLE, isRun: true }], ["code1.wasm", IDLE]]),
    ...changes,
  };
}

const needs = (budget: BudgetInput) =>
  Object.fromEntries(checkBudget(budget).map((line) => [`${line.host}: ${line.what}`, line.needs / MB]));

describe("the budget", () => {
  it("counts for a host what it deploys, and compressed files neither as modules nor in memory", () => {
    expect(needs(input())).toEqual({
      "Workers: modules, uncompressed": 55,
      // Guest, modules, code that runs.
      "Workers: memory of an isolate (estimate)": 8 + 55 + 12,
      "Deno Deploy: deployment": 56 + 5,
      // What does not run is not loaded.
      "Deno Deploy: memory (estimate)": 8 + 52 + 12,
    });
  });

  it("takes a part for run as a whole", () => {
    const part = input({
      modules: new Map([["code0.wasm", { ...IDLE, isRun: true, isPart: true }], ["code1.wasm", IDLE]]),
    });
    expect(needs(part)).toMatchObject({ "Workers: memory of an isolate (estimate)": 8 + 55 + 40 });
  });

  it("has one line for all compressed files", () => {
    const lines = formatBudget(input()).split("\n").filter((line) => line.includes("files/"));
    expect(lines.map((line) => line.trim().split(/ {2,}/)[0])).toEqual(["files/ (2)"]);
    expect(lines[0]).toContain(" 5.0 MB ");
  });

  it("names what is compressed", () => {
    expect(formatBudget(input())).toContain("10.0 MB as they are, 12.0 MB not wanted at once compressed to 5.0\n");
    const plain = input({ rootfs: { chunkBytes: 10 * MB, storedBytes: 0, expandedBytes: 0 } });
    expect(formatBudget(plain)).toContain("10.0 MB as they are\n");
  });
});

describe("modules that worker.js is better without", () => {
  const idle = IDLE, run: BudgetModule = { ...idle, isRun: true };
  const size = (megabytes: number) => ({ raw: megabytes * MB, gzip: megabytes * MB });
  const all = {
    "run.wasm": [10, run],
    "small.wasm": [3, idle],
    "large.wasm": [9, idle],
    "middle.wasm": [5, idle],
  } as const;
  const of = (dataMegabytes: number): BudgetInput => ({
    ...input(),
    files: new Map([
      ...Object.entries(all).map(([name, [megabytes]]) => [name, size(megabytes)] as const),
      ["app.data.wasm", size(dataMegabytes)],
    ]),
    modules: new Map(Object.entries(all).map(([name, [, module]]) => [name, module])),
  });

  it("are none if all fit", () => {
    expect(modulesToLeaveOut(of(40))).toEqual([]);
  });

  it("are the largest that do not run, as few as make it fit", () => {
    expect(modulesToLeaveOut(of(45))).toEqual(["large.wasm"]);
    expect(modulesToLeaveOut(of(52))).toEqual(["large.wasm", "middle.wasm"]);
    const { files, modules, ...rest } = of(45);
    const without = new Map(modules).set("large.wasm", { ...idle, isLeftOut: true });
    expect(checkBudget({ files, modules: without, ...rest })[0]).toMatchObject({ needs: 63 * MB, fits: true });
  });

  it("are of files that do not run at all, if that is enough", () => {
    const budget = of(45), modules = new Map(budget.modules).set("large.wasm", { ...idle, isPart: true });
    expect(modulesToLeaveOut({ ...budget, modules })).toEqual(["middle.wasm"]);
    expect(modulesToLeaveOut({ ...of(52), modules })).toEqual(["middle.wasm", "small.wasm", "large.wasm"]);
  });

  it("are none if it does not fit without them either", () => {
    expect(modulesToLeaveOut(of(60))).toEqual([]);
  });

  it("make room in memory, too", () => {
    // 40 MB of pages, 60 of modules, 12 of code: 128 at most.
    expect(modulesToLeaveOut({ ...of(33), residentBytes: 60 * MB })).toEqual(["large.wasm"]);
  });
});
