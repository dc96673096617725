/** Code that no request of the training ran: loaded when the guest gets to it, or, on Workers, perhaps left out. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildImage } from "../fixtures/build_image.ts";
import { bundleEntry, stopBundler, type Target } from "../src/cli/bundle.ts";
import { translateImage } from "../src/cli/translate_image.ts";
import type { Manifest } from "../src/package/manifest.ts";
import { findNode } from "./support/node_binary.ts";
import { type HostName, startHost } from "./zoo/hosts.ts";

const HELLO = fileURLToPath(new URL("../fixtures/images/hello", import.meta.url));
let folder: string, manifest: Manifest;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lighter-idle-"));
  writeFileSync(join(folder, "hello.tar"), buildImage(HELLO));
  manifest = (await translateImage(join(folder, "hello.tar"), { out: join(folder, "out") })).app.manifest;
});
afterAll(() => rmSync(folder, { recursive: true }));

it("the manifest says which part of the server ran", () => {
  const parts = manifest.modules.map(({ path, inode, start, isRun }) => ({ path, inode, start, isRun }));
  const { inode, start } = manifest.modules[0];
  expect(parts).toEqual([true, false].map((isRun) => ({ path: "/bin/hello", inode, start, isRun })));
  const [run, rest] = manifest.modules;
  expect(rest.firstSlot).toBe(run.firstSlot + run.entries);
  expect([manifest.lookups, manifest.leftOut]).toEqual([[["code0"]], []]);
});

/** What the host answers and logs, were the manifest another one. */
async function answers(
  host: HostName,
  target: Target,
  change: Partial<Manifest> = {},
): Promise<{ texts: string[]; log: string }> {
  const out = join(folder, `${host}${Object.keys(change)}`);
  cpSync(join(folder, "out"), out, { recursive: true });
  const files = await bundleEntry(target, { ...manifest, ...change });
  for (const [name, text] of files) writeFileSync(join(out, name), text);
  await stopBundler();
  const server = await startHost(host, out);
  try {
    const texts: string[] = [];
    // The training knows none of these paths.
    for (const name of ["one", "two", "three"]) {
      texts.push(await (await fetch(`${server.url}/hello?name=${name}`)).text());
    }
    return { texts, log: server.output() };
  } finally {
    await server.stop();
  }
}

const GREETINGS = ["Hello, one!\n", "Hello, two!\n", "Hello, three!\n"];

const HOSTS = findNode() === null ? ["deno"] as const : ["deno", "node"] as const;

it("deno.js and node.mjs load a translator for what has no module, and say what that was", async () => {
  for (const host of HOSTS) {
    const { texts, log } = await answers(host, host, { modules: [], lookups: [] });
    expect(texts).toEqual(GREETINGS);
    expect(log).toContain("spent outside code translated ahead");
  }
});

it("deno.js and node.mjs wait for the rest, and miss nothing", async () => {
  for (const host of HOSTS) {
    const { texts, log } = await answers(host, host);
    expect(texts).toEqual(GREETINGS);
    expect(log).not.toContain("outside code");
  }
});

it("worker.js has the rest, or interprets what it is without, and says so", async () => {
  const having = await answers("workers", "workers"),
    without = await answers("workers", "workers", { leftOut: ["code1"] });
  expect([having.texts, without.texts]).toEqual([GREETINGS, GREETINGS]);
  expect(having.log).not.toContain("outside code");
  expect(without.log).toMatch(/interpreted: left out: 0x[^(]*\/bin\/hello/);
});

it("what any server may get is answered without the rest", async () => {
  for (const host of HOSTS) {
    const out = join(folder, `${host}-alone`);
    cpSync(join(folder, "out"), out, { recursive: true });
    // Deno looks for all that a program may import before it runs it.
    if (host === "node") rmSync(join(out, "code1.wasm"));
    else writeFileSync(join(out, "code1.wasm"), "no module");
    const server = await startHost(host, out);
    try {
      const fields = { "Accept-Encoding": "gzip", "Accept-Language": "en", Cookie: "a=b", "User-Agent": "test" };
      for (let i = 0; i < 3; i++) {
        const response = await fetch(`${server.url}/`, { headers: fields });
        expect([response.status, await response.text()]).toEqual([200, expect.stringContaining("hello")]);
      }
      expect(server.output()).not.toContain("code1.wasm");
      // It is asked for in the end.
      await fetch(`${server.url}/hello?name=one`).then((response) => response.text(), () => {});
      expect(server.output()).toContain("code1.wasm");
    } finally {
      await server.stop();
    }
  }
});

it("worker.js imports no module that is left out", () => {
  const texts = ["workers", "workersleftOut"].map((name) => readFileSync(join(folder, name, "worker.js"), "utf8"));
  expect(texts.map((text) => /^import lighter_code1 /m.test(text))).toEqual([true, false]);
});
