/**
 * Programs compiled ahead on a host that loads compiler and interpreter only when they are wanted: for the registers at a fault, for
 * code that the program makes. Each line must be the one that Linux printed (the .txt beside them).
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createTranslator } from "../adapters/translator.ts";
import { aotMachine } from "../src/cli/engines.ts";
import { WasmMachine } from "../src/machine/wasm_machine.ts";
import { TranslatorOnCall } from "../src/serve/later_translator.ts";
import { later, outputAwaiting } from "./support/run_awaiting.ts";
import { expectRecorded, programTree } from "./support/run_program.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/c/", import.meta.url));

/** A machine with the program's code, and what it has loaded, and why not. */
function lateMachine(tree: ReturnType<typeof programTree>, load = () => later(createTranslator())) {
  const loads: number[] = [], problems: string[] = [];
  const onCall = new TranslatorOnCall(() => {
    loads.push(performance.now());
    return load();
  }, (problem) => problems.push(problem));
  const { library, pool } = aotMachine(tree, () => {}).shared;
  const machine = new WasmMachine({
    library,
    get compiler() {
      return onCall.compiler;
    },
    get interpreter() {
      return onCall.interpreter;
    },
    later: onCall,
    ...pool === undefined ? {} : { pool },
  });
  return { machine, loads, problems };
}

test.each([
  "signals/faults",
  "signals/overflow",
  "signals/context",
  "signals/delivery",
  "threads/pthreads",
  "jit/selfmod",
  "jit/probes",
  "jit/registers",
])(
  "%s waits for the translator, once",
  async (name) => {
    const program = `${FIXTURES}${name}.elf`, tree = programTree(readFileSync(program));
    const { machine, loads } = lateMachine(tree);
    const { output } = await outputAwaiting(tree, machine);
    expectRecorded(output, program);
    expect(loads.length).toBeLessThanOrEqual(1);
  },
);

test("a guest that cannot have it ends with what was missing", async () => {
  const program = `${FIXTURES}signals/faults.elf`, tree = programTree(readFileSync(program));
  const { machine, problems } = lateMachine(tree, () => Promise.reject(new Error("no such file")));
  const outcome = await outputAwaiting(tree, machine).then(({ output }) => output, (e: Error) => e.message);
  expect(problems).toEqual(["no such file"]);
  expect(outcome).toContain("no interpreter to find the registers at a fault");
});
