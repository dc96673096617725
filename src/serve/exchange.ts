import { GuestResponseError } from "./http1/errors.ts";
import type { ResponseEvent, ResponseHead } from "./http1/events.ts";
import { ResponseReader } from "./http1/reader.ts";
import { chunkEnd, chunkHead, lastChunk } from "./http1/writer.ts";
import type { HostConnection } from "./instance.ts";
import type { Pump, PumpClient } from "./pump.ts";
import { rememberUnanswered } from "./raw.ts";
import type { RequestPlan, Upload } from "./request.ts";
import type { UploadReader } from "./upload.ts";
import { failure, forbidsBody, isServable, makeResponse } from "./response.ts";

/** Bodies that are complete when their head is read, up to this size, are answered without a stream. */
const BUFFERED_MAX = 256 * 1024;
/** Pieces smaller than this are joined before they are handed to the host, up to JOINED_MAX. */
const SMALL_PIECE = 16 * 1024, JOINED_MAX = 64 * 1024;

/** How an exchange ended, for whoever owns the connection and the instance. */
export interface ExchangeResult {
  /** The connection may be used for another request. */
  readonly reusable: boolean;
}

/** What an exchange needs besides the connection. */
export interface ExchangeContext {
  readonly pump: Pump;
  readonly plan: RequestPlan;
  /** 1xx responses go here. */
  readonly onInformational: ((status: number) => void) | undefined;
  /** The head of the response is there. */
  readonly onAnswer: () => void;
  /** Everything is over; called once. */
  readonly onEnd: (result: ExchangeResult) => void;
  readonly log: (line: string) => void;
}

/** The guest closed a connection from an earlier request before it saw this one: the request may be sent again. */
export class StaleConnection extends Error {}

/**
 * One request and its response on one connection. Everything happens in the turns of this request: the upload in its own
 * promise chain, the rest in calls from the pump and from the response's stream.
 */
export class Exchange implements PumpClient {
  private readonly reader: ResponseReader;
  private readonly answered: Promise<Response>;
  private resolve!: (response: Response) => void;
  private reject!: (error: unknown) => void;
  private head: ResponseHead | null = null;
  /** The caller has the response, and this feeds its stream. */
  private handedOver = false;
  private inputEnded = false;
  private over = false;
  /** Set when the guest has ended: nothing more will come. */
  private deathReason: string | null = null;
  /** Body pieces read before the stream asked for them. */
  private early: Uint8Array[] = [];
  private controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  /** The stream has asked for bytes and got none yet. */
  private wanted = false;
  private upload: UploadReader | null = null;
  private uploaded = false;
  private onWritable: (() => void) | null = null;

