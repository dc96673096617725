import type { ResponseHead } from "./http1/events.ts";

/** Whoever is to get the answer to a request: a promise of a Response, or a host's own response object. */
export interface ResponseSink {
  /** Told of 1xx responses. */
  readonly onInformational: ((status: number) => void) | undefined;
  /**
   * The guest's response: its head, and all of its body, or none (null), or the body as it comes. May be called while the
   * guest's turn is not over. If it throws it has answered nothing, and gets a failure.
   */
  respond(head: ResponseHead, body: Uint8Array<ArrayBuffer> | ResponseBody | null): void;
  /**
   * respond() for bytes that are a head and the whole body, which begins at `start`: for sinks that may pass them on as they are.
   */
  respondWhole?(head: ResponseHead, bytes: Uint8Array<ArrayBuffer>, start: number): void;
  /** There is no response of the guest. */
  fail(failure: Failure): void;
  /** Method and URL, for the log. */
  describe(): string;
}

/** An answer of our own in the guest's place. */
export interface Failure {
  readonly status: number;
  readonly text: string;
  /** The guest closed the connection without a word; who can do the same does. */
  readonly unanswered: boolean;
}

/** A body that is not complete yet. Nothing is read from the guest before somebody wants it. */
export interface ResponseBody {
  /** Says who takes the pieces; before the first pull(). */
  attach(consumer: BodyConsumer): void;
  /** Asks for a piece. */
  pull(): void;
  /** No more is wanted: the guest's connection is reset. */
  cancel(): void;
}

export interface BodyConsumer {
  /** Takes a piece; true if it wants the next one at once, else it will pull(). */
  data(bytes: Uint8Array): boolean;
  end(): void;
  /** The body broke off. */
  error(error: Error): void;
}
