import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What takes part in translating a file (src/cli/translator_version_test.ts holds this against the imports). */
export const TRANSLATOR_SOURCES: readonly string[] = [
  "discover",
  "elf",
  "emit",
  "errors.ts",
  "ir",
  "kernel/abi",
  "lift",
  "machine",
  "translate",
  "x86",
];

const SRC = fileURLToPath(new URL("../", import.meta.url));

let version: string | undefined;

/** Changes whenever a translation may: a hash of the translator's own text. */
export function translatorVersion(): string {
  if (version !== undefined) return version;
  const hash = createHash("sha256");
  for (const file of TRANSLATOR_SOURCES.flatMap(sourcesIn)) {
    hash.update(`${file}\n`).update(readFileSync(join(SRC, file))).update("\n");
  }
  return version = hash.digest("hex");
}

function sourcesIn(name: string): string[] {
  if (name.endsWith(".ts")) return [name];
  return readdirSync(join(SRC, name), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith("_test.ts"))
    .map((file) => join(name, file))
    .sort();
}
