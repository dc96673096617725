import type { ServerResponse } from "node:http";
import { type Field, isNamed, listMembers } from "../../src/serve/mod.ts";

/**
 * Connection: as the guest wrote it where that is true of the client's connection, too. Node's own would add Keep-Alive, which
 * not all servers send. Clients of HTTP/1.0 are left to Node: they do not keep connections unless told so.
 */
export function addConnection(fields: string[], raw: readonly Field[], out: ServerResponse): void {
  const { httpVersion } = out.req;
  if (httpVersion !== "1.1") return;
  const option = out.shouldKeepAlive ? "keep-alive" : "close";
  const says = raw.some((field) => isNamed(field, "connection") && listMembers(field[1]).includes(option));
  // Node reads the request's fields when it is first asked for them.
  const isSurprise = !out.shouldKeepAlive && !listMembers(out.req.headers.connection ?? "").includes("close");
  if (says || isSurprise) fields.push("Connection", option);
  else out.removeHeader("Connection"); // nor let Node add one
}
