import { SMALL_PIECE_MAX, smallPiece } from "../../kernel/net/byte_slab.ts";
import type { ResponseHead } from "../http1/events.ts";
import { latin1Bytes } from "../http1/grammar.ts";
import { chunkEnd, chunkHead } from "../http1/writer.ts";
import type { BodyConsumer, Failure, ResponseBody, ResponseSink } from "../sink.ts";
import type { ClientSide } from "./client_side.ts";
import type { ClientFraming, ClientHeads } from "./response_head.ts";
import type { Transport } from "./transport.ts";

/** Pieces up to this size are copied together, which costs less than writing them one by one. */
const JOINED_MAX = 16 * 1024;

/** What an answer needs of the connection that it goes to. */
export interface AnswerContext {
  readonly transport: Transport;
  readonly heads: ClientHeads;
  /** All is written; `keeps`: the connection may carry another request. */
  onAnswered(keeps: boolean): void;
}

/** Writes a guest's answer to one request to the client's connection. */
export class ClientAnswer implements ResponseSink, BodyConsumer {
  /** Where the client waits to be told to send its body. */
  readonly onInformational: ((status: number) => void) | undefined;
  private body: ResponseBody | null = null;
  private framing: ClientFraming = "none";
  private keeps = false;
  private hasBegun = false;
  private isDone = false;

  constructor(
    private readonly context: AnswerContext,
    readonly side: ClientSide,
    private readonly method: string,
    private readonly target: string,
    takesInformational: boolean,
  ) {
    this.onInformational = takesInformational ? (status) => this.inform(status) : undefined;
  }

  respond(head: ResponseHead, body: Uint8Array<ArrayBuffer> | ResponseBody | null): void {
    const { transport, heads } = this.context;
    // A body that the guest may not send (205) has been dropped, and its length with it.
    const dropsBody = body === null && head.status === 205;
    const { bytes, framing, keeps } = heads.of(head, this.side, dropsBody);
    this.framing = framing;
    this.keeps = keeps;
    this.hasBegun = true;
    if (framing === "none" || body === null) {
      transport.write(framing === "chunked" ? joined(bytes, LAST_CHUNK) : bytes);
      this.done();
    } else if (body instanceof Uint8Array) {
      this.writeWhole(bytes, body);
    } else {
      transport.write(bytes);
      this.body = body;
      body.attach(this);
      body.pull();
    }
  }

  respondWhole(head: ResponseHead, bytes: Uint8Array<ArrayBuffer>, start: number): void {
    const { transport, heads } = this.context;
    const made = heads.of(head, this.side, false);
    if (!made.isGuests(bytes, start)) return this.respond(head, bytes.subarray(start));
    this.framing = made.framing;
    this.keeps = made.keeps;
    this.hasBegun = true;
    transport.write(bytes);
    this.done();
  }

  private writeWhole(head: Uint8Array, body: Uint8Array): void {
    const { transport } = this.context;
    if (this.framing === "chunked") {
      const first = joined(head, chunkHead(body.length));
      if (body.length <= JOINED_MAX) {
        transport.write(joined(first, body, CHUNK_END_AND_LAST));
      } else {
        transport.write(first);
        transport.write(body);
        transport.write(CHUNK_END_AND_LAST);
      }
    } else if (body.length <= JOINED_MAX) {
      transport.write(joined(head, body));
    } else {
      transport.write(head);
      transport.write(body);
    }
    this.done();
  }

  fail({ status, text, unanswered }: Failure): void {
    const { transport } = this.context;
    // As the guest did: closed without a word.
    if (unanswered || this.hasBegun) return transport.destroy();
    transport.write(ownAnswer(status, text, this.side));
    this.keeps = this.side.keeps;
    this.done();
  }

  describe(): string {
    return `${this.method} ${this.target}`;
  }

  data(bytes: Uint8Array): boolean {
    const { transport } = this.context;
    // An empty chunk would be the last one.
    if (bytes.length === 0) return true;
    if (this.framing !== "chunked") return transport.write(bytes);
    const head = chunkHead(bytes.length);
    if (bytes.length <= JOINED_MAX) return transport.write(joined(head, bytes, chunkEnd()));
    transport.write(head);
    transport.write(bytes);
    return transport.write(chunkEnd());
  }

  /** What was written has gone to the client. */
  drained(): void {
    if (this.body !== null && !this.isDone) this.body.pull();
  }

  end(): void {
    if (this.framing === "chunked") this.context.transport.write(LAST_CHUNK);
    this.done();
  }

  error(): void {
    // The client must not take half a body for all of it.
    this.context.transport.destroy();
  }

  private inform(status: number): void {
    if (status === 100) this.context.transport.write(CONTINUE);
  }

  private done(): void {
    this.isDone = true;
    this.context.onAnswered(this.keeps);
  }
}

const LAST_CHUNK = latin1Bytes("0\r\n\r\n"), CHUNK_END_AND_LAST = latin1Bytes("\r\n0\r\n\r\n");
const CONTINUE = latin1Bytes("HTTP/1.1 100 Continue\r\n\r\n");

/** An answer of ours, when there is none of a guest. */
export function ownAnswer(status: number, text: string, { isHead, keeps }: ClientSide): Uint8Array {
  const body = `${status} ${text}\n`;
  const connection = keeps ? "" : "Connection: close\r\n";
  const head = `HTTP/1.1 ${status} ${text}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
    `Content-Length: ${body.length}\r\n${connection}\r\n`;
  return latin1Bytes(isHead ? head : head + body);
}

function joined(first: Uint8Array, second: Uint8Array, third?: Uint8Array): Uint8Array {
  const length = first.length + second.length + (third === undefined ? 0 : third.length);
  const all = length <= SMALL_PIECE_MAX ? smallPiece(length) : new Uint8Array(length);
  all.set(first);
  all.set(second, first.length);
  if (third !== undefined) all.set(third, first.length + second.length);
  return all;
}
