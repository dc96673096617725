import type { FixedLengthStreamConstructor } from "./types.ts";

const FixedLengthStream = (globalThis as { FixedLengthStream?: FixedLengthStreamConstructor }).FixedLengthStream;

/** Gives a streamed response with a Content-Length a body of that length, which the runtime then states as its framing. */
export function withFramedBody(response: Response, request: Request): Response {
  const length = response.headers.get("content-length");
  if (FixedLengthStream === undefined || response.body === null || length === null || request.method === "HEAD") {
    return response;
  }
  const framed = response.body.pipeThrough(new FixedLengthStream(Number(length)));
  const { status, statusText, headers } = response;
  return new Response(framed, { status, statusText, headers, encodeBody: "manual" } as ResponseInit);
}
