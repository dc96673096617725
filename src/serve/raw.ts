import type { Field, ResponseHead } from "./http1/events.ts";

/** What an adapter knows of a request beyond the Request. All of it is optional. */
export interface ClientInfo {
  /** The client's IP address. */
  readonly remoteAddress?: string | undefined;
  /** Fields as they were received: fetch Headers lose case, order and repetition. */
  readonly rawFields?: readonly Field[];
  /** Accept-Encoding as the client sent it, "" if it did not, where the host has put its own in the request. */
  readonly acceptEncoding?: string;
  /** The host's Headers hold text, which it reads and writes as UTF-8, where fetch has one character a byte. */
  readonly fieldsAreText?: boolean;
  /** The request target as it was received: URLs lose dot segments and the like. */
  readonly rawTarget?: string;
  /** Version of HTTP that the client speaks, where the host tells; default 1.1. */
  readonly httpVersion?: "1.0" | "1.1";
  /** Told of 1xx responses. With it "Expect: 100-continue" is left to the guest. */
  readonly onInformational?: (status: number) => void;
}

/** A response as the guest wrote it, for adapters that can pass it on unchanged and without a stream. */
export interface RawResponse {
  readonly head: ResponseHead;
  /** The whole body if it was there at once; undefined if it is streamed. */
  readonly body: Uint8Array | undefined;
}

const raw = new WeakMap<Response | Request, RawResponse>();
const unanswered = new WeakSet<Response>();

/** The response is ours: the guest closed the connection without a word. Adapters that can do the same in its place. */
export function rememberUnanswered(of: Response): Response {
  unanswered.add(of);
  return of;
}

export function isUnanswered(of: Response): boolean {
  return unanswered.has(of);
}

export function rememberRaw(of: Response | Request, response: RawResponse): void {
  raw.set(of, response);
}

/**
 * What the guest wrote for this response; undefined for responses of others. Also kept by request, since frameworks make a
 * new Response for HEAD.
 */
export function rawResponse(of: Response | Request): RawResponse | undefined {
  return raw.get(of);
}
