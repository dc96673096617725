/** The goldens against the CPU at hand: runs where gcc is, and catches a golden reader that lies. */
import { describe, expect, it } from "vitest";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildRunner, runNatively } from "../fixtures/cpu/native.ts";
import { type CpuCase, cpuCases, cpuFamilies, describeCase, rulesFor, variesByProcessor } from "./support/cpu_cases.ts";
import { compareStates } from "./support/cpu_compare.ts";

const folder = mkdtempSync(join(tmpdir(), "lighter-cpu-"));
const runner = Deno.build.arch === "x86_64" && Deno.build.os === "linux"
  ? await buildRunner(folder).catch(() => undefined)
  : undefined;

describe.skipIf(runner === undefined)("this machine's CPU agrees with the goldens", () => {
  for (const family of cpuFamilies()) {
    it(family, async () => {
      const cases = [...cpuCases(family)].filter((each, i) => i % 5 === 0 && !variesByProcessor(each));
      const outcomes = await runNatively(runner!, cases);
      const failures = cases.flatMap((each, i) => {
        const found = disagreements(each, outcomes[i]);
        return found.length ? [`${describeCase(each)}: ${found.join("; ")}`] : [];
      });
      expect(failures.slice(0, 20)).toEqual([]);
    });
  }

  it("removes its runner", () => rmSync(folder, { recursive: true }));
});

function disagreements(each: CpuCase, outcome: Awaited<ReturnType<typeof runNatively>>[number]): string[] {
  if (outcome.signal !== each.expected.signal) return [`${outcome.signal}, the golden says ${each.expected.signal}`];
  if (outcome.state === undefined || each.expected.state === undefined) return [];
  const rules = rulesFor(each);
  // Two processors' approximations, each as far from what is right.
  return compareStates(outcome.state, each.expected.state, each.input, { ...rules, tolerance: 2 * rules.tolerance });
}
