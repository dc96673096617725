import { expect, test } from "vitest";
import { MissReport } from "./miss_report.ts";

test("new misses are said once, and not more often than every second", () => {
  const misses = new Map<number, number>(), lines: string[] = [];
  const report = new MissReport(new Map([["/bin/x", { misses }]]), "compiled", (line) => lines.push(line));
  report.update(() => 0);
  expect(lines).toEqual([]);
  misses.set(0x1000, 1);
  report.update(() => 10);
  misses.set(0x2000, 1);
  report.update(() => 500);
  report.update(() => 1500);
  report.update(() => 9000);
  expect(lines.map((line) => line.replace(/ \(.*/, ""))).toEqual([
    "1 regions of /bin/x were not translated ahead and are compiled: 0x1000",
    "1 regions of /bin/x were not translated ahead and are compiled: 0x2000",
  ]);
  expect(report.all()).toEqual([{ program: "/bin/x", pc: 0x1000, count: 1 }, {
    program: "/bin/x",
    pc: 0x2000,
    count: 1,
  }]);
});
