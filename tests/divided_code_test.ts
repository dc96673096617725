/**
 * Programs whose code is in two modules of which the second comes later, or not at all: each line must be the one that Linux printed
 * (the .txt beside them), wherever calls, returns, jumps, faults and signals go from one to the other.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { aotMachine, codeOf } from "../src/cli/engines.ts";
import type { FoundCode } from "../src/machine/code_cache.ts";
import { lazyTraps } from "../src/machine/trap_codec.ts";
import { decodeResume } from "../src/machine/resume_table.ts";
import type { WasmMachine } from "../src/machine/wasm_machine.ts";
import { LaterModule, type ModuleSource } from "../src/serve/later_module.ts";
import { type Covered, covered, divide, entriesRun } from "../src/translate/divided.ts";
import { OwnThreadTranslator } from "../src/translate/file_task.ts";
import type { Translation } from "../src/translate/translate.ts";
import { later, outputAwaiting } from "./support/run_awaiting.ts";
import { expectRecorded, programTree } from "./support/run_program.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/c/", import.meta.url));
const PROGRAMS = [
  "signals/faults",
  "signals/context",
  "signals/delivery",
  "signals/spin",
  "threads/pthreads",
  "jit/selfmod",
  "jit/probes",
  "jit/registers",
];

type Place = Parameters<typeof codeOf>[1];

/** The first part is there, the second is what `source` makes of it. */
function inTwo(
  t: Translation,
  place: Place,
  pcs: Iterable<number>,
  source: (module: WebAssembly.Module) => ModuleSource | null,
): { found: FoundCode; later: LaterModule } {
  const [first, second] = divide(t, pcs, [`${t.name}a`, `${t.name}b`], 0)!;
  expect([...first.entries, ...second.entries].sort()).toEqual([...t.entries].sort());
  const rest = codeOf(second, place),
    content = {
      codeOf: () => rest,
      entries: () => second.entries,
      resume: decodeResume(second.resume),
    };
  const later = new LaterModule(source(rest.module), content, (problem) => expect(problem).toBe(""));
  return { found: { code: codeOf(first, place), later }, later };
}

const SOURCES: Record<string, (module: WebAssembly.Module) => ModuleSource> = {
  "there": (module) => module,
  "brought": (module) => ({ fetch: () => later(module) }),
};

test.each(PROGRAMS.flatMap((name, i) => Object.keys(SOURCES).map((source) => [name, source, i % 3] as const)))(
  "%s: half of the regions, the others are %s",
  async (name, source, phase) => {
    const program = `${FIXTURES}${name}.elf`, tree = programTree(readFileSync(program));
    const seconds: LaterModule[] = [];
    const machine = aotMachine(tree, () => {}, new OwnThreadTranslator(), (t, place) => {
      // Neighbours in the file, and callers and callees, are in both.
      const half = t.entries.filter((pc) => ((pc >>> 4) + phase) % 3 !== 0 && pc % 2 === 0);
      const { found, later } = inTwo(t, place, half, SOURCES[source]);
      seconds.push(later);
      return found;
    });
    const { output } = await outputAwaiting(tree, machine);
    expectRecorded(output, program);
    expect(seconds.map(({ code }) => code?.name)).toEqual(["code0b"]);
  },
);

/** Entries of what missed code, by why it was missing. */
function missed(machine: WasmMachine): string[] {
  const programs = [...machine.shared.library.programs.values()];
  return programs.flatMap(({ misses }) => [...misses.values()].map(({ kind }) => kind));
}

test.each(PROGRAMS)("%s: what was run is noted, and does without the rest", async (name) => {
  const program = `${FIXTURES}${name}.elf`, tree = programTree(readFileSync(program));
  let noted: { noting: Covered; t: Translation } | undefined;
  const noting = aotMachine(tree, () => {}, new OwnThreadTranslator(), (t, place) => {
    noted = { noting: covered(t), t };
    const { wasm, memory, traps } = noted.noting;
    return { code: { ...codeOf({ ...t, wasm }, place), ...lazyTraps(traps), covered: memory } };
  });
  expectRecorded((await outputAwaiting(tree, noting)).output, program);
  const run = entriesRun(noted!.noting.memory, noted!.t.entries);
  expect(run.length).toBeGreaterThan(10);
  expect(run.length).toBeLessThan(noted!.t.entries.length);
  const resumed = [...noting.shared.library.programs.values()].flatMap(({ resumed }) => [...resumed.keys()]);
  const without = aotMachine(tree, () => {}, new OwnThreadTranslator(), (t, place) => {
    return inTwo(t, place, [...run, ...resumed], () => null).found;
  });
  expectRecorded((await outputAwaiting(tree, without)).output, program);
  expect(missed(without)).not.toContain("left out");
  // Nor is it a matter of what is noted: without half of that some is missing, and compiled.
  const lacking = aotMachine(tree, () => {}, new OwnThreadTranslator(), (t, place) => {
    return inTwo(t, place, run.filter((_, i) => i % 2 === 0), () => null).found;
  });
  expectRecorded((await outputAwaiting(tree, lacking)).output, program);
  expect(missed(lacking)).toContain("left out");
});
