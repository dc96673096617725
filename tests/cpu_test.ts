/** Every instruction on every engine against the answers of a real CPU. */
import { describe, expect, it } from "vitest";
import {
  casesOfForm,
  cpuCases,
  type CpuEngine,
  cpuFamilies,
  describeCase,
  differences,
  goldenForms,
} from "./support/cpu_cases.ts";
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
    for (const family of cpuFamilies()) {
      it(family, () => expect(failuresOf(engine, family)).toEqual([]));
    }
  });
}

/** The first difference of each failing case, cut to a readable number, with a count of the rest. */
function failuresOf(engine: CpuEngine, family: string): string[] {
  const memory = engine.memory();
  const failures: string[] = [];
  let count = 0;
  for (const each of cpuCases(family)) {
    fillGuest(memory, each);
    let found: string[];
    try {
      found = differences(each, memory, engine.run(memory, each.code, CASE_PC));
    } catch (error) {
      found = [String(error)];
    }
    if (found.length === 0) continue;
    if (++count <= SHOWN) failures.push(`${describeCase(each)}: ${found.join("; ")}`);
  }
  if (count > SHOWN) failures.push(`and ${count - SHOWN} more`);
  return failures;
}
