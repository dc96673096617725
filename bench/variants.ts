/** The ways to run an x86-64 program that the benchmarks compare. */
import { join } from "node:path";
import { cacheFolder, compile } from "./build.ts";
import type { GuestProgram } from "./guest_program.ts";
import { prepare } from "./prepared.ts";
import type { RunFigures, RunnerFigures } from "./runner.ts";

const RUNNER = new URL("runner.ts", import.meta.url).pathname;
const REPEAT = new URL("apps/repeat.c", import.meta.url).pathname;

/** A program to measure; argv[0] is its absolute path. */
export interface Program extends GuestProgram {
  name: string;
}

/** What one process of a variant showed. */
export interface Run {
  runs: RunFigures[];
  /** Of Lighter's variants only. */
  startupNs?: number;
  loadNs?: number;
  misses?: number;
  rssBytes?: number;
  /** Why it does not count. */
  failure?: string;
}

/** One way to run a program. */
export interface Variant {
  name: string;
  /** What has to be done before; its time does not count. */
  prepare?(program: Program): void;
  /** Command line that runs a program `count` times. */
  command(program: Program, count: number): string[];
  parse(stdout: string): Run;
  /** Runs are alike: nothing is kept from one to the next. */
  isAlwaysCold?: boolean;
  /** Debian package that brings what it needs. */
  needs?: string;
}

const repeatPath = () => join(cacheFolder(), "repeat");

/** Builds what the variants need. */
export async function prepareVariants(): Promise<void> {
  await Deno.mkdir(cacheFolder(), { recursive: true });
  await compile(REPEAT, repeatPath());
}

/** A new process each time, by apps/repeat.c: CPU time as the kernel counts it. */
function processes(name: string, emulator: string[], more: Partial<Variant> = {}): Variant {
  return {
    name,
    isAlwaysCold: true,
    command: ({ argv }, count) => [repeatPath(), `${count}`, ...emulator, ...argv],
    parse: (stdout) => ({
      runs: stdout.trim().split("\n").map((line) => {
        const [cpu, wall, checksum] = line.split(" ");
        return { cpuNs: Number(cpu), mainNs: Number(cpu), wallNs: Number(wall), checksum };
      }),
    }),
    ...more,
  };
}

function lighter(engine: "aot" | "jit"): Variant {
  const prepared = (program: Program) => engine === "aot" ? prepare(program.name, program) : "-";
  return {
    name: engine,
    prepare: (program) => void prepared(program),
    command: (program, count) => [
      ...[Deno.execPath(), "run", "-A", "--no-check", ...v8Flags(), RUNNER, engine, "/", prepared(program), `${count}`],
      ...[program.env.join("\n"), ...program.argv],
    ],
    parse: (stdout) => JSON.parse(stdout) as RunnerFigures,
  };
}

/** For experiments: flags of V8 in $LIGHTER_BENCH_V8. */
function v8Flags(): string[] {
  const flags = Deno.env.get("LIGHTER_BENCH_V8");
  return flags === undefined ? [] : [`--v8-flags=${flags}`];
}

export const VARIANTS: readonly Variant[] = [
  processes("native", []),
  processes("qemu", ["/usr/bin/qemu-x86_64-static"], { needs: "qemu-user-static" }),
  lighter("aot"),
  lighter("jit"),
];

/** The variants by name. */
export function variantsNamed(names: readonly string[]): Variant[] {
  return names.map((name) => {
    const variant = VARIANTS.find((known) => known.name === name);
    if (variant === undefined) {
      throw new Error(`unknown variant ${JSON.stringify(name)}: wanted ${VARIANTS.map((v) => v.name)}`);
    }
    return variant;
  });
}

/** Runs a program `count` times in one process of a variant (native and qemu: in as many). */
export async function runOnce(variant: Variant, program: Program, count: number, timeoutMs: number): Promise<Run> {
  const [command, ...args] = variant.command(program, count);
  const env = Object.fromEntries(program.env.map((e) => [e.slice(0, e.indexOf("=")), e.slice(e.indexOf("=") + 1)]));
  const signal = AbortSignal.timeout(timeoutMs);
  const done = await new Deno.Command(command, { args, signal, env }).output().catch(() => undefined);
  if (done === undefined || done.code === 127) {
    const hint = variant.needs === undefined ? "" : `; apt-get install ${variant.needs}`;
    return { runs: [], failure: `cannot run ${command}${hint}` };
  }
  if (signal.aborted) return { runs: [], failure: "timed out" };
  const stderr = new TextDecoder().decode(done.stderr);
  if (!done.success) return { runs: [], failure: `exit code ${done.code}: ${complaintOf(stderr)}` };
  return variant.parse(new TextDecoder().decode(done.stdout));
}

/** The line of standard error that says what went wrong: the first that speaks of an error, else the last. */
function complaintOf(stderr: string): string {
  const lines = stderr.trimEnd().split("\n");
  return lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? "";
}
