import type { Conversation } from "./conversation.ts";
import { isNamed, type ResponseHead } from "./http1/events.ts";
import { type ClientInfo, type RawResponse, rememberRaw, rememberUnanswered } from "./raw.ts";
import { failure, makeResponse } from "./response.ts";
import type { Failure, ResponseBody, ResponseSink } from "./sink.ts";

const NOTHING = new Uint8Array(0);

/** Makes a fetch Response of what the guest answers. */
export class FetchSink implements ResponseSink {
  private made: Response | null = null;
  private resolve: ((response: Response) => void) | null = null;

  constructor(
    private readonly request: Request,
    private readonly info: ClientInfo,
    private readonly keepsRaw: boolean,
  ) {}

  /** The response, at once if it is there. */
  response(): Response | Promise<Response> {
    return this.made ?? new Promise((resolve) => this.resolve = resolve);
  }

  /** Ends the conversation when the client goes away. */
  watch(conversation: Conversation): void {
    const { signal } = this.request;
    const abort = () => conversation.abort();
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort);
    conversation.onOver = () => signal.removeEventListener("abort", abort);
  }

  get onInformational(): ((status: number) => void) | undefined {
    return this.info.onInformational;
  }

  respond(head: ResponseHead, body: Uint8Array<ArrayBuffer> | ResponseBody | null): void {
    const whole = body === null || body instanceof Uint8Array;
    const framed = !whole ? streamOf(body) : body === null || hasLength(head) ? body : streamOfOne(body);
    const response = makeResponse(head, framed, this.info.fieldsAreText === true);
    if (this.keepsRaw) this.remember(response, { head, body: whole ? body ?? NOTHING : undefined });
    this.settle(response);
  }

  fail({ status, text, unanswered }: Failure): void {
    const response = failure(status, text);
    this.settle(unanswered ? rememberUnanswered(response) : response);
  }

  describe(): string {
    return `${this.request.method} ${this.request.url}`;
  }

  private remember(response: Response, raw: RawResponse): void {
    rememberRaw(response, raw);
    if (this.request.method === "HEAD") rememberRaw(this.request, raw);
  }

  private settle(response: Response): void {
    this.made = response;
    this.resolve?.(response);
  }
}

function hasLength({ fields }: ResponseHead): boolean {
  return fields.some((field) => isNamed(field, "content-length"));
}

/**
 * A body of which the guest does not say how long it is. Hosts tell the length of bytes, so the same response would have a
 * Content-Length or not, by whether the guest had written all of it already.
 */
function streamOfOne(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}

function streamOf(body: ResponseBody): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      body.attach({
        data(bytes) {
          controller.enqueue(bytes);
          return false; // the stream pulls when it wants more
        },
        end: () => controller.close(),
        error: (error) => controller.error(error),
      });
    },
    pull: () => body.pull(),
    cancel: () => body.cancel(),
  }, { highWaterMark: 0 });
}
