/**
 * The runtime of Workers by itself. `wrangler dev` has proxies before it, which take more of a processor than most servers do;
 * this is nearer to what a deployed Worker costs.
 */
import { readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Manifest } from "../src/package/manifest.ts";
import { freePort, type RunningHost, start } from "../tests/zoo/hosts.ts";

const CONFIG = "workerd.capnp";

/** Starts it on an output folder (one that is not stateful), and waits for the first answer to `path`. */
export async function startWorkerd(folder: string, path: string): Promise<RunningHost> {
  const port = await freePort(), file = join(folder, CONFIG);
  writeFileSync(file, configOf(folder, port));
  try {
    const host = await start(binary(), ["serve", CONFIG], { folder, env: {}, port, path });
    return { ...host, stop: () => host.stop().finally(() => rmSync(file)) };
  } catch (e) {
    rmSync(file);
    throw e;
  }
}

/** The one that wrangler brings along. */
function binary(): string {
  const wrangler = new URL("../node_modules/wrangler/package.json", import.meta.url);
  return createRequire(realpathSync(fileURLToPath(wrangler)))("workerd").default;
}

/** As wrangler.toml says it, with the folder of files in place of static assets. */
function configOf(folder: string, port: number): string {
  const manifest = JSON.parse(readFileSync(join(folder, "lighter.json"), "utf8")) as Manifest;
  const toml = readFileSync(join(folder, "wrangler.toml"), "utf8");
  const [, date] = /^compatibility_date = ("[^"]+")$/m.exec(toml)!;
  const [, flags] = /^compatibility_flags = (\[.*\])$/m.exec(toml)!;
  const there = manifest.modules.filter((m) => !manifest.leftOut.includes(m.name)).map((m) => m.file);
  const module = (kind: string, name: string) => `    (name = "${name}", ${kind} = embed "${name}"),`;
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "main", worker = .server), (name = "files", disk = (path = "files")) ],
  sockets = [ (name = "http", address = "127.0.0.1:${port}", http = (), service = "main") ],
);

const server :Workerd.Worker = (
  modules = [
${module("esModule", "worker.js")}
${["base.wasm", ...there].map((name) => module("wasm", name)).join("\n")}
${module("data", manifest.data)}
  ],
  compatibilityDate = ${date},
  compatibilityFlags = ${flags},
  bindings = [ (name = "FILES", service = "files") ],
);
`;
}
