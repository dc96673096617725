/**
 * Programs translated before they are measured, as `translate` does with an image: a run under the lazy compiler shows which
 * files it maps and where code is entered, then each file is translated whole. Kept in the cache until program or translator
 * change.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { gzipSync } from "node:zlib";
import { jitMachine } from "../src/cli/engines.ts";
import { openHostDirectory } from "../src/cli/host_directory.ts";
import { emptyBaseCode } from "../src/jit/base_code.ts";
import { JitCompiler } from "../src/jit/lazy_compiler.ts";
import { IrMissInterpreter } from "../src/jit/miss_interpreter.ts";
import { CodePlaces } from "../src/kernel/memory/code_places.ts";
import { CodeLibrary, type FileCode, FIRST_SLOT } from "../src/machine/code_cache.ts";
import { decodeResume } from "../src/machine/resume_table.ts";
import { GUEST_BIAS } from "../src/machine/state.ts";
import { decodeTraps } from "../src/machine/trap_codec.ts";
import type { WasmShared } from "../src/machine/wasm_machine.ts";
import { lookup } from "../src/rootfs/lookup.ts";
import type { Tree } from "../src/rootfs/tree.ts";
import { filePaths } from "../src/rootfs/walk.ts";
import { codeFiles } from "../src/translate/code_files.ts";
import { fileMemory } from "../src/translate/file_memory.ts";
import { translateProgram } from "../src/translate/translate.ts";
import { cacheFolder } from "./build.ts";
import { symbolNames, withNames } from "./names.ts";
import { checksumOf, type GuestProgram, runGuest, SeenTree } from "./guest_program.ts";

/** A translated file; sizes in bytes. */
export interface PreparedFile {
  path: string;
  start: number;
  end: number;
  name: string;
  firstSlot: number;
  /** Of its executable segments, and what of them was translated. */
  textBytes: number;
  textGzipBytes: number;
  x86Bytes: number;
  wasmBytes: number;
  wasmGzipBytes: number;
  regions: number;
  translateMs: number;
}

export interface Prepared {
  files: PreparedFile[];
  /** Where files are mapped. */
  places: { path: string; start: number; end: number }[];
  /** Table slots of all modules. */
  slots: number;
  checksum: string;
}

const FILE = "prepared.json";

/** Folder of a program's modules, made if it is not there for this program and this translator. */
export function prepare(name: string, program: GuestProgram, rootfs = "/"): string {
  const key = createHash("sha256").update(JSON.stringify([program, rootfs])).update(readFileSync(program.argv[0]))
    .update(translatorHash()).digest("hex").slice(0, 16);
  const folder = join(cacheFolder(), "prepared");
  const path = join(folder, `${name}-${key}`);
  if (existsSync(join(path, FILE))) return path;
  mkdirSync(folder, { recursive: true });
  for (const old of readdirSync(folder)) if (old.startsWith(`${name}-`)) rmSync(join(folder, old), { recursive: true });
  const fresh = `${path}.new`;
  mkdirSync(fresh, { recursive: true });
  make(fresh, program, new SeenTree(openHostDirectory(rootfs)));
  renameSync(fresh, path);
  return path;
}

/** What prepare found and made. */
export function readPrepared(folder: string): Prepared {
  return JSON.parse(readFileSync(join(folder, FILE), "utf8"));
}

