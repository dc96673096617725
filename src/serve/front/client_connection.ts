import type { Conversation } from "../conversation.ts";
import { type Field, isNamed } from "../http1/events.ts";
import { KnownBytes } from "../http1/known_bytes.ts";
import type { RequestBody } from "../http1/writer.ts";
import { type PlanOptions, planRequest, type RequestPlan } from "../request.ts";
import { joined } from "../joined.ts";
import { BodyReader } from "./body_reader.ts";
import { type AnswerContext, ClientAnswer, ownAnswer } from "./client_answer.ts";
import { type ClientSide, clientSide, waitsForContinue } from "./client_side.ts";
import { ClientUpload } from "./client_upload.ts";
import { Refusal } from "./refusal.ts";
import { requestFraming } from "./request_framing.ts";
import { headEnd, parseRequestHead, type RequestHead, requestTarget, skipEmptyLines } from "./request_head.ts";
import type { ClientHeads } from "./response_head.ts";
import type { Transport } from "./transport.ts";

/** What may wait here of requests that come before the answer to an earlier one, or of a body that nobody reads. */
const WAITING_MAX = 64 * 1024;
/** A head up to this size is remembered, since clients repeat themselves. */
const KNOWN_MAX = 2048;

const NOTHING = new Uint8Array(0);

/** What a connection needs of the server that it belongs to. */
export interface ConnectionContext {
  readonly heads: ClientHeads;
  readonly planOptions: PlanOptions;
  /** Has a guest answer, now or at the end of the turn; then calls begun(). */
  serve(arrival: Arrival): void;
  /** The connection has ended. */
  forget(connection: ClientConnection): void;
}

/** A request that has come. */
export interface Arrival {
  readonly plan: RequestPlan;
  readonly answer: ClientAnswer;
  readonly connection: ClientConnection;
}

/** A request without a body, as its client sent it and as the guest gets it. */
interface KnownRequest {
  readonly bytes: KnownBytes;
  readonly plan: RequestPlan;
  readonly side: ClientSide;
  readonly head: RequestHead;
}

/** What a connection waits for, as far as it has a time limit. */
export type Waiting = "request" | "head" | "answer" | "end";

/**
 * The server's side of a client's HTTP/1.1 connection: bytes in, requests to the guest one after the other, answers out. The
 * transport calls received(), ended(), closed() and drained().
 */
export class ClientConnection implements AnswerContext {
  /** The round of the server's clock that has first seen it wait for `waiting`, or -1. */
  since = -1;
  waiting: Waiting = "request";
  private input: Uint8Array = NOTHING;
  private at = 0;
  private answer: ClientAnswer | null = null;
  private conversation: Conversation | null = null;
  private body: BodyReader | null = null;
  private upload: ClientUpload | null = null;
  private known: KnownRequest | null = null;
  private isPaused = false;
  private isReading = false;
  /** The client has ended its side. */
  private hasEnded = false;
  private isClosed = false;

  constructor(readonly transport: Transport, private readonly context: ConnectionContext) {}

  get heads(): ClientHeads {
    return this.context.heads;
  }

  /** Bytes of the client, which may change afterwards. */
  received(bytes: Uint8Array): void {
    if (this.isClosed || this.waiting === "end") return;
    if (this.input.length === 0) {
      this.input = bytes;
    } else {
      const rest = this.input.subarray(this.at);
      this.input = joined([rest, bytes], rest.length + bytes.length);
      this.at = 0;
    }
    this.read();
    if (this.input === bytes) {
      this.input = this.input.slice(this.at);
      this.at = 0;
    }
  }

  /** The client sends no more. What is asked is still answered, if that is at once: it may as well be gone. */
  ended(): void {
    this.hasEnded = true;
    this.upload?.break();
    if (this.conversation !== null) this.conversation.abort();
    else this.read();
  }

  /** The connection is no more. */
  closed(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.upload?.break();
    this.conversation?.abort();
    this.context.forget(this);
  }

  /** The transport takes more. */
  drained(): void {
    this.answer?.drained();
  }

  /** The conversation about the current request, once it has started. */
  begun(conversation: Conversation): void {
    // Small answers are all written by now.
    if (conversation.isOver || this.answer === null || conversation.sink !== this.answer) return;
    this.conversation = conversation;
    if (this.isClosed || this.hasEnded) conversation.abort();
  }

  /** Its time is over. */
  expire(): void {
    if (this.waiting === "head") this.refuse(new Refusal(408, "Request Timeout"));
    else this.transport.destroy();
  }

  onAnswered(keeps: boolean): void {
    this.answer = null;
    this.conversation = null;
    if (this.isClosed) return;
    if (!keeps) return this.finish();
    this.waitFor("request");
    // The rest of an upload that nobody wants is read past.
    if (this.upload !== null) void this.upload.cancel();
    this.read();
  }

