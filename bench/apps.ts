/**
 * Real programs of Debian, dynamically linked, each run several times by one guest: the first run is the cold time, translating
 * or compiling included, the median of the later ones the warm time. All of it is one process's whole run, start-up too.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cacheFolder, compile } from "./build.ts";
import { measure, report, type Results } from "./cpu.ts";
import { rooted, variantsNamed } from "./variants.ts";

export const usage = `deno task bench apps [options]
  --runs N            runs of each program in one guest (6)
  --repeat N          repetitions of all that (1)
  --only A,B          programs to run
  --variants A,B      of native, aot, jit
  --timeout SECONDS   for one guest (600)
  --json FILE         all figures
Programs that are not installed are left out: apt-get install gzip zstd xz-utils bzip2 sqlite3 lua5.4 python3 perl openssl jq gawk`;

const SOURCES = new URL("apps/", import.meta.url).pathname;

/** Inputs: words in lines, and records. */
const TEXT_LINES = 40000, SHORT_LINES = 10000, RECORDS = 12000;

interface Inputs {
  text: string;
  short: string;
  records: string;
}

/** Program (absolute) and arguments. */
const APPS: Record<string, (inputs: Inputs) => string[]> = {
  gzip: ({ text }) => ["/usr/bin/gzip", "-6", "-c", text],
  zstd: ({ text }) => ["/usr/bin/zstd", "-9", "-q", "-c", "--single-thread", text],
  xz: ({ short }) => ["/usr/bin/xz", "-2", "-T1", "-c", short],
  bzip2: ({ short }) => ["/usr/bin/bzip2", "-c", short],
  sqlite3: () => ["/usr/bin/sqlite3", ":memory:", `.read ${SOURCES}work.sql`],
  lua: () => ["/usr/bin/lua5.4", `${SOURCES}work.lua`],
  python3: () => ["/usr/bin/python3", "-S", `${SOURCES}work.py`],
  perl: () => ["/usr/bin/perl", `${SOURCES}work.pl`],
  openssl: ({ text }) => ["/usr/bin/openssl", "dgst", "-sha256", ...Array(10).fill(text)],
  jq: ({ records }) => ["/usr/bin/jq", "-c", "-f", `${SOURCES}work.jq`, records],
  gawk: ({ short }) => ["/usr/bin/gawk", "-f", `${SOURCES}work.awk`, short],
};

/** The same words on every machine. */
function words(lines: number): string {
  let state = 1;
  const random = (n: number) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >> 8) % n;
  };
  const letters = (n: number) => Array.from({ length: n }, () => String.fromCharCode(97 + random(26))).join("");
  const known = Array.from({ length: 3000 }, () => letters(2 + random(8)));
  return Array.from({ length: lines }, () => Array.from({ length: 12 }, () => known[random(3000)]).join(" ")).join(
    "\n",
  );
}

async function makeInputs(folder: string): Promise<Inputs> {
  const inputs = { text: join(folder, "text"), short: join(folder, "short"), records: join(folder, "records.json") };
  await Deno.writeTextFile(inputs.text, words(TEXT_LINES));
  await Deno.writeTextFile(inputs.short, words(SHORT_LINES));
  const records = Array.from({ length: RECORDS }, (_, id) => {
    return { id, name: `n${id * 7919 % 1000}`, tags: [`a${id % 7}`, "b"], v: id * 0.25 };
  });
  await Deno.writeTextFile(inputs.records, JSON.stringify(records));
  return inputs;
}

/** Runs the benchmark; the exit code. */
export async function main(args: string[]): Promise<number> {
  const { values: options } = parseArgs({
    args,
    options: {
      runs: { type: "string", default: "6" },
      repeat: { type: "string", default: "1" },
      only: { type: "string", default: "" },
      variants: { type: "string", default: "native,aot,jit" },
      timeout: { type: "string", default: "600" },
      json: { type: "string" },
    },
  });
  const folder = join(cacheFolder(), "apps");
  await Deno.mkdir(folder, { recursive: true });
  const repeat = join(folder, "repeat");
  await compile("c", join(SOURCES, "repeat.c"), repeat);
  const inputs = await makeInputs(folder);
  const only = options.only.split(",").filter(Boolean);
  const variants = variantsNamed(options.variants.split(",")).map(rooted);
  const results: Results = {};
  for (const [name, commandOf] of Object.entries(APPS)) {
    if (only.length > 0 && !only.includes(name)) continue;
    const command = commandOf(inputs);
    if (!await Deno.stat(command[0]).then(() => true, () => false)) {
      console.error(`${name}: no ${command[0]}`);
      continue;
    }
    const program = { path: repeat, args: [options.runs, ...command] };
    results[name] = await measure(program, variants, Number(options.repeat), Number(options.timeout) * 1000);
    console.error(`${name}: done`);
  }
  console.log(report(results, variants));
  if (options.json !== undefined) await Deno.writeTextFile(options.json, JSON.stringify(results, null, 1) + "\n");
  return Object.values(results).every((row) => Object.values(row).every(({ failure }) => failure === undefined))
    ? 0
    : 1;
}
