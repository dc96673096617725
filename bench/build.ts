/** Builds the programs of bench into the cache: x86-64 executables, optimised, by the compilers of this machine. */
import { join } from "node:path";
import { existsSync } from "node:fs";

const PROGRAMS = new URL("programs/", import.meta.url).pathname;

/** By the ending of the source: compiler with its arguments but for output and source, what follows these, what to install. */
const COMPILERS: Record<string, { command: string[]; after?: string[]; env?: Record<string, string>; needs: string }> =
  {
    c: { command: ["gcc", "-O2", "-static", "-Wall", "-Wextra"], after: ["-lm"], needs: "gcc libc6-dev" },
    cpp: { command: ["g++", "-O2", "-static", "-Wall", "-Wextra"], needs: "g++ libc6-dev" },
    go: { command: ["go", "build"], env: { CGO_ENABLED: "0", GOAMD64: "v1" }, needs: "golang-go" },
    rs: { command: ["rustc", "-O", "-C", "target-cpu=x86-64"], needs: "rustc" },
  };

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

/** Builds the programs of bench/programs that are older than their sources. */
export async function buildPrograms(): Promise<BenchProgram[]> {
  const folder = cacheFolder();
  await Deno.mkdir(folder, { recursive: true });
  const programs: BenchProgram[] = [];
  for await (const entry of Deno.readDir(PROGRAMS)) {
    const match = /^(\w+)\.(c|cpp)$/.exec(entry.name);
    if (match === null) continue;
    const path = join(folder, match[1]);
    await compile(join(PROGRAMS, entry.name), path, join(PROGRAMS, "rounds.h"));
    programs.push({ name: match[1], path });
  }
  return programs.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Compiles one source, by its ending, unless the executable is newer than it and what it includes. Throws if it cannot. */
export async function compile(source: string, path: string, ...includes: string[]): Promise<void> {
  const changed = Math.max(...await Promise.all([source, ...includes].map(modifiedAt)));
  if (await modifiedAt(path) >= changed) return;
  const { command: [compiler, ...args], after, env, needs } = COMPILERS[source.slice(source.lastIndexOf(".") + 1)];
  const command = new Deno.Command(find(compiler), {
    args: [...args, "-o", path, source, ...after ?? []],
    env: env ?? {},
  });
  const done = await command.output().catch(() => undefined);
  if (done === undefined) throw new Error(`${compiler} is missing: apt-get install ${needs}`);
  if (!done.success) throw new Error(`${compiler} cannot compile ${source}: ${new TextDecoder().decode(done.stderr)}`);
}

/** Compilers that their own installers put where PATH may not look. */
function find(compiler: string): string {
  const places: Record<string, string> = {
    go: "/usr/local/go/bin/go",
    rustc: join(Deno.env.get("HOME") ?? "/", ".cargo/bin/rustc"),
  };
  const isInPath = (Deno.env.get("PATH") ?? "").split(":").some((folder) => existsSync(join(folder, compiler)));
  return isInPath ? compiler : places[compiler] ?? compiler;
}

/** Modification time in ms; 0 if there is no such file. */
async function modifiedAt(path: string): Promise<number> {
  return await Deno.stat(path).then((stat) => stat.mtime?.getTime() ?? 0, () => 0);
}
