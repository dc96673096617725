/** The ways to run an x86-64 program that the benchmarks compare. */
import { basename, dirname } from "node:path";

const CLI = new URL("../src/cli/main.ts", import.meta.url).pathname;

/** One way to run a program. */
export interface Variant {
  name: string;
  /** Command line for a program with arguments. */
  command(path: string, args: readonly string[]): string[];
  /** Debian package that brings what it needs. */
  needs?: string;
}

function lighter(engine: string): Variant {
  return {
    name: engine,
    command: (path, args) => [
      ...["deno", "run", "-A", CLI, "exec", "--engine", engine, "--rootfs", dirname(path)],
      ...[`/${basename(path)}`, ...args],
    ],
  };
}

/** The same with the machine's whole root file system, for programs that are not static. */
export function rooted(variant: Variant): Variant {
  return {
    ...variant,
    command: (path, args) => {
      const command = variant.command(path, args), at = command.indexOf("--rootfs");
      return at < 0 ? command : [...command.slice(0, at + 1), "/", path, ...args];
    },
  };
}

export const VARIANTS: readonly Variant[] = [
  { name: "native", command: (path, args) => [path, ...args] },
  { name: "qemu", command: (path, args) => ["qemu-x86_64-static", path, ...args], needs: "qemu-user-static" },
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

/** What one run showed. */
export interface Run {
  stdout: string;
  /** Nanoseconds of each round, as the program printed them. */
  rounds: number[];
  /** From spawn to exit. */
  wallMs: number;
  /** Why the run does not count. */
  failure?: string;
}

/** Runs a program once. */
export async function runOnce(
  variant: Variant,
  path: string,
  args: readonly string[],
  timeoutMs: number,
): Promise<Run> {
  const [program, ...rest] = variant.command(path, args);
  const start = performance.now();
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  const done = await new Deno.Command(program, { args: rest, signal: abort.signal }).output().catch(() => undefined);
  clearTimeout(timer);
  const wallMs = performance.now() - start;
  if (done === undefined) {
    const hint = variant.needs === undefined ? "" : `; apt-get install ${variant.needs}`;
    return { stdout: "", rounds: [], wallMs, failure: `cannot run ${program}${hint}` };
  }
  const stderr = new TextDecoder().decode(done.stderr);
  const rounds = stderr.split("\n").filter((line) => /^\d+$/.test(line)).map(Number);
  const run: Run = { stdout: new TextDecoder().decode(done.stdout), rounds, wallMs };
  if (abort.signal.aborted) return { ...run, failure: "timed out" };
  if (!done.success) return { ...run, failure: `exit code ${done.code}: ${complaintOf(stderr)}` };
  return run;
}

/** The line of standard error that says what went wrong: the first that speaks of an error, else the last. */
function complaintOf(stderr: string): string {
  const lines = stderr.trimEnd().split("\n");
  return lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? "";
}
