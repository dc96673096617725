import { createHandler, type HandlerOptions, type InstanceSource, sharedInstance } from "../../src/serve/mod.ts";
import type { GuestInstance } from "../../src/serve/mod.ts";
import { type App, createApp } from "../app.ts";
import { withFramedBody } from "./body.ts";
import { workersHost } from "./host.ts";
import type { ObjectNamespace, WorkersEntry } from "./types.ts";

export { workersHost };
export type { WorkersEntry };

/**
 * The default export of a Worker, answered by guests of a source that is not shared (pooledInstances): each request drives
 * its own, since a Worker's requests must not wait for each other's promises, timers or streams.
 */
export function createWorkersEntry(
  source: InstanceSource,
  options: HandlerOptions = {},
  configure?: (app: App) => void,
): WorkersEntry {
  const app = createApp(
    createHandler(source, { largeReads: true, log: (line) => workersHost.log(0, line), ...options }),
  );
  configure?.(app);
  return { fetch: (request) => answer(app, request) };
}

/**
 * A Durable Object class that holds one guest, with its state, for all requests: inside an object, requests may share.
 *
 *     export const Guest = createGuestObject(boot);
 *     export default createObjectEntry("GUEST");
 */
export function createGuestObject(
  create: () => GuestInstance | Promise<GuestInstance>,
  options: HandlerOptions = {},
  configure?: (app: App) => void,
): new () => { fetch(request: Request): Promise<Response> } {
  return class GuestObject {
    readonly #app: App;

    constructor() {
      // Timers without requests would keep the object, and its bill, alive.
      const settings = {
        keepsTime: false,
        largeReads: true,
        log: (line: string) => workersHost.log(0, line),
        ...options,
      };
      this.#app = createApp(createHandler(sharedInstance(create), settings));
      configure?.(this.#app);
    }

    fetch(request: Request): Promise<Response> {
      return Promise.resolve(answer(this.#app, request));
    }
  };
}

/** The default export of a Worker that sends every request to one Durable Object. */
export function createObjectEntry(binding: string, name = "guest"): WorkersEntry<Record<string, ObjectNamespace>> {
  return {
    fetch(request, env) {
      const namespace = env[binding];
      return namespace.get(namespace.idFromName(name)).fetch(request);
    },
  };
}

async function answer(app: App, request: Request): Promise<Response> {
  const remoteAddress = request.headers.get("cf-connecting-ip");
  // The runtime asks for what it can decode itself, and keeps here what the client asked for.
  const acceptEncoding = (request as { cf?: { clientAcceptEncoding?: unknown } }).cf?.clientAcceptEncoding;
  const response = await app.fetch(request, {
    ...(remoteAddress !== null && { remoteAddress }),
    ...(typeof acceptEncoding === "string" && { acceptEncoding }),
    fieldsAreText: true,
  });
  return withFramedBody(response, request);
}
