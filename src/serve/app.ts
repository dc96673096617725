/**
 * A translated image at run time: parts from the package (manifest, data blobs, code modules) to instances that answer
 * requests. Knows no host: adapters hand in bytes, modules and a Host.
 */
import { badInput } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { LineSink } from "../kernel/fs/console.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { BodyPool } from "../machine/body_pool.ts";
import {
  CodeLibrary,
  type FileCode,
  type FindFileCode,
  FIRST_SLOT,
  type FoundCode,
  type LoadedCode,
} from "../machine/code_cache.ts";
import { decodeTraps, lazyTraps } from "../machine/trap_codec.ts";
import { lazyResume, noResume } from "../machine/resume_table.ts";
import { noTraps } from "../machine/trap_table.ts";
import { Stopwatch } from "../machine/misses.ts";
import { type LazyCompiler, type MissInterpreter, WasmMachine, type WasmShared } from "../machine/wasm_machine.ts";
import { dataOfModule, decodeDataFile } from "../package/data_file.ts";
import { KEPT_FILE_BYTES } from "../package/kept_files.ts";
import type { Manifest, ManifestModule } from "../package/manifest.ts";
import type { GroupSource } from "../rootfs/pack_format.ts";
import { openPackedTree } from "../rootfs/packed_tree.ts";
import type { Tree } from "../rootfs/tree.ts";
import { filePaths } from "../rootfs/walk.ts";
import { addressSpaces, SavedGuest } from "../snapshot/snapshot.ts";
import { expandBlob } from "../deflate/blob.ts";
import type { GuestInstance } from "./instance.ts";
import { LaterModule, type ModuleSource } from "./later_module.ts";
import { type Translator, TranslatorOnCall } from "./later_translator.ts";
import { MemoryReport } from "./memory_report.ts";
import { type Miss, MissReport } from "./miss_report.ts";

export interface AppParts {
  manifest: Manifest;
  /** Blobs of the data file, by name. */
  data: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
  /** The compressed files: groups of frames, one a file of the package. */
  groups: GroupSource;
  /**
   * Code modules by name (ManifestModule.name), and "base": compiled, but for those that may be loaded later. Those that worker.js
   * leaves out are not there.
   */
  modules: Readonly<Record<string, ModuleSource>>;
  host: Host;
  /** Where the host may compile while serving. */
  compiler: LazyCompiler | null;
  /** Where it may not. */
  interpreter: MissInterpreter | null;
  /** In place of both: loads them, on a host that may compile, when they are first wanted. */
  loadTranslator?: () => Promise<Translator>;
  /** Bytes of guest memory kept for processes to come; default: BodyPool's. */
  poolBytes?: number;
  /** Most bytes of expanded files that are kept; default: KEPT_FILE_BYTES.others. */
  keptFileBytes?: number;
}

/** A kernel with what serving asks of it. */
export class AppInstance implements GuestInstance {
  constructor(
    readonly kernel: Kernel,
    private readonly pool: BodyPool,
    private readonly around: <T>(run: () => T) => T,
  ) {}

  get alive(): boolean {
    return this.kernel.exitStatus === null;
  }

  get clock(): Kernel["clock"] {
    return this.kernel.clock;
  }

  get net(): Kernel["net"] {
    return this.kernel.net;
  }

  set onWake(told: (() => void) | null) {
    this.kernel.onWake = told;
  }

  run(sliceNs: number): ReturnType<Kernel["run"]> {
    return this.around(() => this.kernel.run(sliceNs));
  }

  nextDeadlineNs(): number {
    return this.kernel.nextDeadlineNs();
  }

  /**
   * Gives the memories back: the next instance finds them, with their code. All of them, however large: the next request wants as
   * much. The guest must not be running.
   */
  dispose(): void {
    const spaces = addressSpaces(this.kernel).filter((space) => space.hasMachine);
    this.pool.makeRoom(spaces.reduce((bytes, space) => bytes + space.memoryBytes, 0));
    for (const space of spaces) space.disposeMachine();
  }
}

export class App {
  readonly #tree: Tree;
  readonly #guest: SavedGuest;
  readonly #shared: WasmShared;
  readonly #misses: MissReport;
  /** Null unless the manifest asks for it. */
  readonly #memory: MemoryReport | null;
  /** Made when a miss is first reported. */
  #paths: ReadonlyMap<number, string> | undefined;
  readonly #runTime: Stopwatch;
  readonly #outside: Stopwatch;

