/** deno.js of a translated image: `deno serve DIR/deno.js`, or deployed to Deno Deploy; deno_server.js (src/cli/bundle.ts) uses it, too. */
import { sharedInstance } from "../../src/serve/mod.ts";
import { packagedApp, packagedOptions } from "../package.ts";
import { createDenoEntry, denoHost, type RunningServer, startDeno } from "./mod.ts";

const app = packagedApp({
  host: denoHost,
  compiler: null,
  interpreter: null,
  loadTranslator: async () => (await import("../translator.ts")).createTranslator(),
});

const source = sharedInstance(() => app.newInstance());

export default createDenoEntry(source, packagedOptions());

/** For deno_server.js: a server of our own, on a port of its own. */
export function start(where: { listenPort: number; hostname?: string }): Promise<RunningServer> {
  return startDeno(source, { ...packagedOptions(), ...where });
}
