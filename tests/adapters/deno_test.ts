import { afterAll, beforeAll, expect, test } from "vitest";
import { addTests, NO_GAPS } from "./_conformance.ts";
import { freePort, type ServerProcess, startServer } from "./_server_process.ts";

let server: ServerProcess, ownServer: ServerProcess;

beforeAll(async () => {
  [server, ownServer] = await Promise.all([start(), startOwn()]);
});

async function start(): Promise<ServerProcess> {
  const port = await freePort();
  const entry = new URL("./_deno_entry.ts", import.meta.url).pathname;
  const args = ["serve", "-A", "--cached-only", "--no-check", "--host", "127.0.0.1", "--port", String(port), entry];
  return await startServer("deno", args, port);
}

async function startOwn(): Promise<ServerProcess> {
  const port = await freePort();
  const entry = new URL("./_deno_server_entry.ts", import.meta.url).pathname;
  const args = ["run", "--allow-net", "--allow-env=PORT", "--cached-only", "--no-check", entry];
  return await startServer("deno", args, port, { env: { PORT: String(port) } });
}

afterAll(() => Promise.all([server?.stop(), ownServer?.stop()]));

test("deno serve: ends when it is told to, whatever the guest is waiting for", async () => {
  const other = await start();
  // The guest goes on sleeping when the client has gone.
  await expect(fetch(`${other.url}/sleep?ms=60000`, { signal: AbortSignal.timeout(300) })).rejects.toThrow();
  expect(await other.end()).toBe(true);
  await other.stop();
});

addTests({
  name: "deno serve",
  url: () => server.url,
  hasRoute: true,
  shared: true,
  keepsRawHead: false,
  keepsRawFields: false,
  tellsEarlyAborts: true,
  fullDuplex: true,
  closesUnanswered: false,
  seesConnection: false,
});

addTests({
  name: "node:net",
  url: () => ownServer.url,
  hasRoute: false,
  shared: true,
  ...NO_GAPS,
});
