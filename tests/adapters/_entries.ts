import type { App } from "../../adapters/app.ts";
import { type InstanceSource, pooledInstances, sharedInstance } from "../../src/serve/mod.ts";
import { scriptedServer } from "../support/scripted_server.ts";

/** A guest that listens, as one restored from a snapshot does. */
export function listeningServer(): ReturnType<typeof scriptedServer> {
  const guest = scriptedServer();
  guest.run(1e9);
  return guest;
}

export function sharedServer(): InstanceSource {
  return sharedInstance(listeningServer);
}

export function isolatedServers(): InstanceSource {
  return pooledInstances(listeningServer, () => true);
}

export function addRoute(app: App): void {
  app.get("/added", (c) => c.text("not the guest"));
}
