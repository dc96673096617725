import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { freePort, type ServerProcess, startServer } from "../adapters/_server_process.ts";
import { findNode } from "./node_binary.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

export const HOSTS = ["deno", "node", "workers"] as const;
export type HostName = (typeof HOSTS)[number];

/** Serves the output folder of a translation as its user would. */
export async function serveTranslated(host: HostName, folder: string, readyPath: string): Promise<ServerProcess> {
  const port = await freePort();
  const at = ["--host", "127.0.0.1", "--port", String(port)];
  const options = { cwd: folder, readyPath };
  switch (host) {
    case "deno":
      return startServer(process.execPath, ["serve", "--cached-only", ...at, "deno.js"], port, options);
    case "node": {
      const node = findNode();
      if (node === null) throw new Error("there is no Node 22 or later, and npm brings none");
      return startServer(node, ["node.mjs"], port, { ...options, env: { PORT: String(port) } });
    }
    case "workers": {
      const wrangler = join(root, "node_modules/wrangler/bin/wrangler.js");
      const args = [wrangler, "dev", "--ip", "127.0.0.1", "--port", String(port)];
      return startServer("node", args, port, { ...options, env: { WRANGLER_SEND_METRICS: "false", CI: "1" } });
    }
  }
}
