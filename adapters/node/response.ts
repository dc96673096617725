import type { ServerResponse } from "node:http";
import { forwardedFields, isUnanswered, rawResponse } from "../../src/serve/mod.ts";
import { addConnection } from "./connection.ts";

/** Writes a fetch Response to a node:http response, with backpressure. Resolves when all is written or the client is gone. */
export async function sendResponse(response: Response, request: Request, out: ServerResponse): Promise<void> {
  if (isUnanswered(response)) {
    // As the guest did: closed without a word.
    out.destroy();
    return;
  }
  const isHead = request.method === "HEAD";
  const raw = rawResponse(response) ?? (isHead ? rawResponse(request) : undefined);
  // The guest's own Date, or none: what it sends is what the client gets.
  if (raw !== undefined) out.sendDate = false;
  const fields = outgoingFields(response, raw?.head.fields);
  if (raw !== undefined) addConnection(fields, raw.head.fields, out);
  out.writeHead(response.status, response.statusText, fields);
  const whole = rawResponse(response)?.body;
  if (isHead || whole !== undefined || response.body === null) {
    if (isHead) await response.body?.cancel();
    out.end(!isHead && whole !== undefined && whole.length > 0 ? whole : undefined);
    return;
  }
  out.flushHeaders();
  const reader = response.body.getReader();
  out.once("close", () => void reader.cancel().catch(() => {}));
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (out.destroyed) return;
      if (done) break;
      if (!out.write(value)) await drained(out);
    }
    out.end();
  } catch (error) {
    // The client must not take half a body for all of it.
    out.destroy(error as Error);
  }
}

function drained(out: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      out.off("drain", go).off("close", go);
      resolve();
    };
    out.on("drain", go).on("close", go);
  });
}

/**
 * Names and values in turn. A field that nobody changed on the way is written as the guest wrote it, in its place, its case
 * and its number of lines; the others as fetch has them.
 */
function outgoingFields(response: Response, raw: readonly (readonly [string, string])[] | undefined): string[] {
  const out: string[] = [];
  const done = new Set<string>();
  if (raw !== undefined) {
    const fields = forwardedFields(raw);
    const combined = new Headers();
    for (const [name, value] of fields) combined.append(name, value);
    for (const [name, value] of fields) {
      const lower = name.toLowerCase();
      if (combined.get(lower) !== response.headers.get(lower)) continue;
      out.push(name, value);
      done.add(lower);
    }
  }
  for (const [name, value] of response.headers) if (!done.has(name)) out.push(name, value);
  return out;
}
