/** worker.js of a translated image: `cd DIR && wrangler dev`, `wrangler deploy`. */
import { IrMissInterpreter } from "../../src/jit/miss_interpreter.ts";
import { pooledInstances } from "../../src/serve/mod.ts";
import type { App } from "../../src/serve/app.ts";
import { packagedApp, packagedOptions } from "../package.ts";
import { createWorkersEntry, workersHost } from "./mod.ts";

// Made by the first request: nothing heavy may run in global scope.
let app: App | undefined;

function newInstance() {
  app ??= packagedApp({ host: workersHost, compiler: null, interpreter: new IrMissInterpreter() });
  return app.newInstance();
}

export default createWorkersEntry(pooledInstances(newInstance, () => false), packagedOptions());
