/** The line itself: image → rootfs → boot → snapshot → translate → package, in order. Host neutral; the command writes the files. */
import { BOOT_EPOCH_MS, BOOT_SEED, BootHost } from "./boot/boot_host.ts";
import { type BootLimits, bootToReady, DEFAULT_BOOT_LIMITS, LastOutput } from "./boot/boot.ts";
import { createGuest, DEFAULT_PATH, type GuestOptions } from "./boot/guest.ts";
import { COMMON_REQUESTS } from "./boot/common_requests.ts";
import { trainOnCopy } from "./boot/training.ts";
import { scriptInterpreters } from "./boot/scripts.ts";
import { isListening, type Listener, servingPort } from "./boot/serving_port.ts";
import { type WarmRequest, warmUp } from "./boot/warm.ts";
import { badInput, hexBytes } from "./errors.ts";
import { type ProcessSpec, resolveProcess } from "./image/config.ts";
import type { Image } from "./image/image.ts";
import { baseModuleBytes, emptyBaseCode } from "./jit/base_code.ts";
import { JitCompiler } from "./jit/lazy_compiler.ts";
import { IrMissInterpreter } from "./jit/miss_interpreter.ts";
import type { Kernel } from "./kernel/kernel.ts";
import { syscallName } from "./kernel/abi/syscall_numbers.ts";
import { Tracer } from "./kernel/syscalls/trace.ts";
import { BodyPool } from "./machine/body_pool.ts";
import { type CpuLevel, DEFAULT_CPU_LEVEL } from "./machine/cpu_level.ts";
import { CodeLibrary, FIRST_SLOT, lookupOf } from "./machine/code_cache.ts";
import { WasmMachine, type WasmShared } from "./machine/wasm_machine.ts";
import { encodeGroup, groupFile } from "./package/compressed_files.ts";
import { encodeDataFile } from "./package/data_file.ts";
import { type Manifest, MANIFEST_FORMAT, type ManifestModule } from "./package/manifest.ts";
import { readFileAt } from "./rootfs/lookup.ts";
import { mergeLayers } from "./rootfs/merge.ts";
import { packTree } from "./rootfs/pack.ts";
import { openPackedTree } from "./rootfs/packed_tree.ts";
import { RecordingTree } from "./rootfs/recording_tree.ts";
import type { InodeNumber, Tree } from "./rootfs/tree.ts";
import { compressBlob } from "./deflate/blob.ts";
import { addressSpaces, captureSnapshot, filesOfSnapshot, pagesBytes, residentBytes } from "./snapshot/snapshot.ts";
import { type CodeFile, codeFiles } from "./translate/code_files.ts";
import { AheadCode } from "./translate/ahead_code.ts";
import { type FileTranslator, OwnThreadTranslator } from "./translate/file_task.ts";
import { finishFiles } from "./translate/finish_files.ts";
import { FunctionStarts } from "./translate/function_starts.ts";
import type { Translation } from "./translate/translate.ts";

/** How long after the freeze the training is: some 400 days, and not a whole number of anything. */
const TRAINED_LATER_MS = 34_567_890_123;

/** Boot may compute so many times as long as a training request. */
const BOOT_OVER_REQUEST = 6;

/** A finished translation: files by name, but for the entries of the hosts. */
export interface BuiltApp {
  manifest: Manifest;
  files: Map<string, Uint8Array<ArrayBuffer>>;
  translations: Translation[];
  /** Seconds a station took. */
  seconds: Record<string, number>;
  /** Those of the seconds in which guests waited for translations, or for functions by themselves. */
  secondsWaited: number;
  /** Paths of the files that were translated again after the runs. */
  translatedAgain: string[];
}

export interface BuildOptions {
  /** The processor that the image's programs are shown. */
  cpuLevel?: CpuLevel;
  /** Makes the translations; by default this thread does, when they are waited for. */
  translator?: FileTranslator;
  /** What the server is asked before it is frozen, or its copy; that is asked COMMON_REQUESTS, too. */
  warm: readonly WarmRequest[];
  /** Environment variables (NAME=VALUE) besides the image's own; those of the same name are replaced. */
  env?: readonly string[];
  /** Arguments of the entrypoint instead of the image's command. */
  args?: readonly string[];
  /** Guest port that gets the requests; default: see servingPort. */
  port?: number;
  limits?: Partial<BootLimits>;
  /** Told when a station begins, and of the guest's output. */
  onStage?: (name: string) => void;
  onOutput?: (line: string) => void;
  /** Told of every system call of the boot, the warm-up and the training, as strace shows it. */
  onSyscall?: (line: string) => void;
  /** Makes modules smaller, keeping their trap maps right; null for none. */
  optimise?: ((translations: readonly Translation[]) => Promise<Translation[]>) | null;
  /**
   * Deflates: what is not wanted when an instance starts and answers requests like those of the training is kept
   * so. Without it all stays as it is.
   */
  compress?: (bytes: Uint8Array) => Uint8Array;
}

