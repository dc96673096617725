/** The line itself: image → rootfs → boot → snapshot → translate → package, in order. Host neutral; the command writes the files. */
import { BootHost } from "./boot/boot_host.ts";
import { type BootLimits, bootToReady, DEFAULT_BOOT_LIMITS, LastOutput } from "./boot/boot.ts";
import { createGuest, type GuestOptions } from "./boot/guest.ts";
import { COMMON_REQUESTS, profileOnCopy } from "./boot/training.ts";
import { type WarmRequest, warmUp } from "./boot/warm.ts";
import { badInput, hexBytes } from "./errors.ts";
import { CodeModuleBuilder } from "./emit/module.ts";
import { type ProcessSpec, resolveProcess } from "./image/config.ts";
import type { Image } from "./image/image.ts";
import { emptyBaseCode } from "./jit/base_code.ts";
import { JitCompiler } from "./jit/lazy_compiler.ts";
import { IrMissInterpreter } from "./jit/miss_interpreter.ts";
import type { Kernel } from "./kernel/kernel.ts";
import type { AddressSpace } from "./kernel/memory/address_space.ts";
import { syscallName } from "./kernel/abi/syscall_numbers.ts";
import { CodeSpace, lookupOf } from "./machine/code_cache.ts";
import { WasmMachine, type WasmShared } from "./machine/wasm_machine.ts";
import { encodeDataFile } from "./package/data_file.ts";
import { type Manifest, MANIFEST_FORMAT, type ManifestProgram } from "./package/manifest.ts";
import { readFileAt } from "./rootfs/lookup.ts";
import { mergeLayers } from "./rootfs/merge.ts";
import { packTree } from "./rootfs/pack.ts";
import { openPackedTree } from "./rootfs/packed_tree.ts";
import type { Tree } from "./rootfs/tree.ts";
import { addressSpaces, captureSnapshot, pagesBytes } from "./snapshot/snapshot.ts";
import { programMemory } from "./translate/program_memory.ts";
import { translateProgram, type Translation } from "./translate/translate.ts";

/** A finished translation: files by name, but for the entries of the hosts. */
export interface BuiltApp {
  manifest: Manifest;
  files: Map<string, Uint8Array<ArrayBuffer>>;
  translations: Translation[];
  /** Seconds a station took. */
  seconds: Record<string, number>;
}

export interface BuildOptions {
  warm: readonly WarmRequest[];
  limits?: Partial<BootLimits>;
  /** Told when a station begins, and of the guest's output. */
  onStage?: (name: string) => void;
  onOutput?: (line: string) => void;
  /** Makes a module smaller, keeping its trap map right; null with --fast. */
  optimise?: ((t: Translation) => Promise<Translation>) | null;
}

