/** Builds the programs of bench/programs into the cache: static x86-64 executables, `-O2`. */
import { join } from "node:path";

const SOURCES = new URL("programs/", import.meta.url).pathname;
const FLAGS = ["-O2", "-static", "-Wall", "-Wextra"];

/** A benchmark program. */
export interface BenchProgram {
  name: string;
  path: string;
}

/** Where builds are kept: bench in $LIGHTER_CACHE or ~/.cache/lighter. */
export function cacheFolder(): string {
  const cache = Deno.env.get("LIGHTER_CACHE") ?? join(Deno.env.get("HOME") ?? ".", ".cache/lighter");
  return join(cache, "bench");
}

/** Builds what is older than its source. Needs gcc and g++. */
export async function buildPrograms(): Promise<BenchProgram[]> {
  const folder = cacheFolder();
  await Deno.mkdir(folder, { recursive: true });
  const frame = await modifiedAt(join(SOURCES, "rounds.h"));
  const programs: BenchProgram[] = [];
  for await (const entry of Deno.readDir(SOURCES)) {
    const match = /^(\w+)\.(c|cpp)$/.exec(entry.name);
    if (match === null) continue;
    const source = join(SOURCES, entry.name), path = join(folder, match[1]);
    if (await modifiedAt(path) < Math.max(frame, await modifiedAt(source))) await compile(match[2], source, path);
    programs.push({ name: match[1], path });
  }
  return programs.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Compiles one source, "c" or "cpp", to a static executable. */
export async function compile(language: string, source: string, path: string): Promise<void> {
  const compiler = language === "c" ? "gcc" : "g++";
  const args = [...FLAGS, "-o", path, source, "-lm"];
  const done = await new Deno.Command(compiler, { args }).output().catch(() => undefined);
  if (done === undefined) throw new Error(`${compiler} is missing: apt-get install gcc g++ libc6-dev`);
  if (!done.success) throw new Error(`${compiler} cannot compile ${source}: ${new TextDecoder().decode(done.stderr)}`);
}

/** Modification time in ms; 0 if there is no such file. */
async function modifiedAt(path: string): Promise<number> {
  return await Deno.stat(path).then((stat) => stat.mtime?.getTime() ?? 0, () => 0);
}
