import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { bundle } from "./_bundle.ts";
import { addTests, NO_GAPS } from "./_conformance.ts";
import { freePort, type ServerProcess, startServer } from "./_server_process.ts";

/** Requests go another way where nobody has added routes; both have to do the same. */
const WAYS = [
  { name: "node:http", entry: "./_node_entry.ts", hasRoute: true },
  { name: "node:net", entry: "./_node_guest_entry.ts", hasRoute: false },
];

describe.each(WAYS)("$name", ({ name, entry, hasRoute }) => {
  let server: ServerProcess;
  let folder: string;

  beforeAll(async () => {
    const port = await freePort();
    folder = await mkdtemp(join(tmpdir(), "lighter-node-"));
    const outfile = join(folder, "server.mjs");
    await bundle(entry, outfile, "node");
    server = await startServer("node", [outfile], port, { env: { PORT: String(port) } });
  });

  afterAll(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  addTests({
    name,
    url: () => server.url,
    hasRoute,
    shared: true,
    ...NO_GAPS,
  });
});
