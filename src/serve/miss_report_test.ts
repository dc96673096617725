import { expect, test } from "vitest";
import type { MissRecord } from "../machine/misses.ts";
import { MissReport } from "./miss_report.ts";

const SECOND = 1000;

test("new misses are said once, and not more often than every second", () => {
  const misses = new Map<number, MissRecord>(), lines: string[] = [];
  const programs = new Map([["/bin/x", { misses, files: new Map([[7, { start: 0x1f00, end: 0x3000 }]]) }]]);
  const report = new MissReport(programs, {
    verb: "compiled",
    pathOf: (file) => `/lib/${file}`,
    log: (line) => lines.push(line),
  });
  const update = (ms: number) => report.update(() => ms, { runMs: ms, outsideMs: 0 });
  update(0);
  expect(lines).toEqual([]);
  misses.set(0x1000, { count: 1, kind: "code made at run time" });
  update(10);
  misses.set(0x2000, { count: 1, kind: "return site" });
  misses.set(0x2008, { count: 1, kind: "return site" });
  update(500);
  update(1500);
  update(9000);
  expect(lines.map((line) => line.replace(/ \(.*/, ""))).toEqual([
    "1 regions of /bin/x were not translated ahead and are compiled: code made at run time: 0x1000",
    "2 regions of /bin/x were not translated ahead and are compiled: " +
    "return site: 0x2000 /lib/7+0x100, 0x2008 /lib/7+0x108",
  ]);
  expect(report.all()).toEqual([
    { program: "/bin/x", pc: 0x1000, place: "", count: 1, kind: "code made at run time" },
    { program: "/bin/x", pc: 0x2000, place: "/lib/7+0x100", count: 1, kind: "return site" },
    { program: "/bin/x", pc: 0x2008, place: "/lib/7+0x108", count: 1, kind: "return site" },
  ]);
});

test("the share of time is said when it has grown, ever more rarely", () => {
  const lines: string[] = [];
  const report = new MissReport(new Map(), { verb: "interpreted", pathOf: () => "", log: (line) => lines.push(line) });
  for (let s = 1; s <= 1000; s++) report.update(() => s * SECOND, { runMs: 100 * s, outsideMs: 10 * s });
  expect(lines[0]).toBe("10.0 of 100.0 ms that the guest ran (10.0 %) were spent outside code translated ahead");
  expect(lines.length).toBeLessThan(80);
  expect(lines.at(-1)).toMatch(/^9\d\d\d\.0 of /);
});
