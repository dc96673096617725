/** Runs binaryen's wasm-opt (its JavaScript build, from the npm package) in a child process. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { optimiseModule, type RunWasmOpt } from "../emit/optimise.ts";
import { decodeTraps, encodeTraps } from "../machine/trap_codec.ts";
import type { Translation } from "../translate/translate.ts";
import { bug } from "../errors.ts";

/** A translation with a smaller module: fits BuildOptions.optimise. */
export async function optimiseTranslation(t: Translation): Promise<Translation> {
  const before = { bytes: t.wasm, entries: t.entries, ...decodeTraps(t.traps) };
  const optimised = await optimiseModule(t.name, before, runWasmOpt, {
    parallel: availableParallelism(),
  });
  return { ...t, wasm: optimised.bytes, traps: encodeTraps(optimised) };
}

export const runWasmOpt: RunWasmOpt = async (wasm, sourceMap, options) => {
  const folder = await mkdtemp(join(tmpdir(), "lighter-"));
  const file = (name: string) => join(folder, name);
  try {
    await writeFile(file("in.wasm"), wasm);
    await writeFile(file("in.map"), sourceMap);
    await runChild([
      ...[file("in.wasm"), "-o", file("out.wasm"), "--input-source-map", file("in.map")],
      ...["--output-source-map", file("out.map"), ...options],
    ]);
    return {
      wasm: new Uint8Array(await readFile(file("out.wasm"))),
      sourceMap: await readFile(file("out.map"), "utf8"),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

function runChild(args: string[]): Promise<void> {
  const script = fileURLToPath(new URL("./wasm_opt_child.ts", import.meta.url));
  const runner = "Deno" in globalThis ? ["run", "--allow-all", "--quiet", script] : [script];
  const child = spawn(process.execPath, [...runner, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  let errors = "";
  child.stderr.on("data", (text) => errors = (errors + text).slice(-2000));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => code === 0 ? resolve() : reject(bug(`wasm-opt failed (${code}): ${errors.trim()}`)));
  });
}
