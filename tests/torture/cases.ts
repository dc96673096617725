/** The tests of the suite and how each is compiled, from its folder, its `dg-` lines and its `.x` file. */
import { join } from "node:path";
import type { CpuLevel } from "../../src/machine/cpu_level.ts";
import { exists } from "./source.ts";

export const LEVELS = ["O0", "O2", "O3"] as const;
export type Level = typeof LEVELS[number] | typeof V3_LEVEL;
/** -O3 for x86-64-v3, run on such a processor; only on request. */
export const V3_LEVEL = "O3v3";

/** GCC's options for a level. */
export function levelOptions(level: Level): string[] {
  return level === V3_LEVEL ? ["-O3", "-march=x86-64-v3"] : [`-${level}`];
}

/** The processor that programs of a level are shown. */
export function cpuLevelOf(level: Level): CpuLevel {
  return level === V3_LEVEL ? "x86-64-v3" : "x86-64-v2";
}

/** One source file of the suite. */
export interface TortureTest {
  /** Path without `.c`, relative to the suite: "20000112-1", "builtins/abs-1". */
  name: string;
  sources: string[];
  options: string[];
  /** Why the test is left out, if it is. */
  skipped?: string;
}

/** Options that builtins.exp and ieee.exp add for their folder. */
const FOLDER_OPTIONS: Record<string, string[]> = {
  "": [],
  builtins: [
    "-fno-tree-dse",
    "-fno-tree-loop-distribute-patterns",
    "-fno-tracer",
    "-fno-ipa-ra",
    "-fno-inline-functions",
  ],
  ieee: ["-fno-inline"],
};

/** All tests, sorted by name. */
export async function listTests(suite: string): Promise<TortureTest[]> {
  const tests: TortureTest[] = [];
  for (const folder of Object.keys(FOLDER_OPTIONS)) {
    for await (const entry of Deno.readDir(join(suite, folder))) {
      if (!entry.isFile || !entry.name.endsWith(".c") || entry.name.endsWith("-lib.c")) continue;
      tests.push(await readTest(suite, folder, entry.name.slice(0, -2)));
    }
  }
  return tests.sort((a, b) => a.name < b.name ? -1 : 1);
}

async function readTest(suite: string, folder: string, base: string): Promise<TortureTest> {
  const path = join(suite, folder, base);
  const text = new TextDecoder("latin1").decode(await Deno.readFile(`${path}.c`));
  const script = await exists(`${path}.x`) ? await Deno.readTextFile(`${path}.x`) : "";
  const sources = [`${path}.c`];
  if (folder === "builtins") sources.push(`${path}-lib.c`, join(suite, "builtins/lib/main.c"));
  const dg = directiveOptions(text);
  return {
    name: join(folder, base),
    sources,
    options: [...FOLDER_OPTIONS[folder], ...dg.options, ...scriptOptions(script)],
    ...(dg.skipped === undefined ? {} : { skipped: dg.skipped }),
  };
}

/** Options of `dg-options` and `dg-additional-options` lines whose target is ours. */
function directiveOptions(text: string): { options: string[]; skipped?: string } {
  const options: string[] = [];
  for (const [, body] of text.matchAll(/\{\s*dg-(?:additional-)?options\s+(.*)\}/g)) {
    const quoted = /^\{?\s*"([^"]*)"\s*\}?(.*)$/.exec(body.trim());
    if (quoted === null) return { options, skipped: `dg-options is not a plain string: ${body.trim()}` };
    const [, flags, target] = quoted;
    if (isOurTarget(target)) options.push(...flags.split(/\s+/).filter(Boolean));
  }
  if (/dg-do\s+(compile|link|preprocess)/.test(text)) return { options, skipped: "dg-do says that it is not run" };
  return { options };
}

/** Whether a `{ target ... }` clause, or none, takes in 64-bit x86 Linux. */
function isOurTarget(clause: string): boolean {
  if (!clause.includes("target")) return true;
  return /(^|\s)(x86_64-\*-\*|\*-\*-\*)/.test(clause) && !/ia32|!/.test(clause);
}

/** Compiler options that a `.x` script adds on every target. */
function scriptOptions(script: string): string[] {
  const options: string[] = [];
  for (const [, flags] of script.matchAll(/^(?:set|lappend) additional_flags (.*)$/gm)) {
    options.push(...(flags.match(/-f[\w-]+/g) ?? []));
  }
  return options;
}
