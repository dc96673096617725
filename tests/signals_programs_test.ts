/**
 * The programs of fixtures/c/code, jit, signals and threads, run in the sandbox by every engine: each line must be the one that
 * Linux printed (the .txt beside them, recorded by build.sh).
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, it } from "vitest";
import { ENGINE_NAMES } from "../src/cli/engines.ts";
import { expectRecorded, outputOf, programTree } from "./support/run_program.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/c/", import.meta.url));

for (const folder of ["code", "jit", "signals", "threads"]) {
  describe(`the programs of fixtures/c/${folder} see what they see on Linux`, () => {
    for (const file of readdirSync(`${FIXTURES}${folder}`)) {
      if (!file.endsWith(".elf")) continue;
      const path = `${FIXTURES}${folder}/${file}`;
      for (const engine of ENGINE_NAMES) {
        it(`${file.slice(0, -4)} (${engine})`, () => {
          expectRecorded(outputOf(programTree(readFileSync(path)), { engine }), path);
        });
      }
    }
  });
}
