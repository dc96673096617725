import { describe, expect, it } from "vitest";
import { type BudgetInput, checkBudget, formatBudget } from "./budget.ts";

const MB = 1_000_000;

function input(changes: Partial<BudgetInput> = {}): BudgetInput {
  const size = (raw: number) => ({ raw: raw * MB, gzip: raw * MB / 3 });
  return {
    files: new Map([
      ["code0.wasm", size(10)],
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
    wasmBytes: 10 * MB,
    ...changes,
  };
}

const needs = (budget: BudgetInput) =>
  Object.fromEntries(checkBudget(budget).map((line) => [`${line.host}: ${line.what}`, line.needs / MB]));

describe("the budget", () => {
  it("counts for a host what it deploys, and compressed files neither as modules nor in memory", () => {
    expect(needs(input())).toEqual({
      "Workers: modules, uncompressed": 51,
      // Guest, modules, code.
      "Workers: memory of an isolate (estimate)": 8 + 51 + 12,
      "Deno Deploy: deployment": 52 + 5,
      "Deno Deploy: memory (estimate)": 8 + 52 + 12,
    });
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
