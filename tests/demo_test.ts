/** End to end: the demo's image, translated once; its output, copied elsewhere, answers on every host as the native server does. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildImage } from "../fixtures/build_image.ts";
import { wranglerConfig } from "../src/cli/bundle.ts";
import { translateImage } from "../src/cli/translate_image.ts";
import { findNode } from "./support/node_binary.ts";
import { type HostName, type RunningHost, startHost } from "./zoo/hosts.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
let folder: string, output: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lighter-demo-test-"));
  const image = join(folder, "hello.tar");
  writeFileSync(image, buildImage(join(root, "fixtures/images/hello")));
  const { out } = await translateImage(image, { out: join(folder, "first"), logMemory: true });
  // What the output needs, it has with it.
  output = join(folder, "elsewhere");
  cpSync(out, output, { recursive: true });
  rmSync(out, { recursive: true });
  rmSync(image);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("the output folder holds entries for three hosts, a manifest, code and data", () => {
  expect(readdirSync(output).sort()).toEqual(
    [
      "app.data.wasm",
      "base.wasm",
      "code0.wasm",
      "code1.wasm",
      "deno",
      "deno.js",
      "deno_server.js",
      "files",
      "lighter.json",
      "node",
      "node.mjs",
      "worker.js",
      "wrangler.toml",
    ],
  );
});

it("the manifest says what was translated, and that nothing was met that is not supported", () => {
  const manifest = JSON.parse(readFileSync(join(output, "lighter.json"), "utf8"));
  expect(manifest.process).toMatchObject({ argv: ["/bin/hello", "8080"], uid: 65534, stopSignal: 15 });
  expect(manifest.listeners).toEqual([{ ip: "0.0.0.0", port: 8080 }]);
  expect(manifest.modules.map((m: { path: string }) => m.path)).toEqual(["/bin/hello", "/bin/hello"]);
  expect(manifest.unsupported).toEqual({ instructions: [], syscalls: [] });
});

it("the same image gives the same output", async () => {
  const image = join(folder, "again.tar");
  writeFileSync(image, buildImage(join(root, "fixtures/images/hello")));
  // What was kept of the first translation must be what would be made now.
  const { out } = await translateImage(image, { out: join(folder, "second"), logMemory: true, cache: false });
  const names = readdirSync(output, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(output, name)).isFile() && name !== "wrangler.toml"); // names the Worker after the file
  expect(names).toContain("files/0.wasm");
  expect(names.filter((name) => !readFileSync(join(output, name)).equals(readFileSync(join(out, name))))).toEqual([]);
});

it.skipIf(findNode() === null)("node.mjs sets V8's flags before it compiles a module, where V8 knows them", () => {
  const spy = join(folder, "spy.mjs");
  writeFileSync(
    spy,
    `import v8 from "node:v8";
     const flags = [];
     v8.setFlagsFromString = (flag) => flags.push(flag);
     WebAssembly.Module = class { constructor() { console.log(flags.length, process.versions.v8); process.exit(0); } };`,
  );
  const args = ["--import", spy, join(output, "node.mjs")];
  const [flags, v8] = execFileSync(findNode()!, args, { encoding: "utf8" }).split(" ");
  expect(Number(flags) > 0).toBe(parseInt(v8) <= 13);
});

describe("under deno serve", () => addTests("deno", { shared: true }));
describe("in deno_server.js", () => addTests("deno-server", { shared: true }));
describe.skipIf(findNode() === null)("in Node 22 or later", () => addTests("node", { shared: true }));
describe("in workerd", () => addTests("workers", { shared: false }));
describe("in workerd, in a Durable Object", () => {
  addTests("workers", {
    shared: true,
    prepare() {
      const stateful = join(folder, "stateful");
      cpSync(output, stateful, { recursive: true });
      writeFileSync(join(stateful, "wrangler.toml"), wranglerConfig("hello", { stateful: true }));
      return stateful;
    },
  });
});

function addTests(host: HostName, { shared, prepare }: { shared: boolean; prepare?: () => string }): void {
  let server: RunningHost;
  const get = (path: string, init?: RequestInit) => fetch(`${server.url}${path}`, init);
  const text = async (path: string, init?: RequestInit) => await (await get(path, init)).text();

  beforeAll(async () => {
    server = await startHost(host, prepare?.() ?? output);
  });

  afterAll(() => server?.stop());

  it("answers with the guest's text and fields", async () => {
    const response = await get("/hello?name=W%C3%B6rld+%26+all");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(await response.text()).toBe("Hello, Wörld & all!\n");
    expect(await text("/")).toMatch(/^Hello from a container image\./);
  });

  it("shows the guest the client's fields, and whom it came through", async () => {
    const fields = await text("/headers", { headers: { "X-Custom": "a, b" } });
    expect(fields).toMatch(/^x-custom: a, b$/im);
    expect(fields).toMatch(/^x-forwarded-proto: http$/im);
  });

  it("keeps both Set-Cookie lines", async () => {
    expect((await get("/cookies")).headers.getSetCookie()).toEqual(["a=1; Path=/", "b=2; HttpOnly"]);
  });

  it("brings files that nothing read before", async () => {
    const about = readFileSync(join(root, "fixtures/images/hello/root/share/about.txt"), "utf8");
    expect(await Promise.all([text("/about"), text("/about")])).toEqual([about, about]);
    expect(await text("/about")).toBe(about);
  });

  it("answers HEAD with fields only", async () => {
    const response = await get("/big?n=12345", { method: "HEAD" });
    expect([response.status, response.headers.get("content-length")]).toEqual([200, "12345"]);
    expect(await response.text()).toBe("");
  });

  it("passes refusals on", async () => {
    expect((await get("/nope")).status).toBe(404);
    expect(await text("/nope")).toBe("404 Not Found\n");
    expect((await get("/hello", { method: "DELETE" })).status).toBe(405);
  });

  it("sends a large body whole", async () => {
    const bytes = new Uint8Array(await (await get("/big?n=5000000")).arrayBuffer());
    expect(bytes.length).toBe(5_000_000);
    expect(bytes.every((byte, i) => byte === 97 + i % 26)).toBe(true);
  });

  it("echoes an upload, with a length and in chunks", async () => {
    const bytes = Uint8Array.from({ length: 1_000_000 }, (_, i) => i * 31 + (i >> 8));
    const echo = async (body: BodyInit) => {
      const init = { method: "POST", body, duplex: "half" } as RequestInit;
      return Buffer.from(await (await get("/echo", init)).arrayBuffer()).equals(bytes);
    };
    expect(await echo(bytes)).toBe(true);
    expect(await echo(new Blob([bytes]).stream())).toBe(true);
  });

  it("passes lines on as the guest writes them, with its pauses", async () => {
    // wrangler's proxy compresses text for clients that take it, and gathers it for that.
    const response = await get("/stream?n=4&ms=100", { headers: { "Accept-Encoding": "identity" } });
    const start = performance.now();
    let all = "", first = Infinity;
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
      first = Math.min(first, performance.now() - start);
      all += piece;
    }
    expect(all).toBe("line 1\nline 2\nline 3\nline 4\n");
    expect(performance.now() - start - first).toBeGreaterThan(150);
  });

  it("answers many requests at once", async () => {
    const names = Array.from({ length: 40 }, (_, i) => `n${i}`);
    const answers = await Promise.all(names.map((name) => text(`/hello?name=${name}`)));
    expect(answers).toEqual(names.map((name) => `Hello, ${name}!\n`));
  });

  it("logs how much memory the guest has, since that was asked for", () => {
    expect(server.output()).toMatch(/lighter: guest memory: \d+\.\d MB, 1 memories, the largest \d+\.\d MB; /);
  });

  it(
    shared ? "keeps the guest's state from request to request" : "gives each request the state of the snapshot",
    async () => {
      const counts = [Number(await text("/count")), Number(await text("/count"))];
      expect(counts[1] - counts[0]).toBe(shared ? 1 : 0);
    },
  );
}
