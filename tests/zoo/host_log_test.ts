/** What the run time says of itself is what the zoo reads. */
import { expect, test } from "vitest";
import type { Kernel } from "../../src/kernel/kernel.ts";
import type { MissRecord } from "../../src/machine/misses.ts";
import { MemoryReport } from "../../src/serve/memory_report.ts";
import { MissReport } from "../../src/serve/miss_report.ts";
import { memoryIn, missesIn, outsideIn } from "./host_log.ts";

test("misses of all programs, and the last word on time", () => {
  const misses = new Map<number, MissRecord>([[0x1000, { count: 1, kind: "return site" }]]), lines: string[] = [];
  const programs = new Map([["/bin/x", { misses, files: new Map() }], ["", {
    misses: new Map(misses),
    files: new Map(),
  }]]);
  const report = new MissReport(programs, { verb: "interpreted", pathOf: () => "", log: (line) => lines.push(line) });
  report.update(() => 0, { runMs: 100, outsideMs: 1 });
  misses.set(0x2000, { count: 1, kind: "return site" });
  misses.set(0x3000, { count: 1, kind: "return site" });
  report.update(() => 5000, { runMs: 400, outsideMs: 50 });
  expect(missesIn(lines.join("\n"))).toBe(4);
  expect(outsideIn(lines.join("\n"))).toEqual({ share: 0.125, ms: 50 });
});

test("the most memory", () => {
  const lines: string[] = [];
  const report = new MemoryReport({ bytes: 1.5e6 }, (line) => lines.push(line));
  const spaces = [{ memoryBytes: 3e6, hasMachine: true }, { memoryBytes: 2.25e6, hasMachine: true }];
  const processes = new Map(spaces.map((space, pid) => [pid, { space }]));
  const kernel = { processes } as unknown as Pick<Kernel, "processes">;
  report.update(kernel, 0);
  spaces[1].memoryBytes = 2.5e6;
  report.update(kernel, 2000);
  expect(memoryIn(lines.join("\n"))).toEqual({ totalMb: 5.5, count: 2, largestMb: 3, keptMb: 1.5 });
});

test("a log that says nothing", () => {
  expect([missesIn("GET /"), outsideIn("GET /"), memoryIn("GET /")]).toEqual([0, { share: 0, ms: 0 }, null]);
});
