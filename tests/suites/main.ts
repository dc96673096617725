/** Standard test suites, natively and under `exec`, compared test by test. */
import { table } from "../../bench/statistics.ts";
import { UsageError } from "../../src/cli/usage.ts";
import { runTask, taskOptions } from "../support/task_options.ts";
import { compare, type Comparison } from "./compare.ts";
import { goSuite } from "./go.ts";
import { pythonSuite } from "./python.ts";
import { runSession } from "./session.ts";
import { nativeLauncher, type Suite, translatedLauncher } from "./suite.ts";

const SUITES: readonly Suite[] = [pythonSuite, goSuite];

const USAGE = `deno task suites [python|go] [NAMES] [options]

  --engine NAME      jit, aot or interpret (jit)
  --silence SECONDS  a program that prints nothing for so long hangs (300)
  --limit SECONDS    for a program, restarts included (3600)
  --json FILE        results with the details of each difference

Without a suite both are run, without names all programs of one. Needs a Debian machine: installs what is missing
(python3 and its tests, Go). Go's test programs are kept in $LIGHTER_CACHE or ~/.cache/lighter. Tests that do not pass
natively are left out. Exit code 0 if there is no difference.`;

const { values: options, positionals } = taskOptions(USAGE, {
  allowPositionals: true,
  options: {
    engine: { type: "string", default: "jit" },
    silence: { type: "string", default: "300" },
    limit: { type: "string", default: "3600" },
    json: { type: "string" },
  },
});

/** The suites and their programs that the command line names. */
function wanted(): { suite: Suite; names: readonly string[] }[] {
  if (positionals.length === 0) return SUITES.map((suite) => ({ suite, names: suite.programs }));
  const [name, ...names] = positionals;
  const suite = SUITES.find((known) => known.name === name);
  if (suite === undefined) throw new UsageError(`unknown suite ${JSON.stringify(name)}: wanted python or go`);
  return [{ suite, names: names.length > 0 ? names : suite.programs }];
}

async function runProgram(suite: Suite, name: string): Promise<Comparison> {
  const limits = { silenceMs: Number(options.silence) * 1000, totalMs: Number(options.limit) * 1000 };
  const native = await runSession(suite.program(name, nativeLauncher), limits);
  const ours = await runSession(suite.program(name, translatedLauncher(options.engine)), limits);
  const row = compare(name, native, ours);
  console.log(`${name}: ${row.passed}/${row.native} (${row.leftOut} left out)`);
  for (const { test, outcome, detail } of row.differences) {
    console.log(`  ${outcome} ${test}: ${lastLine(detail)}`);
  }
  return row;
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}

async function main(): Promise<number> {
  const rows: Comparison[] = [];
  for (const { suite, names } of wanted()) {
    await suite.prepare(names);
    for (const name of names) rows.push(await runProgram(suite, name));
  }
  console.log(table([
    ["program", "passes", "natively passing", "left out"],
    ...rows.map((row) => [row.program, row.passed, row.native, row.leftOut].map(String)),
  ]));
  if (options.json !== undefined) {
    await Deno.writeTextFile(options.json, JSON.stringify({ engine: options.engine, rows }, null, 1) + "\n");
  }
  return rows.every((row) => row.differences.length === 0) ? 0 : 1;
}

await runTask(main);
