import type { Field, ResponseHead } from "./http1/events.ts";

/** What an adapter knows of a request beyond the Request. All of it is optional. */
export interface ClientInfo {
  /** The client's IP address. */
  readonly remoteAddress?: string;
  /** Fields as they were received: fetch Headers lose case, order and repetition. */
  readonly rawFields?: readonly Field[];
  /** The request target as it was received: URLs lose dot segments and the like. */
  readonly rawTarget?: string;
  /** Told of 1xx responses. With it "Expect: 100-continue" is left to the guest. */
  readonly onInformational?: (status: number) => void;
}

const heads = new WeakMap<Response, ResponseHead>();

/** Remembers how the guest wrote the head of a response. */
export function rememberHead(response: Response, head: ResponseHead): void {
  heads.set(response, head);
}

/** The head as the guest wrote it, for adapters that can pass it on unchanged; undefined for other responses. */
export function rawHead(response: Response): ResponseHead | undefined {
  return heads.get(response);
}
