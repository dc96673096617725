/**
 * The programs of fixtures/c/link, which map shared objects of the image and change code, in all engines: each line must be the
 * one that Linux printed (the .txt beside them, recorded by build.sh).
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, test } from "vitest";
import { ENGINE_NAMES } from "../src/cli/engines.ts";
import { expectRecorded, outputOf, programTree } from "./support/run_program.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures/c/link/", import.meta.url));
const LIBRARIES = new Map(
  readdirSync(`${FIXTURES}lib`).filter((file) => /\.(so|bin)$/.test(file))
    .map((file) => [file, readFileSync(`${FIXTURES}lib/${file}`)] as const),
);

const names = readdirSync(FIXTURES).filter((file) => file.endsWith(".elf")).map((file) =>
  file.slice(0, -".elf".length)
);

describe.each(names)("the program %s sees what it sees on Linux", (name) => {
  const path = `${FIXTURES}${name}.elf`;
  test.each(ENGINE_NAMES)("%s", (engine) => {
    expectRecorded(outputOf(programTree(readFileSync(path), LIBRARIES), { engine }), path);
  });
});
