import { afterAll, beforeAll } from "vitest";
import { addTests } from "./_conformance.ts";
import { freePort, type ServerProcess, startServer } from "./_server_process.ts";

let server: ServerProcess;

beforeAll(async () => {
  const port = await freePort();
  const entry = new URL("./_deno_entry.ts", import.meta.url).pathname;
  const args = ["serve", "-A", "--cached-only", "--no-check", "--host", "127.0.0.1", "--port", String(port), entry];
  server = await startServer("deno", args, port);
});

afterAll(() => server?.stop());

addTests({
  name: "deno serve",
  url: () => server.url,
  shared: true,
  keepsRawHead: false,
  keepsRawFields: false,
  tellsEarlyAborts: true,
  fullDuplex: true,
  closesUnanswered: false,
  seesConnection: false,
});
