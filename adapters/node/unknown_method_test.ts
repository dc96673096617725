import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test as anyTest } from "vitest";
import { findNode } from "../../tests/support/node_binary.ts";

// Node's own parser is what matters, whichever host runs the tests.
const node = findNode();
const test = anyTest.skipIf(node === null);
const folder = mkdtempSync(join(tmpdir(), "lighter-method-"));
let server: ChildProcess | undefined, port: number;

beforeAll(async () => {
  if (node === null) return;
  const entry = new URL("./_echo_server.ts", import.meta.url).pathname, outfile = join(folder, "server.mjs");
  await build({ entryPoints: [entry], outfile, bundle: true, platform: "node", format: "esm", logLevel: "error" });
  server = spawn(node, [outfile], { stdio: ["ignore", "pipe", "inherit"] });
  port = Number(String((await once(server.stdout!, "data"))[0]));
});

afterAll(() => {
  server?.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** What comes back for pieces of bytes, sent one after the other, up to the end of the connection. */
function exchange(...pieces: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let all = "";
    const socket = connect(port, "127.0.0.1", async () => {
      for (const piece of pieces) {
        socket.write(piece, "latin1");
        await new Promise((go) => setTimeout(go, 20));
      }
    });
    socket.on("data", (bytes) => all += bytes.toString("latin1")).on("end", () => resolve(all)).on("error", reject);
  });
}

test("a method that node:http does not know reaches the handler", async () => {
  const text = await exchange("BREW /pot?x HTTP/1.1\r\nHost: a:1\r\n\r\n");
  expect(text).toMatch(/^HTTP\/1\.1 501 /);
  expect(text).toMatch(/\r\nconnection: close\r\n/i);
  expect(text).toMatch(/\r\nx-host: a:1\r\n/i);
  expect(text.toLowerCase()).toContain("\r\nx-path: /pot\r\n");
  expect(text).toContain("BREW ");
});

test("so it does in pieces, with a body", async () => {
  const text = await exchange("BREW /p", "ot HTTP/1.1\r\nHost: a\r\nConte", "nt-Length: 6\r\n\r\nabc", "def");
  expect(text).toMatch(/^HTTP\/1\.1 501 /);
  expect(text).toContain("BREW abcdef");
});

test("and after another request on the same connection", async () => {
  const text = await exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n");
  expect(text.match(/HTTP\/1\.1 501 /g)?.length).toBe(2);
});

test("what is no request is refused", async () => {
  const bad = [
    "garbage\r\n\r\n",
    "BREW /\r\n\r\n",
    "BREW / HTTP/1.1\r\nno colon\r\n\r\n",
    "BREW / HTTP/2.0\r\n\r\n",
    "\0\r\n\r\n",
  ];
  for (const text of bad) expect([text, await exchange(text)]).toEqual([text, REFUSED]);
  const huge = `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(100_000)}\r\n\r\n`;
  expect(await exchange(huge)).toMatch(/^HTTP\/1\.1 431 /);
});

const REFUSED = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
