/** Requests a second of an entry on its hosts, beside the native server. */
import { type Figures, measureServers } from "../../bench/load.ts";
import { type MeasuredServer, startNative, useOfGroup } from "../../bench/serving.ts";
import type { Zoo } from "./entry.ts";
import { type HostName, startHost } from "./hosts.ts";

/** Short: a table of many servers is wanted, and `deno task bench requests` has the exact figures. */
const ROUNDS = 2, WARM_REQUESTS = 5000, WARM_MS = 3000, CONNECTIONS = 8;

/**
 * Loads the entry's path for measuring, in turns, natively ("native", if the image's port is free) and on each host.
 *
 * @param image The image that the output folder was made from.
 * @param seconds Of each turn.
 */
export async function loadHosts(
  { zoo, entry, image, folder, hosts, seconds }: {
    zoo: Zoo;
    entry: string;
    image: string;
    folder: string;
    hosts: readonly HostName[];
    seconds: number;
  },
): Promise<Map<string, Figures>> {
  const path = zoo.benchPath(entry), servers = new Map<string, MeasuredServer>();
  const native = await startNative(zoo, entry, { ownPort: true, image });
  if (native !== null) servers.set("native", native);
  try {
    for (const name of hosts) {
      const host = await startHost(name, folder, path);
      servers.set(name, { ...host, use: () => useOfGroup(host.pid) });
    }
  } catch (error) {
    for (const server of servers.values()) await server.stop();
    throw error;
  }
  const load = { seconds, rounds: ROUNDS, warm: WARM_REQUESTS, warmMs: WARM_MS, connections: CONNECTIONS };
  return new Map((await measureServers(servers, path, load)).map((figures) => [figures.server, figures]));
}
