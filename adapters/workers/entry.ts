/** worker.js of a translated image: `cd DIR && wrangler dev`, `wrangler deploy`. */
import { IrMissInterpreter } from "../../src/jit/miss_interpreter.ts";
import { KEPT_FILE_BYTES } from "../../src/package/kept_files.ts";
import { freshInstances } from "../../src/serve/mod.ts";
import type { App } from "../../src/serve/app.ts";
import { packagedApp, packagedOptions } from "../package.ts";
import { createGuestObject, createObjectEntry, createWorkersEntry, workersHost } from "./mod.ts";
import type { ObjectNamespace, WorkersEntry } from "./types.ts";

/** An isolate may use 128 MB, and guest memory counts, also while it waits for the next request. */
const POOL_BYTES = 48 << 20;

// Made by the first request: nothing heavy may run in global scope.
let app: App | undefined;

function newInstance() {
  app ??= packagedApp({
    host: workersHost,
    compiler: null,
    interpreter: new IrMissInterpreter(),
    poolBytes: POOL_BYTES,
    keptFileBytes: KEPT_FILE_BYTES.workers,
  });
  return app.newInstance();
}

/** Holds the one guest of a stateful server; wrangler.toml binds it then. */
export const Guest = createGuestObject(newInstance, packagedOptions());

const BINDING = "GUEST";
const ofObject = createObjectEntry(BINDING);
const ofRequest = createWorkersEntry(freshInstances(newInstance), packagedOptions());

export default {
  fetch(request, env, context) {
    return BINDING in env ? ofObject.fetch(request, env, context) : ofRequest.fetch(request, env, context);
  },
} satisfies WorkersEntry<Record<string, ObjectNamespace>>;
