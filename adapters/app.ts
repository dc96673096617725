import { Hono } from "hono";
import type { ClientInfo, Handler } from "../src/serve/mod.ts";

/** What adapters give the app as environment: facts about the client, and whatever the host has (bindings). */
export type AppEnvironment = { Bindings: ClientInfo };

export type App = Hono<AppEnvironment>;

/**
 * An app whose catch-all is the guest. Routes and middleware that are added go first, whenever they are added:
 *
 *     const app = createApp(handler);
 *     app.get("/healthz", (c) => c.text("ok"));
 */
export function createApp(handler: Handler): App {
  const app: App = new Hono();
  // Not app.all("*"): that would hide routes added later.
  app.notFound((c) => handler(c.req.raw, c.env));
  return app;
}
