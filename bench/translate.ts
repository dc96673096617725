/**
 * The translator on its own: how fast it takes x86 code in, and how much larger the wasm is. Programs: those of bench/programs,
 * Debian's static busybox when it is installed, and any static or dynamic ELF file named.
 */
import { basename, dirname } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { createGuest } from "../src/boot/guest.ts";
import { openHostDirectory } from "../src/cli/host_directory.ts";
import { jitMachine } from "../src/cli/engines.ts";
import { NodeHost } from "../src/cli/node_host.ts";
import { addressSpaces } from "../src/snapshot/snapshot.ts";
import { fileMemory } from "../src/translate/file_memory.ts";
import { translateProgram } from "../src/translate/translate.ts";
import { GUEST_BIAS } from "../src/machine/state.ts";
import { buildPrograms } from "./build.ts";
import { geometricMean, median, table } from "./statistics.ts";

export const usage = `deno task bench translate [options] [ELF...]
  --repeat N          translations of each (3); the median counts
  --only A,B          programs of bench/programs (default: fib,sort,virtual and /bin/busybox)
  --json FILE         all figures`;

interface Row {
  program: string;
  regions: number;
  /** Bytes of different instructions translated, and of the executable segments they are in. */
  x86Bytes: number;
  textBytes: number;
  wasmBytes: number;
  gzipRatio: number;
  bytesPerSecond: number;
}

/** Runs the benchmark; the exit code. */
export async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      repeat: { type: "string", default: "3" },
      only: { type: "string", default: "fib,sort,virtual" },
      json: { type: "string" },
    },
  });
  const only = values.only.split(",");
  const paths = (await buildPrograms()).filter((p) => only.includes(p.name)).map((p) => p.path);
  if (await isFile("/bin/busybox")) paths.push("/bin/busybox");
  const rows = [...paths, ...positionals].map((path) => measure(path, Number(values.repeat)));
  console.log(table([
    ["program", "regions", "x86 kB", "text kB", "wasm kB", "wasm/x86", "gzip/gzip", "x86 kB/s"],
    ...rows.map((r) => [
      r.program,
      `${r.regions}`,
      kilo(r.x86Bytes),
      kilo(r.textBytes),
      kilo(r.wasmBytes),
      (r.wasmBytes / r.x86Bytes).toFixed(2),
      r.gzipRatio.toFixed(2),
      kilo(r.bytesPerSecond),
    ]),
  ]));
  console.log(
    `geometric mean: wasm/x86 ${geometricMean(rows.map((r) => r.wasmBytes / r.x86Bytes)).toFixed(2)}, ` +
      `gzip/gzip ${geometricMean(rows.map((r) => r.gzipRatio)).toFixed(2)}`,
  );
  if (values.json !== undefined) await Deno.writeTextFile(values.json, JSON.stringify(rows, null, 1) + "\n");
  return 0;
}

function measure(path: string, repeat: number): Row {
  const tree = openHostDirectory(dirname(path));
  const kernel = createGuest({
    tree,
    argv: [`/${basename(path)}`],
    env: [],
    cwd: "/",
    uid: 0,
    gid: 0,
    groups: [],
    host: new NodeHost(),
    machine: jitMachine(() => {}),
  });
  const [[file, { start }]] = addressSpaces(kernel)[0].codeFiles;
  const program = fileMemory(tree.read(file), path, start, { profile: [], pointers: [], imports: [] });
  const seconds: number[] = [];
  let translation = translateProgram(program, { name: "code0" });
  for (let i = 0; i < repeat; i++) {
    const start = performance.now();
    translation = translateProgram(program, { name: "code0" });
    seconds.push((performance.now() - start) / 1000);
  }
  const text = program.executable.map(({ start, end }) => program.u8.slice(start - GUEST_BIAS, end - GUEST_BIAS));
  const textBytes = text.reduce((n, t) => n + t.length, 0);
  const textGzip = text.reduce((n, t) => n + gzipSync(t).length, 0);
  const { x86Bytes, regions } = translation.stats;
  return {
    program: basename(path),
    regions,
    x86Bytes,
    textBytes,
    wasmBytes: translation.wasm.length,
    // What was not translated does not compress for us: the text's gzip size is taken in proportion.
    gzipRatio: gzipSync(translation.wasm).length / (textGzip * x86Bytes / textBytes),
    bytesPerSecond: x86Bytes / median(seconds),
  };
}

const kilo = (n: number) => (n / 1000).toFixed(0);

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((s) => s.isFile, () => false);
}