  constructor(readonly parts: AppParts) {
    const { manifest } = parts;
    const blob = (name: string): Uint8Array<ArrayBuffer> => {
      const bytes = parts.data.get(name);
      if (bytes === undefined) throw badInput(`the data file has no ${name}`, { file: manifest.data });
      return bytes;
    };
    const module = (name: string): WebAssembly.Module => {
      const compiled = parts.modules[name];
      if (!(compiled instanceof WebAssembly.Module)) throw badInput(`there is no code module ${name}`);
      return compiled;
    };
    const chunks = Array.from({ length: manifest.rootfs.chunks }, (_, i) => blob(`rootfs.${i}`));
    this.#tree = openPackedTree({ index: blob("rootfs.index"), chunks, groups: parts.groups }, {
      name: manifest.data,
      keptBytes: parts.keptFileBytes ?? KEPT_FILE_BYTES.others,
    });
    this.#guest = new SavedGuest({
      kernel: blob("snapshot.kernel"),
      memory: blob("snapshot.memory"),
      pages: blob("snapshot.pages"),
    });
    const { host } = parts;
    const resumeOf = (m: ManifestModule) => lazyResume(blob(`${m.name}.resume`));
    const codeOf = (m: ManifestModule, module: WebAssembly.Module, resume = resumeOf(m)): FileCode => {
      const entries = blob(`${m.name}.entries`), traps = blob(`${m.name}.traps`);
      return Object.assign(lazyTraps(() => decodeTraps(expandBlob(traps, `${m.name}.traps`))), {
        name: m.name,
        module,
        entries: words(entries),
        firstSlot: m.firstSlot,
        resume,
        file: m.inode,
        start: m.start,
        end: m.end,
      });
    };
    const later = (m: ManifestModule, source: ModuleSource | null): LaterModule => {
      const entries = blob(`${m.name}.entries`), resume = resumeOf(m);
      const failed = (problem: string) => host.log(0, `${m.file} could not be loaded: ${problem}`);
      return new LaterModule(source, {
        codeOf: (module) => codeOf(m, module, resume),
        entries: () => words(entries),
        resume,
      }, failed);
    };
    const codes = new Map<number, Placed>();
    for (const m of manifest.modules) {
      const source = parts.modules[m.name], isThere = source !== undefined || !manifest.leftOut.includes(m.name);
      const { inode, start, end } = m;
      const found = m.isRun ? { code: codeOf(m, module(m.name)) } : { later: later(m, isThere ? source : null) };
      codes.set(inode, { start, end, found: { ...codes.get(inode)?.found, ...found } });
    }
    const base: LoadedCode = {
      name: "base",
      module: module("base"),
      entries: [],
      firstSlot: FIRST_SLOT,
      resume: noResume(),
      ...noTraps(),
    };
    const library = new CodeLibrary(base, manifest.modules.reduce((n, m) => n + m.entries, 0), findIn(codes));
    manifest.lookups.forEach((names, i) => library.addLookup(names, blob(`lookup.${i}`)));
    const nowMs = () => host.monotonicNs() / 1e6;
    this.#outside = new Stopwatch(nowMs);
    this.#runTime = new Stopwatch(nowMs);
    const pool = new BodyPool(parts.poolBytes);
    const { compiler, interpreter, loadTranslator } = parts;
    const failed = (problem: string) => host.log(0, `the translator could not be loaded: ${problem}`);
    const onCall = loadTranslator === undefined ? null : new TranslatorOnCall(loadTranslator, failed);
    this.#shared = {
      outside: this.#outside,
      library,
      get compiler() {
        return onCall === null ? compiler : onCall.compiler;
      },
      get interpreter() {
        return onCall === null ? interpreter : onCall.interpreter;
      },
      ...onCall === null ? {} : { later: onCall },
      pool,
    };
    this.#misses = new MissReport(library.programs, {
      verb: compiler === null && onCall === null ? "interpreted" : "compiled now",
      pathOf: (file) => (this.#paths ??= filePaths(this.#tree)).get(file) ?? `inode ${file}`,
      log: (line) => host.log(0, line),
    });
    this.#memory = manifest.logMemory ? new MemoryReport(pool, (line) => host.log(0, line)) : null;
  }

  /** Runs a guest, and says what it had to do without. */
  #run<T>(kernel: Kernel, run: () => T): T {
    const result = this.#runTime.during(run);
    this.#memory?.update(kernel, this.#runTime.nowMs());
    this.#misses.update(this.#runTime.nowMs, { runMs: this.#runTime.ms, outsideMs: this.#outside.ms });
    return result;
  }

  /** The blobs of a data file, compiled (the one way in without a read permission on Deno) or as bytes. */
  static readData(
    data: WebAssembly.Module | ArrayBuffer | Uint8Array<ArrayBuffer>,
    manifest: Manifest,
  ): Map<string, Uint8Array<ArrayBuffer>> {
    if (data instanceof WebAssembly.Module) return dataOfModule(data, manifest.blobs);
    return decodeDataFile(data instanceof Uint8Array ? data : new Uint8Array(data), manifest.data);
  }

  /** A fresh guest from the snapshot, about to answer its first request. */
  newInstance(): AppInstance {
    const { host } = this.parts;
    const kernel = this.#guest.restore({
      tree: this.#tree,
      host,
      console: new LineSink(host),
      newMachine: (bytes, key, image) => new WasmMachine(this.#shared, bytes, key, image),
    });
    return new AppInstance(kernel, this.#shared.pool!, (run) => this.#run(kernel, run));
  }

  /** Code that was asked for and not translated ahead. */
  misses(): Miss[] {
    return this.#misses.all();
  }

  /** What was translated. */
  get manifest(): Manifest {
    return this.parts.manifest;
  }
}

/** A file's code, and the place that it was made for. */
interface Placed {
  start: number;
  end: number;
  found: FoundCode;
}

/** Of bytes that may lie anywhere. */
function words(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.slice().buffer);
}

/** Code for a file fits only where it was made for. */
function findIn(codes: ReadonlyMap<number, Placed>): FindFileCode {
  return (file, start, end) => {
    const placed = codes.get(file);
    return placed !== undefined && placed.start === start && placed.end === end ? placed.found : undefined;
  };
}
