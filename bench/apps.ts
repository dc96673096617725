/** Real programs: Debian's compressors, interpreters and tools, dynamically linked, and one in Go and one in Rust. */
import { join } from "node:path";
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { cacheFolder, compile } from "./build.ts";
import { chosenVariants, hasFailures, MEASURE_OPTIONS, MEASURE_USAGE, measureAll, report } from "./measure.ts";
import type { Program } from "./variants.ts";

export const usage = `deno task bench apps [options]
${MEASURE_USAGE}
Programs that are not installed are left out: apt-get install gzip zstd xz-utils bzip2 sqlite3 lua5.4 python3 perl openssl jq gawk`;

const SOURCES = new URL("apps/", import.meta.url).pathname;

/** Inputs: words in lines, and records. */
const TEXT_LINES = 40000, SHORT_LINES = 10000, RECORDS = 80000;

interface Inputs {
  text: string;
  short: string;
  records: string;
  /** Executables of work.go and work.rs. */
  go: string;
  rust: string;
}

/** The processor of x86-64-v2, as OpenSSL takes it: none of AVX, AES, PCLMULQDQ, FMA, nor anything of CPUID's leaf 7. */
const OPENSSL_V2 = "OPENSSL_ia32cap=~0x1e00100200000000:0";

const times = (n: number, file: string): string[] => Array(n).fill(file);

/** Program (absolute) and arguments, about a second of work; and what is added to the environment. */
const APPS: Record<string, [argv: (inputs: Inputs) => string[], env?: string[]]> = {
  zstd: [({ text }) => ["/usr/bin/zstd", "-9", "-q", "-c", "--single-thread", ...times(8, text)]],
  gzip: [({ text }) => ["/usr/bin/gzip", "-6", "-c", ...times(10, text)]],
  xz: [({ short }) => ["/usr/bin/xz", "-2", "-T1", "-c", ...times(6, short)]],
  bzip2: [({ short }) => ["/usr/bin/bzip2", "-c", ...times(14, short)]],
  sqlite3: [() => ["/usr/bin/sqlite3", ":memory:", `.read ${SOURCES}work.sql`]],
  lua: [() => ["/usr/bin/lua5.4", `${SOURCES}work.lua`]],
  python3: [() => ["/usr/bin/python3", "-S", `${SOURCES}work.py`]],
  perl: [() => ["/usr/bin/perl", `${SOURCES}work.pl`]],
  // Natively with the processor's own SHA instructions, which x86-64-v2 does not have; then without.
  openssl: [({ text }) => ["/usr/bin/openssl", "dgst", "-sha256", ...times(80, text)]],
  "openssl-v2": [({ text }) => ["/usr/bin/openssl", "dgst", "-sha256", ...times(80, text)], [OPENSSL_V2]],
  jq: [({ records }) => ["/usr/bin/jq", "-c", "-f", `${SOURCES}work.jq`, records]],
  gawk: [({ short }) => ["/usr/bin/gawk", "-f", `${SOURCES}work.awk`, ...times(20, short)]],
  go: [({ go }) => [go]],
  rust: [({ rust }) => [rust]],
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
  const inputs = {
    text: join(folder, "text"),
    short: join(folder, "short"),
    records: join(folder, "records.json"),
    go: join(folder, "go"),
    rust: join(folder, "rust"),
  };
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(inputs.text, words(TEXT_LINES));
  await Deno.writeTextFile(inputs.short, words(SHORT_LINES));
  const records = Array.from({ length: RECORDS }, (_, id) => {
    return { id, name: `n${id * 7919 % 1000}`, tags: [`a${id % 7}`, "b"], v: id * 0.25 };
  });
  await Deno.writeTextFile(inputs.records, JSON.stringify(records));
  const missing = (e: Error) => console.error(e.message);
  await compile(join(SOURCES, "work.go"), inputs.go).catch(missing);
  await compile(join(SOURCES, "work.rs"), inputs.rust).catch(missing);
  return inputs;
}

/** The programs that are there, with their inputs made. */
export async function appPrograms(): Promise<Program[]> {
  const inputs = await makeInputs(join(cacheFolder(), "apps"));
  return Object.entries(APPS).flatMap(([name, [argvOf, env = []]]) => {
    const argv = argvOf(inputs);
    if (existsSync(argv[0])) return [{ name, argv, env }];
    console.error(`${name}: no ${argv[0]}`);
    return [];
  });
}

/** Runs the benchmark; the exit code. */
export async function main(args: string[]): Promise<number> {
  const { values: options } = parseArgs({ args, options: MEASURE_OPTIONS });
  const results = await measureAll(await appPrograms(), options);
  console.log(report(results, chosenVariants(options)));
  if (options.json !== undefined) await Deno.writeTextFile(options.json, JSON.stringify(results, null, 1) + "\n");
  return hasFailures(results) ? 1 : 0;
}