function make(folder: string, program: GuestProgram, tree: SeenTree): void {
  const machine = jitMachine(() => {}, tree);
  const run = runGuest(program, tree, machine);
  if (run.exitCode !== 0) throw new Error(`${program.argv.join(" ")}: exit code ${run.exitCode}: ${run.stderr}`);
  tree.freeze();
  const paths = filePaths(tree), places = run.kernel.codePlaces.all();
  const files: PreparedFile[] = [];
  let firstSlot = FIRST_SLOT;
  for (const { file, path, start, end, hints } of codeFiles(tree, [], [], machine.shared.library.programs.values())) {
    const bytes = tree.read(file);
    const memory = fileMemory(bytes, path, start, hints);
    const name = `code${files.length}`, before = performance.now();
    const t = translateProgram(memory, { name, firstSlot });
    if (t.entries.length === 0) continue;
    const text = memory.executable.map((r) => memory.u8.subarray(r.start - GUEST_BIAS, r.end - GUEST_BIAS));
    files.push({
      path,
      start,
      end,
      name,
      firstSlot,
      textBytes: text.reduce((n, t) => n + t.length, 0),
      textGzipBytes: text.reduce((n, t) => n + gzipSync(t).length, 0),
      x86Bytes: t.stats.x86Bytes,
      wasmBytes: t.wasm.length,
      wasmGzipBytes: gzipSync(t.wasm).length,
      regions: t.entries.length,
      translateMs: performance.now() - before,
    });
    firstSlot += t.entries.length;
    writeFileSync(join(folder, `${name}.wasm`), t.wasm);
    writeFileSync(join(folder, `${name}.entries`), new Uint8Array(Uint32Array.from(t.entries).buffer));
    writeFileSync(join(folder, `${name}.traps`), t.traps);
    writeFileSync(join(folder, `${name}.resume`), t.resume);
  }
  const prepared: Prepared = {
    files,
    places: places.map(({ file, start, end }) => ({ path: paths.get(file)!, start, end })),
    slots: firstSlot - FIRST_SLOT,
    checksum: checksumOf(run.stdout),
  };
  writeFileSync(join(folder, FILE), JSON.stringify(prepared, null, 1));
}

/** Machines over the modules of a folder; the modules are compiled here as far as the engine does so at once. */
export function loadPrepared(folder: string, tree: Tree): { shared: WasmShared; places: CodePlaces } {
  const { files, places: placed, slots } = readPrepared(folder);
  const isNamed = process.env.LIGHTER_BENCH_NAMES !== undefined;
  const codes = files.map(({ path, start, end, name, firstSlot }): FileCode => {
    const read = (ending: string) => new Uint8Array(readFileSync(join(folder, `${name}.${ending}`)));
    const entries = new Uint32Array(read("entries").buffer);
    const symbols = isNamed ? symbolNames(tree.read(lookup(tree, path)!), path, start) : null;
    return {
      ...{ name, firstSlot, start, end, file: lookup(tree, path)! },
      module: new WebAssembly.Module(
        symbols === null ? read("wasm") : withNames(read("wasm"), name, entries, symbols),
      ),
      entries,
      resume: decodeResume(read("resume")),
      ...decodeTraps(read("traps")),
    };
  });
  const places = new CodePlaces();
  for (const { path, start, end } of placed) places.add(lookup(tree, path)!, start, end);
  const library = new CodeLibrary(emptyBaseCode(), slots, (file, start, end) => {
    const code = codes.find((code) => code.file === file && code.start === start && code.end === end);
    return code && { code };
  });
  return { shared: { library, compiler: new JitCompiler(), interpreter: new IrMissInterpreter() }, places };
}

/** Folders of src that have a part in what is translated and how. */
const TRANSLATOR = [
  "x86",
  "lift",
  "ir",
  "emit",
  "discover",
  "translate",
  "elf",
  "machine",
  "jit",
  "loader",
  "kernel/memory",
];

let hash: string | null = null;

function translatorHash(): string {
  if (hash !== null) return hash;
  const sum = createHash("sha256"), source = new URL("../src/", import.meta.url).pathname;
  const add = (path: string): void => {
    if (statSync(path).isDirectory()) { for (const name of readdirSync(path).sort()) add(join(path, name)); }
    else if (path.endsWith(".ts") && !path.endsWith("_test.ts")) {
      sum.update(path.slice(source.length)).update(readFileSync(path));
    }
  };
  for (const folder of TRANSLATOR) add(join(source, folder));
  return hash = sum.digest("hex");
}
