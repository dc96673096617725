import { afterAll, describe, expect, it } from "vitest";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processorName, readBaseline, recordBaseline } from "../../bench/baseline_file.ts";
import type { Baseline } from "../../bench/ratio_changes.ts";

const folder = mkdtempSync(join(tmpdir(), "lighter-baseline-"));
afterAll(() => rmSync(folder, { recursive: true }));

const ratiosOf = (cpu: Record<string, number>, gzip: number): Baseline => ({
  cpu: Object.fromEntries(Object.entries(cpu).map(([program, warm]) => [program, { aot: { warm } }])),
  size: { fib: { aot: { gzip } } },
});

describe("the baseline's file", () => {
  it("has speeds by processor, and one of the sizes", () => {
    const path = join(folder, "two.json");
    recordBaseline(path, "one", ratiosOf({ fib: 1.5 }, 2), false);
    recordBaseline(path, "other", ratiosOf({ fib: 2.5 }, 2.1), false);
    expect(readBaseline(path, "one")).toEqual({ ratios: ratiosOf({ fib: 1.5 }, 2.1), processor: "one" });
    expect(readBaseline(path, "other")).toEqual({ ratios: ratiosOf({ fib: 2.5 }, 2.1), processor: "other" });
  });

  it("gives another processor's speeds, and its name, where those are all that there is", () => {
    const path = join(folder, "one.json");
    recordBaseline(path, "one", ratiosOf({ fib: 1.5 }, 2), false);
    expect(readBaseline(path, "other")).toEqual({ ratios: ratiosOf({ fib: 1.5 }, 2), processor: "one" });
  });

  it("keeps what else is known of a processor if that is asked for", () => {
    const path = join(folder, "kept.json");
    recordBaseline(path, "one", ratiosOf({ fib: 1.5, sort: 2 }, 2), false);
    recordBaseline(path, "one", ratiosOf({ fib: 1.4 }, 2), true);
    expect(readBaseline(path, "one").ratios).toEqual(ratiosOf({ fib: 1.4, sort: 2 }, 2));
    recordBaseline(path, "one", ratiosOf({ fib: 1.3 }, 2), false);
    expect(readBaseline(path, "one").ratios).toEqual(ratiosOf({ fib: 1.3 }, 2));
  });

  it("has nothing where there is none", () => {
    expect(readBaseline(join(folder, "missing.json"), "one")).toEqual({ ratios: { size: {} }, processor: null });
  });
});

describe("a processor's name", () => {
  it("is vendor, family and model", () => {
    const text = "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\nmodel name\t: Xeon\n";
    expect(processorName(text)).toBe("GenuineIntel, family 6, model 143");
  });
});
