/**
 * The programs of fixtures/c/proc, run in the sandbox: each line must be the one that Linux printed (the .txt beside them,
 * recorded by build.sh).
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "vitest";
import { ENGINE_NAMES } from "../src/cli/engines.ts";
import { expectRecorded, outputOf, programTree } from "./support/run_program.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/c/proc/", import.meta.url));

for (const file of readdirSync(FIXTURES)) {
  if (!file.endsWith(".elf")) continue;
  const name = file.slice(0, -".elf".length), path = `${FIXTURES}${file}`;
  for (const engine of ENGINE_NAMES) {
    test(`the processes of ${name} see what they see on Linux (${engine})`, () => {
      expectRecorded(outputOf(programTree(readFileSync(path)), { engine }), path);
    });
  }
}