export async function buildApp(image: Image, options: BuildOptions): Promise<BuiltApp> {
  const seconds: Record<string, number> = {};
  let stage = "", since = performance.now();
  const enter = (name: string) => {
    const now = performance.now();
    if (stage !== "") seconds[stage] = (now - since) / 1000;
    stage = name;
    since = now;
    if (name !== "") options.onStage?.(name);
  };

  enter("root file system");
  // Boot on the numbers that the run time will find: the snapshot names inodes.
  const tree = openPackedTree(packTree((await mergeLayers(image.layers)).tree));
  const guestTree = new RecordingTree(tree);
  const spec = resolveProcess(image.config, (path) => readFileAt(tree, path), {
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.args === undefined ? {} : { args: options.args }),
  });

  enter("boot");
  const translator = options.translator ?? new OwnThreadTranslator();
  const ahead = new AheadCode(tree, translator, options.cpuLevel ?? DEFAULT_CPU_LEVEL, () => performance.now());
  // Limits are for the guest.
  const now = () => performance.now() - ahead.waited;
  const guest = startBoot(guestTree, spec, ahead, options);
  const limits = { ...DEFAULT_BOOT_LIMITS, ...options.limits }, requestMs = limits.computeMs / BOOT_OVER_REQUEST;
  const { net } = guest.kernel, exposed = spec.ports.filter((p) => p.protocol === "tcp").map((p) => p.number);
  const isReady = (listeners: readonly Listener[]) => isListening(listeners, exposed, options.port);
  bootToReady(guest.kernel, guest.host, guest.output, now, limits, isReady);
  ahead.catchUp();
  const port = servingPort(net.listeners(), exposed, options.port);
  if (port === undefined) {
    const ports = net.listeners().map((l) => l.port).join(", ");
    throw badInput(`the server does not listen on port ${options.port}, but on ${ports}; ${guest.output.describe()}`);
  }
  // Of what was read to start nothing is wanted again, but for what is mapped.
  guestTree.filesRead.clear();
  const kept = options.warm.filter((request) => request.keep);
  if (kept.length > 0) {
    enter("warm-up");
    await warmUp(guest.kernel, guest.host, kept, { port, now, requestMs });
    if (guest.kernel.exitStatus !== null) {
      throw badInput(`the server ended during the warm-up; ${guest.output.describe()}`);
    }
  }
  const listeners = net.listeners().map(({ ip, port }) => ({ ip, port }));

  enter("training");
  const path = spec.env.find((e) => e.startsWith("PATH="))?.slice(5) ?? DEFAULT_PATH;
  const training = await trainOnCopy({
    snapshot: captureSnapshot(guest.kernel),
    tree: guestTree,
    interpreters: scriptInterpreters(tree, path),
    cpuLevel: guest.kernel.cpuLevel,
    host: bootHost(options, new LastOutput(), BOOT_EPOCH_MS + TRAINED_LATER_MS),
    library: libraryAfter(guest.shared.library, ahead),
    interpreter: guest.shared.interpreter,
    compilerFor: (library) => lazyCompiler(tree, library),
    now,
    requestMs,
    requests: [...options.warm, ...COMMON_REQUESTS],
    port,
    ...(options.onSyscall === undefined ? {} : { onSyscall: options.onSyscall }),
  });

  enter("snapshot");
  const guestBytes = addressSpaces(guest.kernel).reduce((n, s) => n + s.machine.memory.u8.length, 0);
  // What was loaded during training has the same place when it is loaded at run time.
  guest.kernel.codePlaces.addAll(training.places);
  const snapshot = captureSnapshot(guest.kernel);

  enter("translate");
  const live = addressSpaces(guest.kernel);
  const ran = [guest.shared.library.programs, training.programs].map((programs) => [...programs.values()]);
  const finished = finishFiles(codeFiles(tree, live, ran[0], ran[1]), {
    tree,
    translator,
    ahead,
    level: guest.kernel.cpuLevel,
  });
  const made = finished.map((f) => f.translation);
  const translations = await options.optimise?.(made) ?? made;
  const modules = finished.map(({ file, isRun }, i) => moduleRow(file, translations[i], isRun));

  enter("package");
  const { compress } = options, mapped = filesOfSnapshot(snapshot);
  const open = new Set(guest.kernel.vfs.rootfs.openFiles());
  const isWanted = (file: InodeNumber) => mapped.has(file) || open.has(file) || guestTree.filesRead.has(file);
  const packed = packTree(tree, compress === undefined ? {} : { compress: { compress, isWanted } });
  const blobs = new Map<string, Uint8Array>([
    ["snapshot.kernel", snapshot.kernel],
    ["snapshot.memory", snapshot.memory],
    ["snapshot.pages", snapshot.pages],
    ["rootfs.index", packed.index],
    ...packed.chunks.map((c, i) => [`rootfs.${i}`, c] as const),
  ]);
  for (const t of translations) {
    blobs.set(`${t.name}.entries`, new Uint8Array(Uint32Array.from(t.entries).buffer));
    // Wanted when the guest faults, which few do.
    blobs.set(`${t.name}.traps`, compressBlob(t.traps, compress ?? null));
    blobs.set(`${t.name}.resume`, t.resume);
  }
  const lookups = live.map(({ codeFiles }) => {
    const files = [...codeFiles.keys()].map((file) => modules.findIndex((m) => m.isRun && m.inode === file));
    return files.filter((i) => i >= 0).map((i) => translations[i]);
  });
  lookups.forEach((codes, i) => blobs.set(`lookup.${i}`, lookupOf(codes).encode()));
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  files.set("base.wasm", baseModuleBytes());
  for (const t of translations) files.set(`${t.name}.wasm`, t.wasm);
  files.set("app.data.wasm", encodeDataFile(blobs));
  packed.groups.forEach((frames, group) => files.set(groupFile(group), encodeGroup(frames)));
  const { argv, env, cwd, uid, gid, groups, stopSignal, ports } = spec;
  const manifest: Manifest = {
    format: MANIFEST_FORMAT,
    image: { reference: image.references[0] ?? null, digest: image.digest ?? null },
    process: { argv: [...argv], env: [...env], cwd, uid, gid, groups: [...groups], stopSignal },
    cpu: guest.kernel.cpuLevel,
    exposedPorts: [...ports],
    listeners,
    port,
    modules,
    lookups: lookups.map((codes) => codes.map((t) => t.name)),
    leftOut: [],
    data: "app.data.wasm",
    blobs: [...blobs.keys()],
    rootfs: packed.sizes,
    unsupported: {
      instructions: translations.flatMap((t, i) =>
        t.unsupported.map(({ pc, bytes, mnemonic, feature, count }) => ({
          program: modules[i].path,
          pc: `0x${pc.toString(16)}`,
          bytes: hexBytes(bytes),
          mnemonic,
          feature,
          count,
        }))
      ),
      syscalls: [...guest.kernel.unimplemented].map(([number, count]) => ({
        number,
        name: syscallName(number),
        count,
      })),
    },
    sizes: {},
    memory: { guestBytes, residentBytes: residentBytes(snapshot), pagesBytes: pagesBytes(snapshot) },
  };
  enter("");
  return {
    manifest,
    files,
    translations,
    seconds,
    secondsWaited: ahead.waited / 1000,
    translatedAgain: [...new Set(finished.filter((f) => f.added !== null).map((f) => f.file.path))],
  };
}

