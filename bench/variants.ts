/** The ways to run an x86-64 program that the benchmarks compare. */
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import * as esbuild from "esbuild";
import { findNode } from "../tests/support/node_binary.ts";
import { cacheFolder, compile } from "./build.ts";
import type { GuestProgram } from "./guest_program.ts";
import { prepare } from "./prepared.ts";
import type { RunFigures, RunnerFigures } from "./runner.ts";

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
  /** Command line that runs a program `count` times; `flags` are V8's. */
  command(program: Program, count: number, flags?: readonly string[]): string[];
  parse(stdout: string): Run;
  /** Runs are alike: nothing is kept from one to the next. */
  isAlwaysCold?: boolean;
  /** Debian package that brings what it needs. */
  needs?: string;
}

const repeatPath = () => join(cacheFolder(), "repeat");

const runnerPath = () => join(cacheFolder(), "runner.mjs");

/** Builds what the variants need: the runner as one file, for every host alike. */
export async function prepareVariants(): Promise<void> {
  await Deno.mkdir(cacheFolder(), { recursive: true });
  await compile(REPEAT, repeatPath());
  await esbuild.build({
    absWorkingDir: fileURLToPath(new URL("../", import.meta.url)),
    entryPoints: ["bench/runner.ts"],
    outfile: runnerPath(),
    bundle: true,
    format: "esm",
    platform: "node",
    external: ["node:*"],
    target: "es2023",
    logLevel: "silent",
  });
  await esbuild.stop();
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

/** How a host is started, but for the script and its arguments. */
function hostCommand(host: "node" | "deno", flags: readonly string[]): string[] {
  if (host === "node") return [node ??= findNode() ?? "node", ...flags];
  const v8 = flags.length === 0 ? [] : [`--v8-flags=${flags.join(",")}`];
  return [Deno.execPath(), "run", "-A", "--no-check", ...v8];
}

let node: string | undefined;

function lighter(name: string, engine: "aot" | "jit", host: "node" | "deno"): Variant {
  const prepared = (program: Program) => engine === "aot" ? prepare(program.name, program) : "-";
  return {
    name,
    prepare: (program) => void prepared(program),
    command: (program, count, flags = []) => [
      ...[...hostCommand(host, flags), runnerPath(), engine, "/", prepared(program), `${count}`],
      ...[program.env.join("\n"), ...program.argv],
    ],
    parse: (stdout) => JSON.parse(stdout) as RunnerFigures,
  };
}

export const VARIANTS: readonly Variant[] = [
  processes("native", []),
  processes("qemu", ["/usr/bin/qemu-x86_64-static"], { needs: "qemu-user-static" }),
  lighter("aot", "aot", "node"),
  lighter("deno", "aot", "deno"),
  lighter("jit", "jit", "node"),
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
