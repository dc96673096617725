import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { sleep } from "./_conformance.ts";

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve((address as { port: number }).port));
    });
  });
}

/** Starts a server that takes long to listen: by then somebody else may have the port, and it is tried with another. */
export async function startOnFreePort(start: (port: number) => Promise<ServerProcess>): Promise<ServerProcess> {
  for (let attempts = 3;; attempts--) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (attempts === 1 || !/address already in use/i.test(String(error))) throw error;
    }
  }
}

/** A server in a process group of its own. */
export interface ServerProcess {
  readonly url: string;
  stop(): Promise<void>;
  /** Asks it to end (SIGTERM); false if it has not within 5 s. */
  end(): Promise<boolean>;
}

/** Starts a server and waits until it answers. */
export async function startServer(
  command: string,
  args: string[],
  port: number,
  { env = {}, cwd }: { env?: Record<string, string>; cwd?: string } = {},
): Promise<ServerProcess> {
  const child = spawn(command, args, {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
  });
  let output = "";
  child.stdout!.on("data", (d) => output += d);
  child.stderr!.on("data", (d) => output += d);
  const url = `http://127.0.0.1:${port}`;
  for (let i = 0; i < 300; i++) {
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}:\n${output}`);
    const up = await fetch(`${url}/hello`).then((r) => r.text().then(() => r.status === 200), () => false);
    if (up) return { url, stop: () => stop(child), end: () => end(child) };
    await sleep(100);
  }
  await stop(child);
  throw new Error(`${command} did not answer within 30 s:\n${output}`);
}

async function end(child: ChildProcess): Promise<boolean> {
  let hasEnded = false;
  child.once("exit", () => hasEnded = true);
  process.kill(child.pid!, "SIGTERM");
  for (let i = 0; i < 50 && !hasEnded; i++) await sleep(100);
  return hasEnded;
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    // The whole group: wrangler starts workerd as a child of its own.
    process.kill(-child.pid!, "SIGKILL");
  });
}
