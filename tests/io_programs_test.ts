/**
 * The programs of fixtures/c/io, run in the sandbox: each line must be the one that Linux printed (the .txt beside them,
 * recorded by build.sh).
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "vitest";
import { expectRecorded, outputOf, programTree } from "./support/run_program.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/c/io/", import.meta.url));

for (const file of readdirSync(FIXTURES)) {
  if (!file.endsWith(".elf")) continue;
  const name = file.slice(0, -".elf".length), path = `${FIXTURES}${file}`;
  test(`the program ${name} sees what it sees on Linux`, () => {
    expectRecorded(outputOf(programTree(readFileSync(path)), { engine: "jit" }), path);
  });
}
