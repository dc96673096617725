/** The sources: gcc.c-torture/execute out of Debian's gcc-12-source package, unpacked once into the cache. */
import { join } from "node:path";

const PACKAGE = "gcc-12-source";
const ARCHIVES = "/usr/src/gcc-12";
const SUITE = "gcc/testsuite/gcc.c-torture/execute";

/** Where builds and sources are kept: $LIGHTER_CACHE or ~/.cache/lighter. */
export function cacheFolder(): string {
  return Deno.env.get("LIGHTER_CACHE") ?? join(Deno.env.get("HOME") ?? ".", ".cache/lighter");
}

/** Unpacks the suite unless it is there; gives its folder. */
export async function fetchSources(cache: string): Promise<string> {
  const folder = join(cache, "source");
  if (await exists(join(folder, "execute.exp"))) return folder;
  const archive = await findArchive() ?? await installArchive();
  await Deno.mkdir(folder, { recursive: true });
  // <gcc>/gcc/testsuite/gcc.c-torture/execute/x.c: five leading parts go.
  await run("tar", ["-xJf", archive, "-C", folder, "--strip-components=5", "--wildcards", `*/${SUITE}`]);
  return folder;
}

async function findArchive(): Promise<string | undefined> {
  if (!await exists(ARCHIVES)) return undefined;
  for await (const entry of Deno.readDir(ARCHIVES)) {
    if (/^gcc-12.*\.tar\.xz$/.test(entry.name)) return join(ARCHIVES, entry.name);
  }
  return undefined;
}

async function installArchive(): Promise<string> {
  console.error(`installing ${PACKAGE}`);
  await run("apt-get", ["install", "-y", "--no-install-recommends", PACKAGE]);
  const archive = await findArchive();
  if (archive === undefined) throw new Error(`${PACKAGE} is installed, but ${ARCHIVES} holds no gcc-12*.tar.xz`);
  return archive;
}

async function run(program: string, args: string[]): Promise<void> {
  const done = await new Deno.Command(program, { args, stdout: "null", stderr: "piped" }).output().catch(() =>
    undefined
  );
  if (done === undefined) {
    throw new Error(`cannot run ${program}: not found; the suite needs the Debian package ${PACKAGE}`);
  }
  if (!done.success) throw new Error(`${program} ${args.join(" ")} failed: ${new TextDecoder().decode(done.stderr)}`);
}

/** Whether a path exists. */
export async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
