import { build } from "esbuild";

/** One file from an entry, as a deployment has it. Also keeps servers from reloading when a source file changes. */
export async function bundle(entry: string, outfile: string, platform: "node" | "neutral"): Promise<void> {
  await build({
    entryPoints: [new URL(entry, import.meta.url).pathname],
    outfile,
    bundle: true,
    platform,
    format: "esm",
    logLevel: "error",
    mainFields: ["module", "main"],
    conditions: ["import"],
  });
}
