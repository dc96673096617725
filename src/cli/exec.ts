/** `exec`: one Linux program of a root file system, run to its end in the sandbox. */
import { createGuest, type GuestOptions } from "../boot/guest.ts";
import { bug, TranslatorError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import type { ConsoleSink } from "../kernel/fs/console.ts";
import { SIGILL } from "../kernel/abi/signal.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { UnsupportedSink } from "../lift/lift.ts";
import { Tracer } from "../kernel/syscalls/trace.ts";
import type { FileDescription } from "../kernel/vfs/file_description.ts";
import { type CpuLevel, DEFAULT_CPU_LEVEL } from "../machine/cpu_level.ts";
import type { Machine } from "../machine/machine.ts";
import { WasmMachine } from "../machine/wasm_machine.ts";
import type { Tree } from "../rootfs/tree.ts";
import { type FileTranslator, OwnThreadTranslator } from "../translate/file_task.ts";
import { print } from "../x86/print.ts";
import { aotMachine, bootMachine, ENGINE_NAMES, type EngineName, interpreterMachine, jitMachine } from "./engines.ts";
import { parseCpuLevel } from "./cpu_option.ts";
import { HostInput, HostOutput } from "./exec_streams.ts";
import { openHostDirectory } from "./host_directory.ts";
import { NodeHost } from "./node_host.ts";
import { CachedTranslator } from "./translation_cache.ts";
import { parseCommandLine, parseEnvironment, UsageError } from "./usage.ts";

const HELP = `Usage: deno task exec [options] PROGRAM [ARGUMENT...]

Runs one x86-64 Linux program of a root file system to its end. Files it changes are changed in memory only.

  --rootfs DIR      the root file system (default /); never written
  --engine ENGINE   jit: compile what is reached (default); aot: translate the whole program first;
                    boot: translate its functions as they are reached, as while an image boots; interpret: no compiling
  --cpu LEVEL       the processor the program is shown: x86-64-v2 (default) or x86-64-v3
  --env NAME=VALUE  an environment variable; may be repeated (default: PATH and HOME only)
  --no-cache        aot: translate everything, and keep nothing for the next time (in $LIGHTER_CACHE, or ~/.cache/lighter)
  --cwd DIR         working directory inside the root (default /)
  --trace           write every system call to standard error
  --stats           write counts to standard error at the end
  --help            this text

Exit code: the program's; 128 + n if it was killed by signal n; 125 if it could not be started.`;

const OPTIONS = {
  rootfs: { type: "string", default: "/" },
  engine: { type: "string", default: "jit" },
  cpu: { type: "string", default: DEFAULT_CPU_LEVEL },
  env: { type: "string", multiple: true },
  "no-cache": { type: "boolean", default: false },
  cwd: { type: "string", default: "/" },
  trace: { type: "boolean", default: false },
  stats: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** Options end at the program's name, so that its own options need no `--`. */
function splitArguments(args: string[]): { own: string[]; program: string[] } {
  let i = 0;
  for (; i < args.length; i++) {
    if (args[i] === "--") return { own: args.slice(0, i), program: args.slice(i + 1) };
    if (!args[i].startsWith("-")) break;
    const name = args[i].slice(2);
    if (name in OPTIONS && OPTIONS[name as keyof typeof OPTIONS].type === "string") i++;
  }
  return { own: args.slice(0, i), program: args.slice(i) };
}

export function execCommand(args: string[]): number {
  const { own, program } = splitArguments(args);
  const { values } = parseCommandLine({ args: own, options: OPTIONS, allowPositionals: false });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (program.length === 0) throw new UsageError("no program given");
  const engine = values.engine as EngineName;
  if (!ENGINE_NAMES.includes(engine)) throw new UsageError(`unknown engine ${JSON.stringify(values.engine)}`);
  const cpuLevel = parseCpuLevel(values.cpu);
  const added = parseEnvironment(values.env ?? []);
  const env = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"]
    .filter((e) => !added.some((v) => v.startsWith(e.slice(0, e.indexOf("=") + 1))));
  const host = new NodeHost();
  return runProgram({
    tree: openHostDirectory(values.rootfs),
    argv: program,
    env: [...env, ...added],
    cwd: values.cwd,
    engine,
    cpuLevel,
    ...(values["no-cache"] || engine !== "aot" ? {} : { translator: new CachedTranslator(new OwnThreadTranslator()) }),
    host,
    console: new HostOutput(),
    stdin: new HostInput(),
    trace: values.trace ? (line) => host.log(0, line) : null,
    stats: values.stats ? (line) => host.log(0, line) : null,
  });
}

export interface RunOptions {
  tree: Tree;
  argv: string[];
  env: string[];
  cwd: string;
  engine: EngineName;
  cpuLevel?: CpuLevel;
  /** For the engine aot; by default everything is translated anew. */
  translator?: FileTranslator;
  host: Host;
  console: ConsoleSink;
  stdin?: FileDescription;
  trace?: ((line: string) => void) | null;
  stats?: ((line: string) => void) | null;
  /** Gives up (exit code 124) when the program has used this much time. */
  timeoutMs?: number;
}

/** Runs a program to its end; returns its exit code as a shell would show it. */
export function runProgram(options: RunOptions): number {
  const { host } = options;
  const told = new Set<string>();
  const ofHigherLevel = new Set<string>();
  const onUnsupported: UnsupportedSink = (insn, isHigher) => {
    const key = insn.row.mnemonic;
    if (isHigher) ofHigherLevel.add(key);
    if (isHigher || told.has(key)) return;
    told.add(key);
    host.log(0, `lighter: unsupported instruction at 0x${insn.pc.toString(16)}: ${print(insn)}`);
  };
  const machine = engineMachine(options, onUnsupported);
  const { tree, argv, env, cwd } = options;
  const k = startOrReport({
    tree,
    argv,
    env,
    cwd,
    uid: 0,
    gid: 0,
    groups: [],
    host,
    machine,
    console: options.console,
    ...(options.cpuLevel === undefined ? {} : { cpuLevel: options.cpuLevel }),
    ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
  }, host);
  if (k === null) return NOT_STARTED;
  if (options.stdin instanceof HostInput) options.stdin.showKind(k);
  if (options.trace) k.tracer = new Tracer(options.trace);
  const code = runToEnd(k, options.timeoutMs ?? Infinity);
  if (options.stats && machine instanceof WasmMachine) {
    for (const [pc, { count }] of machine.misses) {
      options.stats(`lighter: no code at 0x${pc.toString(16)} (${count} times)`);
    }
  }
  if (code === 128 + SIGILL && ofHigherLevel.size > 0) {
    host.log(0, `lighter: instructions that --cpu x86-64-v3 has: ${[...ofHigherLevel].join(", ")}`);
  }
  for (const [number, count] of k.unimplemented) {
    host.log(0, `lighter: system call ${number} is not implemented (asked for ${count} times)`);
  }
  return code;
}

/** Exit code of a program that could not be started, as env(1) and docker run use it. */
const NOT_STARTED = 125;

/** The guest, or null with the reason on the log. */
function startOrReport(options: GuestOptions, host: Host): Kernel | null {
  try {
    return createGuest(options);
  } catch (e) {
    if (!(e instanceof TranslatorError) || e.kind === "bug") throw e;
    host.log(0, `lighter exec: ${e.message}`);
    return null;
  }
}

function engineMachine(
  { engine, tree, translator, cpuLevel = DEFAULT_CPU_LEVEL }: RunOptions,
  onUnsupported: UnsupportedSink,
): Machine {
  switch (engine) {
    case "boot":
      return bootMachine(tree, cpuLevel, onUnsupported);
    case "interpret":
      return interpreterMachine(onUnsupported);
    case "jit":
      return jitMachine(onUnsupported, tree);
    case "aot":
      return aotMachine(tree, onUnsupported, translator);
  }
}

/** Drives the kernel until the first process has ended, sleeping where every task waits for a time. */
export function runToEnd(k: Kernel, timeoutMs: number): number {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const endNs = k.host.monotonicNs() + timeoutMs * 1e6;
  for (;;) {
    const outcome = k.run(timeoutMs === Infinity ? Infinity : 50e6);
    if (outcome === "exited") return exitCode(k.exitStatus!);
    const now = k.host.monotonicNs();
    if (now >= endNs) return 124;
    if (outcome === "busy") continue;
    const deadline = k.nextDeadlineNs();
    if (deadline === Infinity && timeoutMs === Infinity) throw bug("every task waits, and nothing can wake them");
    const waitMs = (Math.min(deadline, endNs) - now) / 1e6;
    if (waitMs > 0) Atomics.wait(sleeper, 0, 0, waitMs);
  }
}

/** A wait(2) status as a shell's exit code. */
function exitCode(status: number): number {
  const signal = status & 0x7f;
  return signal === 0 ? (status >> 8) & 0xff : 128 + signal;
}
