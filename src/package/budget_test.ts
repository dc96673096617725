import { describe, expect, it } from "vitest";
import { type BudgetInput, checkBudget, formatBudget } from "./budget.ts";

const MB = 1_000_000;

function input(changes: Partial<BudgetInput> = {}): BudgetInput {
  const size = (raw: number) => ({ raw: raw * MB, gzip: raw * MB / 3 });
  return {
    files: new Map([
      ["code0.wasm", size(10)],
      ["app.data.wasm", size(40)],
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
  it("counts for a host what it deploys, and in memory what may be expanded", () => {
    expect(needs(input())).toEqual({
      "Workers: modules, uncompressed": 51,
      // Guest, modules, code, and the 7 MB that compression saves.
      "Workers: memory of an isolate (estimate)": 8 + 51 + 12 + 7,
      "Deno Deploy: deployment": 52,
      "Deno Deploy: memory (estimate)": 8 + 52 + 12 + 7,
    });
  });

  it("counts no more expanded files than hosts keep", () => {
    const rootfs = { chunkBytes: 0, storedBytes: 30 * MB, expandedBytes: 230 * MB };
    const { "Workers: memory of an isolate (estimate)": workers, "Deno Deploy: memory (estimate)": deno } = needs(
      input({ rootfs }),
    );
    expect(workers).toBeCloseTo(8 + 51 + 12 + (16 << 20) / MB);
    expect(deno).toBeCloseTo(8 + 52 + 12 + (64 << 20) / MB);
  });

  it("names what is compressed", () => {
    expect(formatBudget(input())).toContain("10.0 MB as they are, 12.0 MB not wanted at once compressed to 5.0\n");
    const plain = input({ rootfs: { chunkBytes: 10 * MB, storedBytes: 0, expandedBytes: 0 } });
    expect(formatBudget(plain)).toContain("10.0 MB as they are\n");
  });
});
