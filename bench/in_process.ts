/** Requests to a translated server in this very process, without a host's HTTP server: what guest, kernel and bridge cost. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { denoHost } from "../adapters/deno/host.ts";
import { JitCompiler } from "../src/jit/lazy_compiler.ts";
import { IrMissInterpreter } from "../src/jit/miss_interpreter.ts";
import { groupFile, groupSource } from "../src/package/compressed_files.ts";
import type { Manifest } from "../src/package/manifest.ts";
import { App, type AppInstance } from "../src/serve/app.ts";
import type { HostConnection } from "../src/serve/instance.ts";
import { freshInstances, Gateway, planRequest, type ResponseSink, sharedInstance } from "../src/serve/mod.ts";

export interface InProcessFigures {
  /** CPU time a request: bytes into a guest's connection and out again. */
  guestUs: number;
  /** The same with what stands between a host's request and the guest: planning, encoding, reading the response. */
  bridgedUs: number;
  /** With the bridge, and an instance of its own for each request, as Workers have it; on a connection of its own, then. */
  ownInstanceUs: number;
  /** Linear memories of all processes that share an instance, afterwards. */
  guestMemoryBytes: number;
}

/** Requests before those that count, and rounds of as many; the quickest round counts, as others share the machine. */
const REQUESTS = 5_000, OWN_REQUESTS = 500, ROUNDS = 5;

/** Measures the server in an output folder. */
export async function measureInProcess(folder: string, path: string): Promise<InProcessFigures> {
  const app = openApp(folder);
  const instance = app.newInstance();
  const guestUs = await microseconds(rawRequest(instance, path));
  const gateway = new Gateway(sharedInstance(() => instance), {});
  const bridgedUs = await microseconds(() => bridgedRequest(gateway, path));
  const processes = [...instance.kernel.processes.values()];
  const guestMemoryBytes = processes.reduce((n, p) => n + (p.space?.machine.memory.u8.length ?? 0), 0);
  const own = new Gateway(freshInstances(() => app.newInstance()), {});
  const ownInstanceUs = await microseconds(() => bridgedRequest(own, path), OWN_REQUESTS);
  return { guestUs, bridgedUs, ownInstanceUs, guestMemoryBytes };
}

/** As the entries do, from the files of the folder. */
function openApp(folder: string): App {
  const read = (file: string) => new Uint8Array(readFileSync(join(folder, file)));
  const manifest = JSON.parse(readFileSync(join(folder, "lighter.json"), "utf8")) as Manifest;
  const modules = Object.fromEntries(
    [{ name: "base", file: "base.wasm" }, ...manifest.modules].map(({ name, file }) => {
      return [name, new WebAssembly.Module(read(file))];
    }),
  );
  return new App({
    manifest,
    data: App.readData(read(manifest.data), manifest),
    groups: groupSource({ read: (group) => read(groupFile(group)) }),
    modules,
    host: { ...denoHost, log: () => {}, writeLines: () => {} },
    compiler: new JitCompiler(),
    interpreter: new IrMissInterpreter(),
  });
}

/** CPU time of one call, this process's threads together. */
async function microseconds(request: () => Promise<void> | void, requests = REQUESTS): Promise<number> {
  let best = Infinity;
  for (let round = 0; round <= ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < requests; i++) await request();
    const { user, system } = process.cpuUsage(before);
    if (round > 0) best = Math.min(best, (user + system) / requests);
  }
  return best;
}

/** A kept connection, and a new one when the guest has closed it, or does so without an answer, as when it restarts. */
function rawRequest(instance: AppInstance, path: string): () => Promise<void> {
  const head = new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  instance.run(1e9);
  let connection: HostConnection | null = null;
  const pause = () => new Promise((go) => setTimeout(go, 1));
  return async () => {
    for (let got = 0, tries = 0; got === 0 && tries < 1000; tries++) {
      if (connection === null || connection.readable || !connection.writable) {
        connection?.close();
        connection = instance.net.hostConnect("first");
      }
      connection?.write(head.slice());
      for (let ended = connection === null; got === 0 && !ended;) {
        instance.run(20e6);
        let bytes;
        while ((bytes = connection!.read()) !== null && typeof bytes !== "string") got += bytes.length;
        ended = typeof bytes === "string";
        // Now and then the guest is not done in one go: its timers, its children.
        if (got === 0) await pause();
      }
      if (got > 0) return;
    }
    throw new Error(`${path} is not answered`);
  };
}

function bridgedRequest(gateway: Gateway, path: string): Promise<void> | void {
  let done: (() => void) | null = null, status = 0;
  const sink: ResponseSink = {
    onInformational: undefined,
    respond(head) {
      status = head.status;
      done?.();
    },
    fail(failure) {
      status = failure.status;
      done?.();
    },
    describe: () => path,
  };
  const plan = planRequest({
    method: "GET",
    target: path,
    scheme: "http",
    host: "localhost",
    version: "1.1",
    fields: [["Host", "localhost"]],
    body: { kind: "none" },
    upload: null,
    remoteAddress: "127.0.0.1",
    takesInformational: false,
  }, gateway.planOptions);
  gateway.serve(plan, sink);
  const check = () => {
    if (status !== 200) throw new Error(`${path} was answered with ${status}`);
  };
  return status !== 0 ? check() : new Promise<void>((go) => done = go).then(check);
}