function moduleRow({ file, path, start, end }: CodeFile, translation: Translation, isRun: boolean): ManifestModule {
  const { name, firstSlot, entries, stats, wasm } = translation;
  return {
    path,
    inode: file,
    start,
    end,
    name,
    file: `${name}.wasm`,
    firstSlot,
    entries: entries.length,
    x86Bytes: stats.x86Bytes,
    wasmBytes: wasm.length,
    isRun,
  };
}

/** A host that is the same every time. */
function bootHost(options: BuildOptions, output: LastOutput, epochMs = BOOT_EPOCH_MS): BootHost {
  return new BootHost(epochMs, BOOT_SEED, (_stream, line) => {
    output.add(line);
    options.onOutput?.(line);
  });
}

interface BootedGuest {
  kernel: Kernel;
  host: BootHost;
  output: LastOutput;
  shared: WasmShared;
}

function startBoot(tree: Tree, spec: ProcessSpec, ahead: AheadCode, options: BuildOptions): BootedGuest {
  const output = new LastOutput();
  const host = bootHost(options, output);
  const library: CodeLibrary = new CodeLibrary(emptyBaseCode(), 0, ahead.finder(() => library, true));
  const shared: WasmShared = {
    library,
    compiler: lazyCompiler(tree, library),
    interpreter: new IrMissInterpreter(),
    pool: new BodyPool(),
  };
  const kernel = createGuest(guestOptions(tree, spec, host, shared, options.cpuLevel));
  if (options.onSyscall !== undefined) kernel.tracer = new Tracer(options.onSyscall);
  return { kernel, host, output, shared };
}

/** A library for another guest, which runs the same modules and has notes of its own. */
function libraryAfter({ base, slotCount }: CodeLibrary, ahead: AheadCode): CodeLibrary {
  const library: CodeLibrary = new CodeLibrary(base, slotCount - FIRST_SLOT, ahead.finder(() => library));
  return library;
}

function lazyCompiler(tree: Tree, library: CodeLibrary): JitCompiler {
  const starts = new FunctionStarts(tree, library.programs);
  return new JitCompiler({ isFunctionStart: (pc) => starts.has(pc) });
}

function guestOptions(
  tree: Tree,
  spec: ProcessSpec,
  host: BootHost,
  shared: WasmShared,
  cpuLevel: CpuLevel | undefined,
): GuestOptions {
  const { argv, env, cwd, uid, gid, groups } = spec;
  return {
    tree,
    argv: [...argv],
    env: [...env],
    cwd,
    uid,
    gid,
    groups: [...groups],
    ...(cpuLevel === undefined ? {} : { cpuLevel }),
    host,
    machine: new WasmMachine(shared),
  };
}