/** Wall clock of every boot: an image boots to the same bytes at any time. The clocks jump forward when it is restored. */
const BOOT_EPOCH_MS = Date.UTC(2024, 0, 1);

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
  const packed = packTree((await mergeLayers(image.layers)).tree);
  // Boot on the tree that the run time will open: the snapshot names its inodes.
  const tree = openPackedTree(packed);
  const spec = resolveProcess(image.config, (path) => readFileAt(tree, path));

  enter("boot");
  const guest = startBoot(tree, spec, options);
  const limits = { ...DEFAULT_BOOT_LIMITS, ...options.limits };
  bootToReady(guest.kernel, guest.host, guest.output, () => performance.now(), limits);
  if (options.warm.length > 0) {
    enter("warm-up");
    await warmUp(guest.kernel, guest.host, options.warm);
    if (guest.kernel.exitStatus !== null) {
      throw badInput(`the server ended during the warm-up; ${guest.output.describe()}`);
    }
  }
  const listeners = guest.kernel.net.listeners().map(({ ip, port }) => ({ ip, port }));

  enter("snapshot");
  const snapshot = captureSnapshot(guest.kernel);
  const guestBytes = addressSpaces(guest.kernel).reduce((n, s) => n + s.machine.memory.u8.length, 0);

  enter("training");
  const profiles = await profileOnCopy({
    snapshot,
    tree,
    host: bootHost(options, new LastOutput()),
    base: guest.shared.base.code,
    shared: guest.shared,
    requests: options.warm.length > 0 ? options.warm : COMMON_REQUESTS,
  });
  for (const [key, space] of guest.spaces) profiles.set(key, [...profiles.get(key) ?? [], ...space.misses.keys()]);

  enter("translate");
  const translations: Translation[] = [];
  const programs: ManifestProgram[] = [];
  const keys = [...profiles.keys()].filter((key) => key !== "").sort();
  for (const [i, key] of keys.entries()) {
    const profile = [...new Set(profiles.get(key))].sort((a, b) => a - b);
    const space = liveSpace(guest.kernel, key) ?? loadedSpace(tree, spec, guest, key);
    let translation = translateProgram(programMemory(space, tree, profile), { name: `code${i}` });
    if (options.optimise) translation = await options.optimise(translation);
    translations.push(translation);
    programs.push({
      key,
      name: translation.name,
      file: `${translation.name}.wasm`,
      entries: translation.entries.length,
      x86Bytes: translation.stats.x86Bytes,
      wasmBytes: translation.wasm.length,
    });
  }

  enter("package");
  const blobs = new Map<string, Uint8Array>([
    ["snapshot.kernel", snapshot.kernel],
    ["snapshot.memory", snapshot.memory],
    ["snapshot.pages", snapshot.pages],
    ["rootfs.index", packed.index],
    ...packed.chunks.map((c, i) => [`rootfs.${i}`, c] as const),
  ]);
  for (const t of translations) {
    blobs.set(`${t.name}.entries`, new Uint8Array(Uint32Array.from(t.entries).buffer));
    blobs.set(`${t.name}.lookup`, lookupOf(t.entries).encode());
    blobs.set(`${t.name}.traps`, t.traps);
  }
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  files.set("base.wasm", new CodeModuleBuilder("base", []).finish().bytes);
  for (const t of translations) files.set(`${t.name}.wasm`, t.wasm);
  files.set("app.data.wasm", encodeDataFile(blobs));
  const { argv, env, cwd, uid, gid, groups, stopSignal, ports } = spec;
  const manifest: Manifest = {
    format: MANIFEST_FORMAT,
    image: { reference: image.references[0] ?? null, digest: image.digest ?? null },
    process: { argv: [...argv], env: [...env], cwd, uid, gid, groups: [...groups], stopSignal },
    exposedPorts: [...ports],
    listeners,
    programs,
    data: "app.data.wasm",
    blobs: [...blobs.keys()],
    rootfsChunks: packed.chunks.length,
    unsupported: {
      instructions: translations.flatMap((t, i) =>
        t.unsupported.map(({ pc, bytes, mnemonic, count }) => ({
          program: programs[i].key,
          pc: `0x${pc.toString(16)}`,
          bytes: hexBytes(bytes),
          mnemonic,
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
    memory: { guestBytes, pagesBytes: pagesBytes(snapshot) },
  };
  enter("");
  return { manifest, files, translations, seconds };
}

/** A host that is the same every time. */
function bootHost(options: BuildOptions, output: LastOutput): BootHost {
  return new BootHost(BOOT_EPOCH_MS, 0x6c696768, (_stream, line) => {
    output.add(line);
    options.onOutput?.(line);
  });
}

interface BootedGuest {
  kernel: Kernel;
  host: BootHost;
  output: LastOutput;
  /** What was compiled, and so the profile, by program. */
  spaces: Map<string, CodeSpace>;
  shared: WasmShared;
}

function startBoot(tree: Tree, spec: ProcessSpec, options: BuildOptions): BootedGuest {
  const output = new LastOutput();
  const host = bootHost(options, output);
  const base = emptyBaseCode();
  const spaces = new Map<string, CodeSpace>();
  // Each program gets a space of its own, so that its misses are its own profile.
  const programs = {
    get(key: string): CodeSpace {
      let space = spaces.get(key);
      if (space === undefined) spaces.set(key, space = new CodeSpace(base));
      return space;
    },
  };
  const shared: WasmShared = {
    base: new CodeSpace(base),
    programs,
    compiler: new JitCompiler(),
    interpreter: new IrMissInterpreter(),
  };
  const kernel = createGuest(guestOptions(tree, spec, host, shared));
  return { kernel, host, output, spaces, shared };
}

function guestOptions(tree: Tree, spec: ProcessSpec, host: BootHost, shared: WasmShared): GuestOptions {
  const { argv, env, cwd, uid, gid, groups } = spec;
  return {
    tree,
    argv: [...argv],
    env: [...env],
    cwd,
    uid,
    gid,
    groups: [...groups],
    host,
    machine: new WasmMachine(shared),
  };
}

/** The address space of a process that runs this program. */
function liveSpace(k: Kernel, key: string): AddressSpace | undefined {
  return addressSpaces(k).find((s) => s.programKey === key);
}

/** A program that ran and ended: loaded anew, not run. */
function loadedSpace(tree: Tree, spec: ProcessSpec, guest: BootedGuest, key: string): AddressSpace {
  const k = createGuest({ ...guestOptions(tree, { ...spec, argv: [key] }, guest.host, guest.shared), uid: 0, gid: 0 });
  return addressSpaces(k)[0];
}
