/** What a host does to every handler's responses, whatever is served: differences from a native server that are not ours. */
import type { HostName } from "./hosts.ts";
import type { Probe, ProbeResult, RecordedResponse } from "./entry.ts";

export interface HostLimit {
  hosts: readonly HostName[];
  /** Whether this explains all of a probe's differences. */
  explains(result: ProbeResult): boolean;
  reason: string;
}

const isHeader = (name: string) => (difference: string) => difference.startsWith(`header ${name}: `);
const isOfBody = (difference: string) => /^(length|sha256|body): /.test(difference);

/** Differences as the zoo words them. */
const DIFFER = "responses differ among each other, expected all the same";
const EXPECTED_REFUSAL = "refused: got nothing, expected true";
const COMPRESSED = 'header content-encoding: got "gzip", expected nothing';
const EMPTY_ALLOW = 'header allow: got nothing, expected ""';
const CONTINUED = "informational: got [100], expected nothing";
const NOT_CONTINUED = "informational: got nothing, expected [100]";

/** As in docs/LIMITS.md. */
export const HOST_LIMITS: readonly HostLimit[] = [
  {
    hosts: ["deno"],
    explains: ({ differences }) =>
      differences.length > 0 && differences.every((d) => isHeader("date")(d) && d.endsWith("expected nothing")),
    reason: "Deno.serve adds Date to every response that has none, and has no option against it",
  },
  {
    hosts: ["deno", "workers"],
    explains: ({ probe, differences }) => probe.http === "1.0" && differences.every((d) => d.startsWith("header ")),
    reason: "fetch handlers are not told the client's version of HTTP: the server sees 1.1 where it was 1.0",
  },
  {
    hosts: ["deno", "workers"],
    explains: ({ probe, differences }) => hasRepeatedField(probe.headers) && differences.every(isOfBody),
    reason: "fetch Headers join fields of the same name, so that a server that shows them shows them joined by a comma",
  },
  {
    hosts: ["deno"],
    explains: ({ probe, differences }) => keepsConnection(probe) && differences.join() === DIFFER,
    reason: "Deno.serve adds Connection: close to the last response on a connection",
  },
  {
    hosts: ["deno", "workers"],
    explains: ({ probe, differences }) => probe.mayFail === true && differences.includes(EXPECTED_REFUSAL),
    reason: "a fetch handler cannot close a connection without a response, as the server does: 502",
  },
  {
    hosts: ["deno"],
    explains: ({ probe, differences }) => probe.expectContinue === true && differences.join() === CONTINUED,
    reason: "Deno.serve sends 100 Continue by itself when the body is read; the server does not",
  },
  {
    hosts: ["workers"],
    // The zoo takes equal responses together: the recorded ones are two groups, ours are one.
    explains: ({ recorded, differences }) =>
      recorded.length > 1 && new Set(recorded.map(withoutConnection)).size === 1 &&
      differences.every((d) => d.includes(": got nothing, expected ")),
    reason: "workerd never writes Connection: close, as the server does in the last response on a connection",
  },
  {
    hosts: ["workers"],
    explains: ({ probe, differences }) =>
      fieldNames(probe.headers).includes("accept-encoding") && differences.includes(COMPRESSED) &&
      differences.every((d) => isOfBody(d) || d === COMPRESSED || isHeader("vary")(d)),
    reason: "wrangler dev compresses text for clients that accept it",
  },
  {
    hosts: ["workers"],
    explains: ({ probe, differences }) => probe.expectContinue === true && differences.join() === NOT_CONTINUED,
    reason: "workerd has no way to send 100 Continue",
  },
  {
    hosts: ["workers"],
    explains: ({ probe, differences }) =>
      probe.body === undefined && fieldNames(probe.headers).includes("content-length") &&
      differences.join() === "error: no data for 60 s",
    reason: "wrangler dev passes a response on when it has read the whole upload, which this client never sends",
  },
  {
    hosts: ["workers"],
    explains: ({ differences }) =>
      differences.some((d) => d.startsWith("status: got 503")) && differences.some(isRestarted),
    reason: "wrangler dev's proxy answers 503 by itself after a response that came before its request was read",
  },
  {
    hosts: ["workers"],
    explains: ({ probe }) => probe.method !== undefined && !WORKERD_METHODS.has(probe.method),
    reason: "workerd answers methods it does not know with 501 before the Worker is asked",
  },
  {
    hosts: ["workers"],
    explains: ({ differences }) => differences.join() === EMPTY_ALLOW,
    reason: "wrangler dev drops Allow where it is empty",
  },
  {
    hosts: ["workers"],
    explains: ({ probe }) => probe.http === "1.0" && !hasHost(probe.headers),
    reason: "workerd answers requests without Host, which HTTP/1.0 allows, with 400 before the Worker is asked",
  },
];

/** A recorded response as text, without what says how the connection goes on. */
function withoutConnection({ count: _, headers = {}, ...rest }: RecordedResponse): string {
  const kept = Object.entries(headers).filter(([name]) => name !== "connection" && name !== "keep-alive");
  return JSON.stringify({ ...rest, headers: kept });
}

/** What wrangler says (miniflare's proxy) of a request that it does not send again. */
function isRestarted(difference: string): boolean {
  return difference.startsWith('body: got "Your worker restarted mid-request.');
}

/** kj::HttpMethod, as far as a fetch handler can get them. */
const WORKERD_METHODS = new Set(
  ("GET HEAD POST PUT DELETE PATCH PURGE OPTIONS TRACE COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK ACL REPORT " +
    "MKACTIVITY CHECKOUT MERGE MSEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE QUERY BAN").split(" "),
);

function fieldNames(headers: Probe["headers"]): string[] {
  const names = Array.isArray(headers) ? headers.map(([name]) => name) : Object.keys(headers ?? {});
  return names.map((name) => name.toLowerCase());
}

function hasHost(headers: Probe["headers"]): boolean {
  return fieldNames(headers).includes("host");
}

function hasRepeatedField(headers: Probe["headers"]): boolean {
  const names = fieldNames(headers);
  return new Set(names).size < names.length;
}

/** Several requests on one connection. */
function keepsConnection({ repeat, keepalive }: Probe): boolean {
  return repeat !== undefined && repeat > 1 && keepalive !== false;
}
