/** The real hosts, each started on the output folder of a translation as a user would. */
import { type ChildProcess, spawn } from "node:child_process";

import { createServer } from "node:net";

import process from "node:process";
import { fileURLToPath } from "node:url";
import { findNode } from "../support/node_binary.ts";

export const HOST_NAMES = ["deno", "deno-server", "node", "workers"] as const;
export type HostName = (typeof HOST_NAMES)[number];

/** A host that answers. */
export interface RunningHost {
  readonly url: string;
  readonly pid: number;
  /** From the start of the process to the first byte of the first answer. */
  readonly firstByteMs: number;
  /** What it has written so far. */
  output(): string;
  stop(): Promise<void>;
}

const READY_MS = 60_000;
const WRANGLER = fileURLToPath(new URL("../../node_modules/wrangler/bin/wrangler.js", import.meta.url));

/** Starts a host on an output folder and waits for the first answer to `path`, whatever its status. */
export async function startHost(name: HostName, folder: string, path = "/"): Promise<RunningHost> {
  const port = await freePort(), inspectorPort = await freePort();
  const [command, args, env] = commandOf(name, port, inspectorPort);
  return await start(command, args, { folder, env, port, path });
}

type Command = [command: string, args: string[], env: Record<string, string>];

function commandOf(name: HostName, port: number, inspectorPort: number): Command {
  switch (name) {
    case "deno":
      // No permission flags: that it needs none is part of what is tested.
      return [process.execPath, ["serve", "--cached-only", "--host", "127.0.0.1", "--port", `${port}`, "deno.js"], {}];
    case "deno-server": {
      const permissions = [`--allow-net=0.0.0.0:${port}`, "--allow-env=PORT"];
      return [process.execPath, ["run", "--cached-only", "--no-prompt", ...permissions, "deno_server.js"], {
        PORT: `${port}`,
      }];
    }
    case "node": {
      const node = findNode();
      if (node === null) throw new Error("there is no Node 22 or later, and npm's `node` package cannot be had");
      return [node, ["node.mjs"], { PORT: `${port}` }];
    }
    case "workers":
      // Left to itself it takes an inspector's port that another one is about to take, too.
      return ["node", [
        ...[WRANGLER, "dev", "--ip", "127.0.0.1", "--port", `${port}`],
        ...["--inspector-port", `${inspectorPort}`],
      ], { WRANGLER_SEND_METRICS: "false", CI: "1" }];
  }
}

interface StartOptions {
  folder: string;
  env: Record<string, string>;
  port: number;
  path: string;
}

/** Starts any server in a process group of its own and waits until it answers. */
export async function start(command: string, args: string[], options: StartOptions): Promise<RunningHost> {
  const { folder, env, port, path } = options;
  const since = performance.now();
  const child = spawn(command, args, {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    cwd: folder,
    env: { ...process.env, NO_COLOR: "1", ...env },
  });
  let output = "";
  child.stdout!.on("data", (d) => output += d);
  child.stderr!.on("data", (d) => output += d);
  // Not to outlive this process, however it ends.
  const atExit = () => killGroup(child);
  process.on("exit", atExit);
  const stop = async () => {
    process.off("exit", atExit);
    await ended(child);
  };
  const url = `http://127.0.0.1:${port}`;
  while (performance.now() - since < READY_MS) {
    if (child.exitCode !== null) {
      await stop();
      throw new Error(`${command} ended with ${child.exitCode}:\n${output}`);
    }
    const answered = await fetch(url + path).then((r) => {
      void r.body?.cancel();
      return true;
    }, () => false);
    if (answered) {
      return { url, pid: child.pid!, firstByteMs: performance.now() - since, output: () => output, stop };
    }
    await new Promise((go) => setTimeout(go, 5));
  }
  await stop();
  throw new Error(`${command} did not answer within ${READY_MS / 1000} s:\n${output}`);
}

function killGroup(child: ChildProcess): void {
  try {
    // The whole group: wrangler starts workerd as a child of its own.
    process.kill(-child.pid!, "SIGKILL");
  } catch { /* it has ended by itself */ }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode === null && child.signalCode === null) child.once("exit", () => resolve());
    else resolve();
    killGroup(child);
  });
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address() as { port: number };
      server.close(() => resolve(address.port));
    });
  });
}
