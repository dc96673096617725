/**
 * Training on a copy: the frozen server answers requests in a guest restored from its own snapshot, which is then thrown away.
 * What is wanted of it is the profile: the addresses at which code is entered when the server goes on from the snapshot (return
 * sites above the blocked accept, children after fork), which no look at the code alone can tell; and what of the code is run at all.
 * So it is much like what will be: the clock has jumped, clients have addresses, and connections are kept, or not.
 */
import type { Kernel } from "../kernel/kernel.ts";
import { Tracer } from "../kernel/syscalls/trace.ts";
import { BodyPool } from "../machine/body_pool.ts";
import type { CodeLibrary, ProgramRecord } from "../machine/code_cache.ts";
import { CodePlaces } from "../kernel/memory/code_places.ts";
import type { CpuLevel } from "../machine/cpu_level.ts";
import { type LazyCompiler, type MissInterpreter, WasmMachine, type WasmShared } from "../machine/wasm_machine.ts";
import type { Tree } from "../rootfs/tree.ts";
import { SavedGuest, type Snapshot } from "../snapshot/snapshot.ts";
import type { BootHost } from "./boot_host.ts";
import { createGuest } from "./guest.ts";
import { letTimePass, type WarmRequest, warmUp } from "./warm.ts";

export interface TrainingOptions {
  snapshot: Snapshot;
  tree: Tree;
  host: BootHost;
  /** Of a guest that has run nothing yet; and what compiles or interprets what is reached and has no code there. */
  library: CodeLibrary;
  compilerFor: (library: CodeLibrary) => LazyCompiler;
  interpreter: MissInterpreter | null;
  /** Asked twice: with a connection for each, as on Workers, and with connections that are kept. */
  requests: readonly WarmRequest[];
  /** Where they go. */
  port: number;
  /** Programs that scripts of the image need. */
  interpreters: readonly string[];
  cpuLevel?: CpuLevel;
  /** Real time in milliseconds, but for what is waited for translations. */
  now: () => number;
  /** Bound on what a request may compute, in that time. */
  requestMs: number;
  /** Told of every system call, as strace shows it. */
  onSyscall?: (line: string) => void;
}

export interface Training {
  /** What ran, by program key. */
  programs: ReadonlyMap<string, ProgramRecord>;
  /** Where files of the image were mapped that the frozen guest had not mapped yet. */
  places: CodePlaces;
}

/** A server that fails under training still gives a profile. */
export async function trainOnCopy(options: TrainingOptions): Promise<Training> {
  const places = new CodePlaces();
  const { host, interpreter, library } = options;
  const shared: WasmShared = { library, compiler: options.compilerFor(library), interpreter, pool: new BodyPool() };
  let kernel: Kernel | undefined;
  try {
    for (const keepAlive of [false, true]) {
      // A server that ends is begun anew for the next request, as it will be.
      if (kernel === undefined || kernel.exitStatus !== null) {
        if (kernel !== undefined) places.addAll(kernel.codePlaces);
        kernel = restored(shared, options, places);
      }
      await warmUp(kernel, host, options.requests, { ...options, keepAlive, clientAddress: CLIENT_ADDRESS });
    }
    letTimePass(kernel!, host, IDLE_NS, options.now, options.requestMs);
  } catch (e) {
    host.log(0, `the training requests ended early: ${(e as Error).message}`);
  }
  // What was loaded before the end has a place all the same.
  if (kernel !== undefined) places.addAll(kernel.codePlaces);
  for (const path of options.interpreters) {
    if (!library.programs.has(path)) runInterpreter(path, places, shared, options);
  }
  return { programs: library.programs, places };
}

/** An address for documentation (RFC 5737). */
const CLIENT_ADDRESS = "192.0.2.1";

/** Guest time in which the server's timers go off when all is done, and idle connections become too old. */
const IDLE_NS = 180e9;

function restored(shared: WasmShared, options: TrainingOptions, places: CodePlaces): Kernel {
  const { tree, host, snapshot, onSyscall } = options;
  const kernel = new SavedGuest(snapshot).restore({
    tree,
    host,
    console: { write() {} },
    newMachine: (bytes, key) => new WasmMachine(shared, bytes, key),
  });
  kernel.codePlaces.addAll(places);
  if (onSyscall !== undefined) kernel.tracer = new Tracer(onSyscall);
  return kernel;
}

/** Real time that an interpreter may run. */
const INTERPRETER_MS = 5000;

/** Runs a program with empty input in a container of its own: what an interpreter of scripts loads when it starts. */
function runInterpreter(path: string, places: CodePlaces, shared: WasmShared, options: TrainingOptions): void {
  const { tree, host, now } = options;
  try {
    const k = createGuest({
      tree,
      argv: [path],
      env: [],
      cwd: "/",
      uid: 0,
      gid: 0,
      groups: [],
      host,
      machine: new WasmMachine(shared),
      console: { write() {} },
      codePlaces: places,
      ...(options.cpuLevel === undefined ? {} : { cpuLevel: options.cpuLevel }),
    });
    const giveUpMs = now() + INTERPRETER_MS;
    while (k.run(SLICE_NS) === "busy" && now() < giveUpMs);
    places.addAll(k.codePlaces);
  } catch (e) {
    host.log(0, `${path} cannot be run: ${(e as Error).message}`);
  }
}

/** Guest time of one slice. */
const SLICE_NS = 5e6;
