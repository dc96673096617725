import { expect, test } from "vitest";
import type { Kernel } from "../kernel/kernel.ts";
import { MemoryReport } from "./memory_report.ts";

const SECOND = 1000;

test("memory is said when it is more than ever, once a second at most, each space once, without those not made yet", () => {
  const lines: string[] = [], pool = { bytes: 0 };
  const report = new MemoryReport(pool, (line) => lines.push(line));
  const space = (memoryBytes: number, hasMachine = true) => ({ memoryBytes, hasMachine });
  const update = (ms: number, ...spaces: ReturnType<typeof space>[]) => {
    const processes = new Map(spaces.map((each, pid) => [pid, { space: each }]));
    report.update({ processes } as unknown as Pick<Kernel, "processes">, ms);
  };
  const main = space(3e6), child = space(2e6);
  update(0, main, space(9e6, false));
  update(0.5 * SECOND, main, child);
  update(2 * SECOND, main, child, main);
  update(4 * SECOND, main);
  pool.bytes = 2e6;
  update(6 * SECOND, main, child);
  main.memoryBytes = 4e6;
  update(8 * SECOND, main, child);
  expect(lines).toEqual([
    "guest memory: 3.0 MB, 1 memories, the largest 3.0 MB; 0.0 MB kept for later processes",
    "guest memory: 5.0 MB, 2 memories, the largest 3.0 MB; 0.0 MB kept for later processes",
    "guest memory: 6.0 MB, 2 memories, the largest 4.0 MB; 2.0 MB kept for later processes",
  ]);
});