  constructor(private readonly connection: HostConnection, private readonly context: ExchangeContext) {
    this.reader = new ResponseReader(context.plan.method);
    this.answered = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Sends the request. The promise is rejected with StaleConnection only. */
  start(): Promise<Response> {
    const { pump, plan } = this.context;
    pump.add(this);
    this.connection.onChange = pump.noteFor(this);
    this.connection.write(plan.head);
    if (plan.upload === null) this.uploaded = true;
    else void this.sendBody(plan.upload);
    pump.drive();
    return this.answered;
  }

  get isAnswered(): boolean {
    return this.over || this.head !== null;
  }

  /** The client is gone: the guest's connection is reset. */
  abort(): void {
    if (this.over) return;
    this.connection.abort();
    this.finish(false);
    // Nobody sees it; but a promise that never settles would hold the host's request open.
    this.resolve(failure(499, "Client Closed Request"));
    this.context.pump.drive();
  }

  /** No answer in time. */
  timeOut(): void {
    if (this.over || this.head !== null) return;
    this.context.log("the guest did not answer in time");
    this.connection.abort();
    this.finish(false);
    this.resolve(failure(504, "Gateway Timeout"));
    this.context.pump.drive();
  }

  onGuestDeath(reason: string): void {
    // What the guest wrote before is still to be had, and may be a whole response.
    this.deathReason = reason;
    this.onGuestChange();
    if (!this.over && this.onWritable !== null) this.fail(new GuestResponseError(reason));
  }

  onGuestChange(): void {
    if (this.over) return;
    if (this.onWritable !== null && this.connection.writable) {
      const go = this.onWritable;
      this.onWritable = null;
      go();
    }
    try {
      if (this.head === null) this.readHead();
      if (this.wanted) this.deliver();
    } catch (error) {
      this.fail(error);
    }
  }

  private nextEvent(): ResponseEvent | null {
    for (;;) {
      const event = this.reader.next();
      if (event !== null || this.inputEnded || this.reader.isDone) return event;
      const bytes = this.connection.read();
      if (bytes === null && this.deathReason === null) return null;
      if (bytes === null) throw new GuestResponseError(this.deathReason!);
      if (bytes === "reset") throw new GuestResponseError("the guest reset the connection", true);
      if (bytes === "eof") {
        this.inputEnded = true;
        this.reader.endOfInput();
      } else {
        this.reader.receive(bytes);
      }
    }
  }

  private readHead(): void {
    for (let event: ResponseEvent | null; (event = this.nextEvent()) !== null;) {
      if (event.type === "informational") {
        this.context.onInformational?.(event.head.status);
      } else if (event.type === "head") {
        if (!isServable(event.head.status)) throw new GuestResponseError(`status is ${event.head.status}`);
        this.head = event.head;
        this.context.onAnswer();
        return this.answer(event.head, event.framing.kind === "length" ? event.framing.length : 0);
      }
    }
  }

  /** `length` is the body's length where it is known, else 0. */
  private answer(head: ResponseHead, length: number): void {
    let size = 0, ended = false;
    for (let event: ResponseEvent | null; size <= BUFFERED_MAX && length <= BUFFERED_MAX;) {
      if ((event = this.nextEvent()) === null) break;
      if (event.type === "data") {
        this.early.push(event.bytes);
        size += event.bytes.length;
      } else if (event.type === "end") {
        ended = true;
        break;
      }
    }
    if (ended) {
      const body = size === 0 || forbidsBody(head.status) ? null : joined(this.early, size);
      this.early = [];
      this.finish(true);
      this.resolve(makeResponse(head, body, this.context.plan.fieldsAreText));
    } else if (forbidsBody(head.status)) {
      // 205 with a body, which RFC 9110, section 15.3.6, forbids: the body is dropped.
      this.connection.abort();
      this.finish(false);
      this.resolve(makeResponse(head, null, this.context.plan.fieldsAreText));
    } else {
      this.handedOver = true;
      this.resolve(makeResponse(head, this.stream(), this.context.plan.fieldsAreText));
    }
  }

  private stream(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.controller = controller;
      },
      pull: () => {
        this.wanted = true;
        try {
          this.deliver();
        } catch (error) {
          this.fail(error);
        }
        this.context.pump.drive();
      },
      cancel: () => {
        if (this.over) return;
        this.connection.abort();
        this.finish(false);
        this.context.pump.drive();
      },
      // Nothing is read from the guest before the client wants it.
    }, { highWaterMark: 0 });
  }

  /** Hands the next piece, or the end, to the stream, if there is one. */
  private deliver(): void {
    const pieces = this.early;
    this.early = [];
    let size = 0;
    for (const piece of pieces) size += piece.length;
    let ended = false;
    while (size < JOINED_MAX) {
      const event = this.nextEvent();
      if (event === null) break;
      if (event.type === "end") {
        ended = true;
        break;
      }
      if (event.type !== "data") continue;
      pieces.push(event.bytes);
      size += event.bytes.length;
      // A large piece is passed on as it is: joining would copy it.
      if (event.bytes.length >= SMALL_PIECE) break;
    }
    if (size > 0) {
      this.wanted = false;
      this.enqueue(pieces, size);
    }
    if (ended) {
      this.wanted = false;
      const { controller } = this;
      this.finish(true);
      controller!.close();
    }
  }

  private enqueue(pieces: Uint8Array[], size: number): void {
    const small = pieces.length > 1 && pieces.every((piece) => piece.length < SMALL_PIECE);
    if (small) this.controller!.enqueue(joined(pieces, size));
    else for (const piece of pieces) this.controller!.enqueue(piece);
  }

  private async sendBody({ reader: upload, first }: Upload): Promise<void> {
    const { plan } = this.context;
    const isChunked = plan.body.kind === "chunked";
    let left = plan.body.kind === "length" ? plan.body.length : Infinity;
    this.upload = upload;
    let ahead = first;
    try {
      for (;;) {
        const { done, value } = await (ahead ?? upload.read());
        ahead = null;
        if (this.over) return;
        if (done) break;
        if (value.length === 0) continue;
        left -= value.length;
        if (left < 0) throw new RangeError("body longer than its Content-Length");
        if (isChunked) await this.send(chunkHead(value.length));
        if (!(await this.send(value))) return void upload.cancel().catch(() => {});
        if (isChunked) await this.send(chunkEnd());
        this.context.pump.drive();
      }
      if (left > 0 && left !== Infinity) throw new RangeError("body shorter than its Content-Length");
      if (isChunked) await this.send(lastChunk());
      this.uploaded = true;
      this.context.pump.drive();
    } catch {
      // The client has gone in the middle of its request.
      this.abort();
    }
  }

  /** Waits until the guest has taken all; false if it takes no more. */
  private async send(bytes: Uint8Array): Promise<boolean> {
    while (bytes.length > 0) {
      if (this.over) return false;
      const n = this.connection.write(bytes);
      if (n < 0) return false;
      bytes = bytes.subarray(n);
      if (bytes.length === 0) break;
      this.context.pump.drive();
      if (this.over) return false;
      if (!this.connection.writable) await new Promise<void>((go) => this.onWritable = go);
    }
    return true;
  }

  private fail(error: unknown): void {
    if (this.over) return;
    const message = error instanceof Error ? error.message : String(error);
    const isSilent = error instanceof GuestResponseError && error.incomplete && !this.reader.started;
    const { controller } = this;
    this.connection.abort();
    this.finish(false);
    if (this.handedOver) {
      this.context.log(`the guest's response broke off: ${message}`);
      controller?.error(new TypeError(`response broke off: ${message}`));
    } else if (isSilent && this.upload === null) {
      // Nothing was lost with it: the caller may try again.
      this.reject(new StaleConnection(message));
    } else {
      this.context.log(`no valid response from the guest: ${message}`);
      const response = failure(502, "Bad Gateway");
      this.resolve(isSilent && !this.context.pump.isDead ? rememberUnanswered(response) : response);
    }
    this.context.pump.drive();
  }

  /** Lets go of everything. */
  private finish(complete: boolean): void {
    if (this.over) return;
    this.over = true;
    this.connection.onChange = null;
    this.onWritable?.();
    // A guest that has answered before it read all of the request is not sent the rest.
    if (!this.uploaded) void this.upload?.cancel().catch(() => {});
    const reusable = complete && !this.context.plan.close && this.uploaded && this.reader.connectionPersists &&
      !this.connection.readable;
    if (!reusable) this.connection.close();
    this.context.pump.remove(this);
    this.context.onEnd({ reusable });
  }
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  if (pieces.length === 1) return pieces[0] as Uint8Array<ArrayBuffer>;
  const all = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
