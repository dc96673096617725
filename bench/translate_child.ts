/**
 * translate_child elf|image true|false PATH (true: with wasm-opt, ELF files alone): a process of its own that translates one ELF file or one image and prints, as a
 * line of JSON, what that took: the peak of its memory is its own.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { gzipSync } from "node:zlib";
import { translateImage } from "../src/cli/translate_image.ts";
import { optimiseTranslation } from "../src/cli/wasm_opt.ts";
import { exportedNames } from "../src/discover/elf_facts.ts";
import { ET_EXEC, parseHeader } from "../src/elf/header.ts";
import { parseSegments, PF_X, PT_LOAD } from "../src/elf/segments.ts";
import { pageDown } from "../src/kernel/abi/mman.ts";
import { GUEST_BIAS } from "../src/machine/state.ts";
import { fileMemory } from "../src/translate/file_memory.ts";
import { translateProgram } from "../src/translate/translate.ts";

/** What both print. */
export interface Cost {
  /** Of this process and those it started. */
  cpuSeconds: number;
  wallSeconds: number;
  /** Highest resident memory of this process. */
  rssBytes: number;
}

export interface ElfCost extends Cost {
  regions: number;
  /** Bytes of different instructions translated, and of the executable segments they are in. */
  x86Bytes: number;
  textBytes: number;
  wasmBytes: number;
  /** Compressed wasm over compressed text of what was translated. */
  gzipRatio: number;
}

export interface ImageCost extends Cost {
  /** By station. */
  seconds: Record<string, number>;
  x86Bytes: number;
  wasmBytes: number;
}

/** Runs something and says what it cost. */
async function costOf<T>(work: () => T | Promise<T>): Promise<{ cost: Cost; value: T }> {
  const before = process.cpuUsage(), start = performance.now();
  const value = await work();
  const { user, system } = process.cpuUsage(before);
  const wallSeconds = (performance.now() - start) / 1000;
  const rssBytes = Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))![1]) * 1024;
  return { cost: { cpuSeconds: (user + system) / 1e6 + childSeconds(), wallSeconds, rssBytes }, value };
}

/** CPU time of children that have ended; proc(5), fields 16 and 17, in ticks of 10 ms. */
function childSeconds(): number {
  const fields = readFileSync("/proc/self/stat", "utf8").replace(/^.*\) /s, "").split(" ").map(Number);
  return (fields[13] + fields[14]) / 100;
}

async function elf(path: string, optimise: boolean): Promise<ElfCost> {
  const bytes = new Uint8Array(readFileSync(path)), place = { file: path };
  const header = parseHeader(bytes, place);
  const table = bytes.subarray(header.phoff, header.phoff + header.phnum * header.phentsize);
  const code = parseSegments(table, header, bytes.length, place).find((s) => s.type === PT_LOAD && s.flags & PF_X)!;
  const start = pageDown(code.vaddr) + (header.type === ET_EXEC ? 0 : 0x400000);
  const { cost, value: { memory, t } } = await costOf(async () => {
    const memory = fileMemory(bytes, path, start, { profile: [], pointers: [], imports: exportedNames(bytes) });
    const t = translateProgram(memory, { name: "code0" });
    return { memory, t: optimise ? await optimiseTranslation(t) : t };
  });
  const text = memory.executable.map((r) => memory.u8.subarray(r.start - GUEST_BIAS, r.end - GUEST_BIAS));
  const textBytes = text.reduce((n, t) => n + t.length, 0);
  const textGzip = text.reduce((n, t) => n + gzipSync(t).length, 0);
  const { x86Bytes } = t.stats;
  return {
    ...cost,
    regions: t.entries.length,
    x86Bytes,
    textBytes,
    wasmBytes: t.wasm.length,
    gzipRatio: gzipSync(t.wasm).length / (textGzip * x86Bytes / textBytes),
  };
}

async function image(path: string): Promise<ImageCost> {
  const folder = mkdtempSync(join(tmpdir(), "lighter-bench-"));
  try {
    const { cost, value } = await costOf(() => translateImage(path, { out: join(folder, "out"), cache: false }));
    const { modules } = value.app.manifest;
    return {
      ...cost,
      seconds: value.app.seconds,
      x86Bytes: modules.reduce((n, m) => n + m.x86Bytes, 0),
      wasmBytes: modules.reduce((n, m) => n + m.wasmBytes, 0),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const [kind, optimise, path] = Deno.args;
  const cost = kind === "elf" ? await elf(path, optimise === "true") : await image(path);
  console.log(JSON.stringify(cost));
  Deno.exit(0);
}
