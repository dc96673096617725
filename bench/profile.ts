/**
 * Where the CPU time of a program goes: perf's samples of one process of the runner, by function of the guest, by V8's tier, and
 * by who else it is.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { appPrograms } from "./apps.ts";
import { cpuPrograms } from "./cpu.ts";
import { table } from "./statistics.ts";
import { prepareVariants, variantsNamed } from "./variants.ts";

export const usage = `deno task bench profile PROGRAM [options]
  --runs N            runs of the program in one process (3)
  --top N             functions to show (25)
  --variant NAME      of aot, deno, jit (aot)
PROGRAM is one of the benchmarks cpu and apps. Needs perf (apt-get install linux-perf).`;

/** Runs it; the exit code. */
export async function main(args: string[]): Promise<number> {
  const { values, positionals: [name] } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      runs: { type: "string", default: "3" },
      top: { type: "string", default: "25" },
      variant: { type: "string", default: "aot" },
    },
  });
  const program = [...await appPrograms(), ...await cpuPrograms()].find((p) => p.name === name);
  if (program === undefined) throw new Error(`no program ${JSON.stringify(name)}: wanted one of cpu or apps`);
  const [variant] = variantsNamed([values.variant]);
  variant.prepare?.(program);
  await prepareVariants();
  const command = variant.command(program, Number(values.runs), ["--perf-basic-prof"]);
  const folder = mkdtempSync(join(tmpdir(), "lighter-bench-")), data = join(folder, "perf.data");
  try {
    await perf(["record", "-q", "-F", "997", "-o", data, "--", ...command]);
    console.log(summary(await perf(["script", "-i", data, "-F", "comm,ip,sym,dso"]), Number(values.top)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return 0;
}

async function perf(args: string[]): Promise<string> {
  const perf = new Deno.Command("perf", { args, env: { LIGHTER_BENCH_NAMES: "1" }, stderr: "piped" });
  const done = await perf.output().catch((cause) => {
    throw new Error("perf is missing: apt-get install linux-perf", { cause });
  });
  if (!done.success) throw new Error(`perf ${args[0]}: ${new TextDecoder().decode(done.stderr).slice(-2000)}`);
  return new TextDecoder().decode(done.stdout);
}

/** What a sample belongs to. */
function classOf(thread: string, symbol: string, file: string): string {
  if (thread.startsWith("V8")) return "V8 compiling and collecting in the background";
  if (/^JS:.*-turbofan$/.test(symbol)) return "compiled code, TurboFan";
  if (/^JS:.*-liftoff$/.test(symbol)) return "compiled code, Liftoff";
  if (/^JS:/.test(symbol)) return "JavaScript: kernel and helpers";
  if (/kernel/.test(file)) return "the host's kernel";
  return "V8 and Deno on the guest's thread";
}

/** Lines of perf script: thread, address, symbol, (file). */
function summary(script: string, top: number): string {
  const classes = new Map<string, number>(), functions = new Map<string, number>();
  const count = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1);
  let samples = 0;
  for (const line of script.split("\n")) {
    const match = /^\s*(.+?)\s+[0-9a-f]+ (.*) \(([^()]*)\)$/.exec(line);
    if (match === null) continue;
    const [, thread, symbol, file] = match;
    samples++;
    const kind = classOf(thread, symbol, file);
    count(classes, kind);
    if (symbol.startsWith("JS:")) {
      count(functions, symbol.slice(3).replace(/ file:.*\/(src|bench)\//, " ").slice(0, 90));
    }
  }
  const rows = (map: Map<string, number>) => [...map].sort((a, b) => b[1] - a[1]);
  const percent = (n: number) => `${(100 * n / samples).toFixed(1)} %`;
  return `${table([["", `of ${samples} samples`], ...rows(classes).map(([name, n]) => [name, percent(n)])])}\n\n${
    table([["function", ""], ...rows(functions).slice(0, top).map(([name, n]) => [name, percent(n)])])
  }`;
}
