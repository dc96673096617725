import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { bundle } from "./_bundle.ts";
import { addTests } from "./_conformance.ts";
import { freePort, type ServerProcess, startServer } from "./_server_process.ts";

let server: ServerProcess;
let folder: string;

beforeAll(async () => {
  const port = await freePort();
  folder = await mkdtemp(join(tmpdir(), "lighter-node-"));
  const outfile = join(folder, "server.mjs");
  await bundle("./_node_entry.ts", outfile, "node");
  server = await startServer("node", [outfile], port, { env: { PORT: String(port) } });
});

afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

addTests({
  name: "node:http",
  url: () => server.url,
  shared: true,
  keepsRawHead: true,
  keepsRawFields: true,
  tellsEarlyAborts: true,
  fullDuplex: true,
  closesUnanswered: true,
  seesConnection: true,
});
