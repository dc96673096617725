import { forwardedFields, rawResponse } from "../../src/serve/mod.ts";
import type { ServerResponse } from "node:http";

/** Writes a fetch Response to a node:http response, with backpressure. Resolves when all is written or the client is gone. */
export async function sendResponse(response: Response, request: Request, out: ServerResponse): Promise<void> {
  const isHead = request.method === "HEAD";
  const raw = rawResponse(response) ?? (isHead ? rawResponse(request) : undefined);
  // The guest's own Date, or none: what it sends is what the client gets.
  if (raw !== undefined) out.sendDate = false;
  out.writeHead(response.status, response.statusText, outgoingFields(response, raw?.head.fields));
  const whole = rawResponse(response)?.body;
  if (isHead || whole !== undefined || response.body === null) {
    if (isHead) await response.body?.cancel();
    out.end(!isHead && whole !== undefined && whole.length > 0 ? whole : undefined);
    return;
  }
  out.flushHeaders();
  const reader = response.body.getReader();
  out.on("close", () => void reader.cancel().catch(() => {}));
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
    const go = () => resolve();
    out.once("drain", go);
    out.once("close", go);
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
