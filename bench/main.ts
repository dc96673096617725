/** `deno task bench <what> [options]`: one file a benchmark; `deno task bench --check`: the baseline. */
import * as all from "./all.ts";
import * as apps from "./apps.ts";
import * as baseline from "./baseline.ts";
import * as cpu from "./cpu.ts";
import * as profile from "./profile.ts";
import * as requests from "./requests.ts";
import * as size from "./size.ts";
import * as startup from "./startup.ts";
import * as translate from "./translate.ts";

/** A benchmark: its help and its run, which gives the exit code. */
interface Benchmark {
  readonly usage: string;
  main(args: string[]): Promise<number>;
}

const BENCHMARKS: Record<string, Benchmark> = { all, apps, cpu, profile, requests, size, startup, translate };

async function main([name, ...args]: string[]): Promise<number> {
  if (name === "--check" || name === "--record") return await baseline.main([name, ...args]);
  const benchmark = Object.hasOwn(BENCHMARKS, name ?? "") ? BENCHMARKS[name] : undefined;
  if (benchmark === undefined || args.includes("--help")) {
    console.error(
      (benchmark === undefined ? [...Object.values(BENCHMARKS), baseline] : [benchmark]).map((each) => each.usage).join(
        "\n\n",
      ),
    );
    return benchmark === undefined ? 2 : 0;
  }
  return await benchmark.main(args);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
