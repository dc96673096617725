/** Requests a second of an entry on a host, beside the native server. */
import { measureServers } from "../../bench/load.ts";
import { type MeasuredServer, useOfGroup } from "../../bench/serving.ts";
import type { RunningHost } from "./hosts.ts";

/** Short: a table of many servers is wanted, and `deno task bench requests` has the exact figures. */
const ROUNDS = 2, WARM_REQUESTS = 5000, WARM_MS = 2000, CONNECTIONS = 8;

/** Rates of the host, and of the native server if it could be started, taking turns of so many seconds. */
export async function loadHost(
  host: RunningHost,
  native: MeasuredServer | null,
  path: string,
  seconds: number,
): Promise<{ requestsPerSecond: number; nativeRequestsPerSecond?: number }> {
  const servers = new Map<string, Omit<MeasuredServer, "stop">>();
  if (native !== null) servers.set("native", native);
  servers.set("host", { url: host.url, use: () => useOfGroup(host.pid) });
  const load = { seconds, rounds: ROUNDS, warm: WARM_REQUESTS, warmMs: WARM_MS, connections: CONNECTIONS };
  const rates = (await measureServers(servers, path, load)).map(({ requestsPerSecond }) => requestsPerSecond);
  return native === null
    ? { requestsPerSecond: rates[0] }
    : { requestsPerSecond: rates[1], nativeRequestsPerSecond: rates[0] };
}
