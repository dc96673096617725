/**
 * runner ENGINE ROOTFS PREPARED RUNS ENV PROGRAM [ARGUMENT...]: a process of its own that runs a program RUNS times, each time
 * in a new guest on the same compiled modules, and prints what that took as one line of JSON.
 *
 * CPU time is that of all threads of this process, so what V8 compiles in the background is in it; the time of the thread that
 * runs the guest stands beside it.
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { setV8Flags } from "../adapters/node/v8_flags.ts";
import { type EngineName, jitMachine } from "../src/cli/engines.ts";
import { openHostDirectory } from "../src/cli/host_directory.ts";
import { WasmMachine } from "../src/machine/wasm_machine.ts";
import { checksumOf, runGuest } from "./guest_program.ts";
import { loadPrepared } from "./prepared.ts";

/** Of one run of the program; nanoseconds. */
export interface RunFigures {
  cpuNs: number;
  /** Of the thread that runs the guest. */
  mainNs: number;
  wallNs: number;
  checksum: string;
}

/** What the runner prints. */
export interface RunnerFigures {
  /** From the start of the process until the first guest, and what of it is compiled modules (loading, validation). */
  startupNs: number;
  loadNs: number;
  runs: RunFigures[];
  /** Regions that were not translated ahead. */
  misses: number;
  /** Highest resident memory. */
  rssBytes: number;
}

const cpuNs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
};
/** proc(5): time on a processor comes first. */
const mainNs = () => Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[0]);

function main([engine, rootfs, prepared, runs, env, ...argv]: string[]): RunnerFigures {
  const before = cpuNs();
  setV8Flags();
  const tree = openHostDirectory(rootfs);
  const { shared, places } = engine as EngineName === "aot"
    ? loadPrepared(prepared, tree)
    : { shared: jitMachine(() => {}, tree).shared, places: undefined };
  const startupNs = cpuNs();
  const figures: RunFigures[] = [];
  for (let i = 0; i < Number(runs); i++) {
    const cpu = cpuNs(), own = mainNs(), start = performance.now();
    const run = runGuest({ argv, env: env.split("\n").filter(Boolean) }, tree, new WasmMachine(shared), places);
    const used = { cpuNs: cpuNs() - cpu, mainNs: mainNs() - own, wallNs: (performance.now() - start) * 1e6 };
    if (run.exitCode !== 0) throw new Error(`exit code ${run.exitCode}: ${run.stderr}`);
    figures.push({ ...used, checksum: checksumOf(run.stdout) });
  }
  const misses = [...shared.library.programs.values()].reduce((n, record) => n + record.misses.size, 0);
  const rssBytes = Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))![1]) * 1024;
  return { startupNs, loadNs: startupNs - before, runs: figures, misses, rssBytes };
}

console.log(JSON.stringify(main(process.argv.slice(2))));
