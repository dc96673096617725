/** How large the wasm of programs and their libraries is beside their x86 text, both compressed: the same on every machine. */
import { parseArgs } from "node:util";
import { appPrograms } from "./apps.ts";
import { cpuPrograms } from "./cpu.ts";
import { prepare, type PreparedFile, readPrepared } from "./prepared.ts";
import { geometricMean, table } from "./statistics.ts";

export const usage = `deno task bench size [options]
  --only A,B          programs of the benchmarks cpu and apps (default: all of apps)
  --json FILE         all figures`;

/** Bytes of all files of a program. */
export interface SizeFigures {
  files: number;
  x86Bytes: number;
  wasmBytes: number;
  wasmGzipBytes: number;
  /** Compressed wasm over compressed x86 text of what is compiled. */
  gzipRatio: number;
}

/** By program. */
export async function measureSizes(only: readonly string[]): Promise<Record<string, SizeFigures>> {
  const programs = only.length === 0 ? await appPrograms() : [...await appPrograms(), ...await cpuPrograms()];
  const sizes: Record<string, SizeFigures> = {};
  for (const program of programs) {
    // The same program under another environment has the same code.
    if (only.length > 0 ? !only.includes(program.name) : program.env.length > 0) continue;
    sizes[program.name] = sizesOf(readPrepared(prepare(program.name, program)).files);
    console.error(`${program.name}: done`);
  }
  return sizes;
}

function sizesOf(files: readonly PreparedFile[]): SizeFigures {
  const sum = (of: (file: PreparedFile) => number) => files.reduce((n, file) => n + of(file), 0);
  const wasmGzipBytes = sum((f) => f.wasmGzipBytes);
  return {
    files: files.length,
    x86Bytes: sum((f) => f.x86Bytes),
    wasmBytes: sum((f) => f.wasmBytes),
    wasmGzipBytes,
    // What was not translated does not compress for us: the text's compressed size is taken in proportion.
    gzipRatio: wasmGzipBytes / sum((f) => f.textGzipBytes * f.x86Bytes / f.textBytes),
  };
}

/** Runs the benchmark; the exit code. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { only: { type: "string", default: "" }, json: { type: "string" } } });
  const sizes = await measureSizes(values.only.split(",").filter(Boolean));
  const rows = Object.entries(sizes);
  console.log(table([
    ["program", "files", "x86 kB", "wasm kB", "gzip kB", "wasm/x86", "gzip/gzip"],
    ...rows.map(([name, s]) => [
      name,
      `${s.files}`,
      ...[s.x86Bytes, s.wasmBytes, s.wasmGzipBytes].map((bytes) => (bytes / 1000).toFixed(0)),
      (s.wasmBytes / s.x86Bytes).toFixed(2),
      s.gzipRatio.toFixed(2),
    ]),
  ]));
  console.log(`geometric mean: gzip/gzip ${geometricMean(rows.map(([, s]) => s.gzipRatio)).toFixed(2)}`);
  if (values.json !== undefined) await Deno.writeTextFile(values.json, JSON.stringify(sizes, null, 1) + "\n");
  return 0;
}
