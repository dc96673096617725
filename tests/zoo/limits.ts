/** What a host does to every handler's responses, whatever is served: differences from a native server that are not ours. */
import type { HostName } from "./hosts.ts";
import type { ProbeResult } from "./entry.ts";

export interface HostLimit {
  host: HostName;
  /** Whether this explains all of a probe's differences. */
  explains(result: ProbeResult): boolean;
  reason: string;
}

const isHeader = (name: string) => (difference: string) => difference.startsWith(`header ${name}: `);

/** As in docs/LIMITS.md. */
export const HOST_LIMITS: readonly HostLimit[] = [
  {
    host: "deno",
    explains: ({ differences }) =>
      differences.length > 0 && differences.every((d) => isHeader("date")(d) && d.endsWith("expected nothing")),
    reason: "Deno.serve adds Date to every response that has none, and has no option against it",
  },
  {
    host: "workers",
    explains: ({ probe }) => probe.method !== undefined && !WORKERD_METHODS.has(probe.method),
    reason: "workerd answers methods it does not know with 501 before the Worker is asked",
  },
  {
    host: "workers",
    explains: ({ probe }) => probe.http === "1.0" && !hasHost(probe.headers),
    reason: "workerd answers requests without Host, which HTTP/1.0 allows, with 400 before the Worker is asked",
  },
];

/** kj::HttpMethod, as far as a fetch handler can get them. */
const WORKERD_METHODS = new Set(
  ("GET HEAD POST PUT DELETE PATCH PURGE OPTIONS TRACE COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK ACL REPORT " +
    "MKACTIVITY CHECKOUT MERGE MSEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE QUERY BAN").split(" "),
);

function hasHost(headers: Record<string, string> | [string, string][] | undefined): boolean {
  const names = Array.isArray(headers) ? headers.map(([name]) => name) : Object.keys(headers ?? {});
  return names.some((name) => name.toLowerCase() === "host");
}
