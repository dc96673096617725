/** Functions that helpers make are what the translation would have made, to the last byte of code, traps and reports. */
import { describe, expect, it } from "vitest";
import type { CodeEntries, ProgramMemory } from "../discover/entries.ts";
import { decodeEntries, encodeEntries } from "../discover/entries_codec.ts";
import { digest, fixtureTask } from "./_fixture_task.ts";
import { programOf } from "./_program.ts";
import { fileMemory } from "./file_memory.ts";
import { decodeAnswers, encodeAnswers } from "./region_codec.ts";
import { RegionHelper, type RegionSharing } from "./region_sharing.ts";
import { translateProgram } from "./translate.ts";

const LEVEL = "x86-64-v2";

/** Of `parts` who share it, all but one are the same helper; counts what that made. */
function shared(program: ProgramMemory, parts: number, largest: number): RegionSharing & { made: number } {
  const offered = new Set<number>();
  let turn = 0, helper: RegionHelper;
  const sharing = {
    made: 0,
    begin(found: CodeEntries) {
      helper = new RegionHelper(program, LEVEL, decodeEntries(encodeEntries(found)), largest);
    },
    offer(pc: number) {
      if (offered.has(pc)) throw new Error("offered twice");
      offered.add(pc);
    },
    take(pc: number) {
      if (!offered.delete(pc)) throw new Error("asked for twice, or never offered");
      if (turn++ % parts === 0) return null;
      const [answer, last] = decodeAnswers(
        encodeAnswers([{ pc, made: helper.make(pc) }, { pc: 0xffff0000, made: null }]),
      );
      expect([answer.pc, last.pc, last.made]).toEqual([pc, 0xffff0000, null]);
      if (answer.made !== null) sharing.made++;
      return answer.made;
    },
    end() {},
  };
  return sharing;
}

/** How many regions the helper made. */
function same(program: ProgramMemory, parts: number, maxRegionInstructions: number): number {
  const options = { name: "shared", level: LEVEL, maxRegionInstructions } as const;
  const sharing = shared(program, parts, maxRegionInstructions);
  const got = translateProgram(program, { ...options, sharing });
  expect(digest(got)).toEqual(digest(translateProgram(program, options)));
  return sharing.made;
}

describe("shared regions", () => {
  const { bytes, path, start, ...hints } = fixtureTask("threads/pthreads.elf");
  const program = fileMemory(bytes, path, start, hints);

  it.each([2, 5, 1000])("of %i who share a program", (parts) => {
    expect(same(program, parts, 18_000)).toBeGreaterThan(50);
  });

  it("where functions are cut into parts, which helpers know nothing of", () => {
    for (const largest of [40, 400]) expect(same(program, 1000, largest)).toBeGreaterThan(20);
  });

  it("names what cannot be run", () => {
    // vpternlogd, and no instruction at all.
    const { labels: _, ...unsupported } = programOf("main: e8 @f  c3   f: 62 f3 7d 48 25 c0 ff  c3   g: 06 c3", {
      data: ["f", "g"],
    });
    const { unsupported: rows } = translateProgram(unsupported, { name: "a", level: LEVEL });
    expect(rows.length).toBeGreaterThan(0);
    same(unsupported, 1000, 18_000);
  });
});