  /** Goes through what has come, as far as it can be dealt with now. */
  private read(): void {
    if (this.isReading) return;
    this.isReading = true;
    try {
      while (this.step());
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.refuse(error);
    } finally {
      this.isReading = false;
    }
    if (this.at === this.input.length) {
      this.input = NOTHING;
      this.at = 0;
    }
    if (this.hasEnded && this.answer === null) this.finish();
    this.holdBack();
  }

  /** One body or head; false if there is nothing to be done without more bytes, or before an answer. */
  private step(): boolean {
    if (this.isClosed || this.waiting === "end") return false;
    if (this.body !== null) {
      const upload = this.upload!;
      this.at = this.body.read(this.input, this.at, (piece) => upload.add(piece.slice()));
      if (!this.body.isDone) return false;
      upload.end();
      this.body = this.upload = null;
    }
    if (this.answer !== null) return false;
    return this.readHead();
  }

  private readHead(): boolean {
    const { input } = this;
    this.at = skipEmptyLines(input, this.at);
    if (this.at === input.length) return false;
    const { known, at } = this;
    if (known !== null && known.bytes.begin(input, at)) {
      this.at += known.bytes.length;
      this.waitFor("answer");
      this.start(known.plan, known.side, known.head, false);
      return true;
    }
    const end = headEnd(input, at);
    if (end < 0) {
      if (this.waiting !== "head") this.waitFor("head");
      return false;
    }
    this.at = end;
    this.waitFor("answer");
    this.begin(parseRequestHead(input, at, end), at, end);
    return true;
  }

  private begin(head: RequestHead, at: number, end: number): void {
    const body = requestFraming(head);
    const side = clientSide(head);
    const waitsToSend = waitsForContinue(head);
    const hasBody = body.kind === "chunked" || (body.kind === "length" && body.length > 0);
    if (hasBody) {
      this.body = new BodyReader(body);
      this.upload = new ClientUpload(this.onWanted);
    }
    const plan = this.planOf(head, body, hasBody && waitsToSend);
    if (!hasBody && end - at <= KNOWN_MAX) {
      this.known = { bytes: new KnownBytes(this.input.slice(at, end)), plan, side, head };
    }
    this.start(plan, side, head, hasBody && waitsToSend);
  }

  private planOf(head: RequestHead, body: RequestBody, takesInformational: boolean): RequestPlan {
    const { target, host } = requestTarget(head);
    // RFC 9112, section 3.2.2: a target that names a host counts more than the field.
    const isAbsolute = head.target !== target;
    const fields = isAbsolute
      ? head.fields.map((field): Field => isNamed(field, "host") ? ["Host", host] : field)
      : null;
    try {
      return planRequest({
        method: head.method,
        target,
        scheme: "http",
        host,
        version: head.minor === 0 ? "1.0" : "1.1",
        fields: fields ?? head.fields,
        body,
        upload: this.upload === null ? null : { reader: this.upload, first: null },
        remoteAddress: this.transport.remoteAddress,
        takesInformational,
      }, this.context.planOptions);
    } catch (error) {
      if (error instanceof TypeError) throw Refusal.bad();
      throw error;
    }
  }

  private start(
    plan: RequestPlan,
    side: ClientSide,
    { method, target }: RequestHead,
    takesInformational: boolean,
  ): void {
    const answer = this.answer = new ClientAnswer(this, side, method, target, takesInformational);
    this.context.serve({ plan, answer, connection: this });
  }

  private refuse({ status, text }: Refusal): void {
    this.upload?.break();
    this.conversation?.abort();
    if (this.isClosed || this.waiting === "end") return;
    // An answer that has begun cannot be taken back; else the client hears what was wrong.
    if (this.answer !== null) return this.transport.destroy();
    this.transport.write(ownAnswer(status, text, { minor: 1, isHead: false, keeps: false, wantsClose: false }));
    this.finish();
  }

  /** No more answers. What the client still sends is thrown away until it ends, so that it gets to read the last one. */
  private finish(): void {
    if (this.waiting === "end") return;
    this.waitFor("end");
    this.input = NOTHING;
    this.at = 0;
    this.transport.end();
    if (this.isPaused) this.transport.resume();
  }

  private waitFor(what: Waiting): void {
    this.waiting = what;
    this.since = -1;
  }

  private readonly onWanted = (): void => this.holdBack();

  /** A client that sends faster than it is read has to wait. */
  private holdBack(): void {
    if (this.isClosed || this.waiting === "end") return;
    const isFull = this.upload !== null && this.body !== null
      ? !this.upload.isWanted
      : this.answer !== null && this.input.length - this.at > WAITING_MAX;
    if (isFull === this.isPaused) return;
    this.isPaused = isFull;
    if (isFull) this.transport.pause();
    else this.transport.resume();
  }
}
