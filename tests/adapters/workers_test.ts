import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { bundle } from "./_bundle.ts";
import { addTests } from "./_conformance.ts";
import { type ServerProcess, startOnFreePort, startServer } from "./_server_process.ts";

for (const mode of ["isolated", "shared"] as const) {
  describe(mode, () => {
    let server: ServerProcess;
    let folder: string;
    let nudge: ReturnType<typeof setInterval>;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "lighter-workers-"));
      const worker = join(folder, "worker.js"), config = join(folder, "wrangler.json");
      await bundle("./_workers_entry.ts", worker, "neutral");
      await writeFile(config, JSON.stringify(configuration(mode, worker)));
      const wrangler = new URL("../../node_modules/wrangler/bin/wrangler.js", import.meta.url).pathname;
      const args = [wrangler, "dev", "--config", config, "--ip", "127.0.0.1", "--port"];
      const env = { WRANGLER_SEND_METRICS: "false", CI: "1" };
      server = await startOnFreePort((port) => startServer("node", [...args, `${port}`], port, { env, cwd: folder }));
      nudge = keepQueueMoving(server.url);
    });

    afterAll(async () => {
      clearInterval(nudge);
      await server?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    addTests({
      name: `workerd, ${mode}`,
      url: () => server.url,
      hasRoute: true,
      shared: mode === "shared",
      keepsRawHead: false,
      keepsRawFields: false,
      tellsEarlyAborts: false,
      // wrangler's own proxy answers only when it has the whole upload.
      fullDuplex: false,
      closesUnanswered: false,
      seesConnection: false,
    });
  });
}

/**
 * wrangler's own proxy keeps a GET whose connection to the Worker broke (as it does now and then after a response that broke
 * off) until the next request arrives: it means to ask again only after a reload (ProxyWorker.ts, requestRetryQueue). A
 * request that no guest sees gets it going.
 */
function keepQueueMoving(url: string): ReturnType<typeof setInterval> {
  return setInterval(() => void fetch(`${url}/added`).then((r) => r.text()).catch(() => {}), 500);
}

function configuration(mode: string, main: string): object {
  return {
    name: "conformance",
    main,
    compatibility_date: "2026-04-01",
    compatibility_flags: ["enable_request_signal", "request_signal_passthrough"],
    vars: { MODE: mode },
    durable_objects: { bindings: [{ name: "GUEST", class_name: "Guest" }] },
    migrations: [{ tag: "v1", new_sqlite_classes: ["Guest"] }],
  };
}
