/** What the benchmarks of serving share: a translated zoo entry, its native server, and what processes use. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { translateImage } from "../src/cli/translate_image.ts";
import { Zoo } from "../tests/zoo/entry.ts";
import { freePort } from "../tests/zoo/hosts.ts";

/** Options that all of them take. */
export const SERVING_OPTIONS = {
  entry: { type: "string", default: "busybox" },
  zoo: { type: "string", default: Zoo.defaultDirectory() },
  host: { type: "string", default: "deno,deno-server,node" },
  output: { type: "string" },
  json: { type: "string" },
} as const;

export const SERVING_USAGE = `  --entry NAME        entry of the zoo (busybox)
  --zoo DIR           where the zoo is ($LIGHTER_ZOO, or ../shared/zoo)
  --host A,B          of deno, deno-server, node, workers (all but workers)
  --output DIR        output folder of an earlier translation of the entry, instead of translating it
  --json FILE         all figures`;

/** Calls back with an output folder of the entry; what was made for it is deleted afterwards. */
export async function withOutput<T>(
  { zoo, entry, output }: { zoo: Zoo; entry: string; output: string | undefined },
  use: (folder: string) => Promise<T>,
): Promise<T> {
  if (output !== undefined) return await use(output);
  const folder = mkdtempSync(join(tmpdir(), "lighter-bench-"));
  try {
    const image = await zoo.build(entry, folder);
    const { out } = await translateImage(image, { out: join(folder, "out") });
    return await use(out);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A server under measurement. */
export interface MeasuredServer {
  url: string;
  use(): ProcessUse;
  stop(): Promise<void>;
  /** What a client is started by, where the server has a network of its own. */
  enter?: readonly string[];
}

/**
 * The entry's own server on this machine, as the zoo runs it (needs root); null where it cannot. With `ownPort` it is reached
 * on the image's port, which must be free: on another one a relay of the zoo stands in between. With `ownNetwork` only
 * clients that are started by `enter` reach it, without a relay, whatever others use the port. `image` is its image if it is not
 * the one that the zoo has built last.
 */
export async function startNative(
  zoo: Zoo,
  entry: string,
  { ownPort = false, ownNetwork = false, image }: { ownPort?: boolean; ownNetwork?: boolean; image?: string } = {},
): Promise<MeasuredServer | null> {
  const args = ["native", zoo.folder(entry), ...(ownPort ? [] : ["--port", `${await freePort()}`])];
  if (image !== undefined) args.push("--image", image);
  const child = spawn(join(zoo.directory, "zoo"), args, { stdio: ["ignore", "pipe", "inherit"] });
  // Not to outlive this process, however it ends.
  const atExit = () => child.kill("SIGTERM");
  process.on("exit", atExit);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  void ended.then(() => process.off("exit", atExit));
  const line = await new Promise<string | null>((resolve) => {
    let text = "";
    child.stdout.on("data", (d) => /\n/.test(text += d) && resolve(text));
    child.once("exit", () => resolve(null));
  });
  const found = /listens on (\S+) \(pids ([\d ]+),/.exec(line ?? "");
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  if (found === null) {
    await stop();
    return null;
  }
  const pids = found[2].split(" ").map(Number);
  const use = () => sum(pids.map(useOf));
  if (!ownNetwork) return { url: found[1], use, stop };
  const url = `http://127.0.0.1:${zoo.port(entry)}`;
  return { url, use, stop, enter: ["nsenter", `--net=/proc/${pids[0]}/ns/net`, "--"] };
}

export interface ProcessUse {
  cpuMs: number;
  rssBytes: number;
}

/** Of all processes of a group, and their children that have ended. */
export function useOfGroup(group: number): ProcessUse {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number);
  return sum(pids.filter((pid) => statOf(pid)?.[GROUP] === group).map(useOf));
}

// proc(5), /proc/PID/stat; numbered from the field after the name, which is the third.
const GROUP = 2, UTIME = 11, CSTIME = 14, RSS = 21;
/** Clock ticks are 10 ms on every Linux of today; pages 4 KiB. */
const TICK_MS = 10, PAGE_BYTES = 4096;

function statOf(pid: number): number[] | null {
  const file = `/proc/${pid}/stat`;
  try {
    return existsSync(file) ? readFileSync(file, "utf8").replace(/^.*\) /s, "").split(" ").map(Number) : null;
  } catch {
    return null; // it has just ended
  }
}

function useOf(pid: number): ProcessUse {
  const fields = statOf(pid);
  if (fields === null) return { cpuMs: 0, rssBytes: 0 };
  let ticks = 0;
  for (let i = UTIME; i <= CSTIME; i++) ticks += fields[i];
  return { cpuMs: ticks * TICK_MS, rssBytes: fields[RSS] * PAGE_BYTES };
}

function sum(uses: readonly ProcessUse[]): ProcessUse {
  return {
    cpuMs: uses.reduce((n, u) => n + u.cpuMs, 0),
    rssBytes: uses.reduce((n, u) => n + u.rssBytes, 0),
  };
}

/** Writes figures where --json says. */
export function writeJson(file: string | undefined, figures: unknown): void {
  if (file !== undefined) Deno.writeTextFileSync(file, `${JSON.stringify(figures, null, 1)}\n`);
}

// A stopped benchmark stops its servers, too.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
