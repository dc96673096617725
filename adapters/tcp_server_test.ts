import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test as anyTest } from "vitest";
import { findNode } from "../tests/support/node_binary.ts";

// The hosts' own sockets are what matters, whichever runs the tests.
const node = findNode();
const HOSTS = [
  { host: "node", command: node === null ? null : [node] },
  { host: "deno", command: [Deno.execPath(), "run", "-A", "--no-check"] },
];
const folder = mkdtempSync(join(tmpdir(), "lighter-tcp-")), outfile = join(folder, "server.mjs");
const HELLO = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";

beforeAll(async () => {
  const entry = new URL("./_front_server.ts", import.meta.url).pathname;
  await build({ entryPoints: [entry], outfile, bundle: true, platform: "node", format: "esm", logLevel: "error" });
});

afterAll(() => rmSync(folder, { recursive: true }));

/** All that comes until the server ends the connection. */
function rest(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    socket.on("data", (bytes) => text += bytes).on("end", () => resolve(text)).on("error", reject);
  });
}

describe.each(HOSTS)("$host", ({ command }) => {
  const test = anyTest.skipIf(command === null);
  let server: ChildProcess | undefined, port: number;

  beforeAll(async () => {
    if (command === null) return;
    server = spawn(command[0], [...command.slice(1), outfile], { stdio: ["pipe", "pipe", "inherit"] });
    port = Number(String((await once(server.stdout!, "data"))[0]));
  });

  afterAll(() => void server?.kill("SIGKILL"));

  function client(): Socket {
    return connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  }

  test("a client that ends its side behind its requests gets all answers", async () => {
    const socket = client();
    socket.end(HELLO.repeat(3));
    expect((await rest(socket)).match(/hello world/g)).toHaveLength(3);
  });

  test("heads and uploads of several clients, in pieces that mix, stay each client's own", async () => {
    const bodies = ["a", "b", "c"].map((letter) => letter.repeat(150_000));
    const clients = bodies.map(() => client());
    const heads = bodies.map((body) => {
      return `POST /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`;
    });
    const answers = clients.map(rest);
    const texts = bodies.map((body, i) => heads[i] + body);
    for (const [from, to] of [[0, 20], [20, 90], [90, 50_000], [50_000, Infinity]]) {
      clients.forEach((socket, i) => socket.write(texts[i].slice(from, to)));
      await new Promise((go) => setTimeout(go, 20));
    }
    for (const [i, answer] of (await Promise.all(answers)).entries()) {
      // In chunks, if the guest has it so: what is not of the body is short.
      expect(answer.split(bodies[i][0]).length).toBeGreaterThan(150_000);
      for (const other of ["a", "b", "c"]) if (other !== bodies[i][0]) expect(answer).not.toContain(other.repeat(10));
    }
  });

  test("a server that is closed ends its connections", async () => {
    const socket = client();
    socket.write(HELLO);
    await once(socket, "data");
    const ended = once(socket.on("error", () => {}), "end");
    const said = once(server!.stdout!, "data");
    server!.stdin!.end();
    await ended;
    expect(String((await said)[0])).toBe("closed\n");
  });
});
