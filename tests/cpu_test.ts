/** Every instruction on every engine against the answers of a real CPU. */
import { describe, expect, it } from "vitest";
import {
  casesOfForm,
  type CpuCase,
  cpuCases,
  type CpuEngine,
  cpuFamilies,
  describeCase,
  differences,
  goldenForms,
} from "./support/cpu_cases.ts";
import { CPU_GAPS, type CpuGap, gapOf } from "./known_failures/cpu.ts";
import type { GuestMemory } from "../src/machine/guest_memory.ts";
import { CPU_ENGINES } from "./support/cpu_engines.ts";
import { formatOutcome } from "./support/cpu_golden.ts";
import { CASE_PC, fillGuest } from "./support/cpu_state.ts";

/** Lines shown of a family that fails. */
const SHOWN = 25;

describe("instruction goldens", () => {
  for (const family of cpuFamilies()) {
    it(`${family}: every case reads back as it was written`, () => {
      for (const form of goldenForms(family)) {
        const again = casesOfForm(form).map((each) => formatOutcome(each.input, each.code, each.expected));
        expect(again, `${form.name} ${form.code}`).toEqual(form.out);
      }
    });
  }
});

for (const engine of CPU_ENGINES) {
  describe(`${engine.name} computes what the CPU computes`, () => {
    const gapsSeen = new Set<CpuGap>();
    const ownGaps = CPU_GAPS.filter((gap) => gap.engine === engine.name);
    for (const family of cpuFamilies()) {
      it(family, () => expect(failuresOf(engine, family, gapsSeen)).toEqual([]));
    }
    it("and every known gap is still one", () => {
      expect(ownGaps.filter((gap) => !gapsSeen.has(gap)).map((gap) => gap.reason)).toEqual([]);
    });
  });
}

/** The differences of each failing case, cut to a readable number, with a count of the rest. Known gaps are only noted. */
function failuresOf(engine: CpuEngine, family: string, gapsSeen: Set<CpuGap>): string[] {
  const memory = engine.memory();
  const failures: string[] = [];
  let count = 0;
  for (const each of cpuCases(family)) {
    const found = runCase(engine, memory, each);
    if (found.length === 0) continue;
    const gap = gapOf(engine.name, each.form);
    if (gap !== undefined) gapsSeen.add(gap);
    else if (++count <= SHOWN) failures.push(`${describeCase(each)}: ${found.join("; ")}`);
  }
  if (count > SHOWN) failures.push(`and ${count - SHOWN} more`);
  return failures;
}

function runCase(engine: CpuEngine, memory: GuestMemory, each: CpuCase): string[] {
  fillGuest(memory, each);
  try {
    return differences(each, memory, engine.run(memory, each.code, CASE_PC));
  } catch (error) {
    return [String(error)];
  }
}
