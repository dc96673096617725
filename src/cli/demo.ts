/** `demo`: translates the image of our own small server, and serves it. Needs no compiler, no container tool, no network. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { buildImage } from "../../fixtures/build_image.ts";
import { badInput } from "../errors.ts";
import { translateCommand } from "./translate.ts";
import { parseCommandLine, UsageError } from "./usage.ts";

const HELP = `Usage: deno task demo [options]

Makes a container image with a small HTTP server (fixtures/images/hello), translates it and serves it with Deno.

  --port N   port to serve on (default: a free one)
  --once     make one request, print the answer, and end
  --help     this text`;

const OPTIONS = {
  port: { type: "string", default: "0" },
  once: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const HELLO = fileURLToPath(new URL("../../fixtures/images/hello", import.meta.url));

export async function demoCommand(args: string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), "lighter-demo-"));
  // Ctrl-C ends the command the orderly way: what was made goes.
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    const image = join(folder, "hello.tar");
    writeFileSync(image, buildImage(HELLO));
    console.log(`Image: ${image} (OCI layout), from ${HELLO}`);
    const out = join(folder, "out");
    const code = await translateCommand([image, "--out", out]);
    // The translation keeps this thread busy; signals that came meanwhile are delivered now.
    await new Promise((resolve) => setTimeout(resolve));
    if (code !== 0 || stop.signal.aborted) return code;
    return await serve(out, options, stop.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    rmSync(folder, { recursive: true, force: true });
  }
}

interface DemoOptions {
  port: string;
  once: boolean;
  help: boolean;
}

function parseOptions(args: string[]): DemoOptions {
  const { values } = parseCommandLine({ args, options: OPTIONS, allowPositionals: false });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new UsageError(`--port ${values.port}: want 0 to 65535`);
  }
  return values;
}

async function serve(out: string, { port, once }: DemoOptions, stop: AbortSignal): Promise<number> {
  const args = ["serve", "--host", "127.0.0.1", "--port", port, join(out, "deno.js")];
  // This very Deno: none need be on the PATH.
  const server = spawn(process.execPath, args, {
    stdio: ["ignore", "inherit", "pipe"],
    env: { ...process.env, NO_COLOR: "1" },
  });
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  stop.addEventListener("abort", () => void server.kill("SIGTERM"));
  try {
    const url = await listening(server);
    if (once) return await request(new URL("/hello?name=demo", url));
    console.log(`\nServing at ${url}\n${examples(url)}\nCtrl-C ends it.\n`);
    await ended;
    return stop.aborted ? 0 : 1;
  } finally {
    server.kill("SIGTERM");
    await ended;
  }
}

/** Waits for the line with the address; the other lines, before and after, are shown. */
function listening(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let last = "";
    createInterface({ input: server.stderr! }).on("line", (line) => {
      const url = /Listening on (http:\S+)/.exec(line)?.[1];
      if (url !== undefined) resolve(url.replace(/\/$/, ""));
      else console.error(last = line);
    });
    server.once("exit", () => reject(badInput(`deno serve ended before it listened: ${last}`)));
  });
}

async function request(url: URL): Promise<number> {
  const response = await fetch(url);
  console.log(`\nGET ${url.pathname}${url.search} -> ${response.status}\n${await response.text()}`);
  return response.ok ? 0 : 1;
}

function examples(url: string): string {
  return [
    `  curl ${url}/`,
    `  curl '${url}/hello?name=you'`,
    `  curl -N '${url}/stream?n=5&ms=500'`,
    `  curl --data-binary 'the body comes back' ${url}/echo`,
    `  curl ${url}/count`,
  ].join("\n");
}
