import { GuestResponseError } from "./http1/errors.ts";
import type { ResponseEvent, ResponseHead } from "./http1/events.ts";
import type { HeadMemory } from "./http1/head_memory.ts";
import { ResponseReader } from "./http1/reader.ts";
import { chunkEnd, chunkHead, lastChunk } from "./http1/writer.ts";
import type { HostConnection } from "./instance.ts";
import { joined } from "./joined.ts";
import type { Pump, PumpClient } from "./pump.ts";
import type { RequestPlan, Upload } from "./request.ts";
import { forbidsBody, isServable } from "./response.ts";
import type { BodyConsumer, ResponseBody, ResponseSink } from "./sink.ts";
import type { Timers } from "./timers.ts";
import type { UploadReader } from "./upload.ts";

/** Bodies that are complete when their head is read, up to this size, are answered without a stream. */
const BUFFERED_MAX = 256 * 1024;
/** Pieces smaller than this are joined before they are handed to the host, up to JOINED_MAX. */
const SMALL_PIECE = 16 * 1024, JOINED_MAX = 64 * 1024;
/**
 * How long the head of a request waits for the beginning of its body, in ms. Clients send a small form together with its head,
 * and there are servers that lose what comes behind (webdis, when it is asked to close the connection).
 */
const HEAD_WAIT_MS = 10;

/** How an exchange ended, for whoever owns the connection and the instance. */
export interface ExchangeResult {
  /** The connection may be used for another request. */
  readonly reusable: boolean;
  /** False if onStale() follows. */
  readonly answered: boolean;
}

/** What an exchange needs besides the connection. */
export interface ExchangeContext {
  readonly pump: Pump;
  readonly plan: RequestPlan;
  readonly sink: ResponseSink;
  readonly heads: HeadMemory;
  readonly timers: Timers;
  /** The head of the response is there. */
  onAnswer(): void;
  /** Everything is over; called once. */
  onEnd(result: ExchangeResult): void;
  /**
   * In place of an answer, after onEnd: the guest closed the connection, perhaps one from an earlier request, before it
   * answered anything. The request may be sent again.
   */
  onStale(reason: string): void;
  log(line: string): void;
}

/**
 * One request and its response on one connection. Everything happens in the turns of this request: the upload in its own
 * promise chain, the rest in calls from the pump and from the response's stream.
 */
export class Exchange implements PumpClient, ResponseBody {
  /** Kept by the pump: set while the connection has changed and this has not been told. */
  noted = false;
  place = -1;
  private usedReader: ResponseReader | null = null;
  private head: ResponseHead | null = null;
  /** The sink has the head, and this feeds the body. */
  private handedOver = false;
  private inputEnded = false;
  private over = false;
  /** Set when the guest has ended: nothing more will come. */
  private deathReason: string | null = null;
  /** Body pieces read before the stream asked for them. */
  private early: Uint8Array[] = [];
  private consumer: BodyConsumer | null = null;
  /** The consumer has asked for bytes and got none yet. */
  private wanted = false;
  private upload: UploadReader | null = null;
  private uploaded = false;
  private onWritable: (() => void) | null = null;

  constructor(private readonly connection: HostConnection, private readonly context: ExchangeContext) {}

  /** Made for answers that need it. */
  private get reader(): ResponseReader {
    return this.usedReader ??= new ResponseReader(this.context.plan.method, this.context.heads);
  }

  /** Sends the request, and runs the guest, which may well answer at once. */
  start(): void {
    const { pump, plan } = this.context;
    pump.add(this);
    this.connection.onChange = pump.noteFor(this);
    if (plan.upload === null) {
      this.connection.write(plan.head);
      this.uploaded = true;
    } else {
      void this.sendWithBody(plan.head, plan.upload);
    }
    pump.drive();
  }

  get isAnswered(): boolean {
    return this.over || this.head !== null;
  }

  get isOver(): boolean {
    return this.over;
  }

  /** The client is gone: the guest's connection is reset. */
  abort(): void {
    if (this.over) return;
    this.connection.abort();
    this.finish(false);
    // Nobody sees it; but a promise that never settles would hold the host's request open.
    if (!this.handedOver) this.sendFailure(499, "Client Closed Request");
    this.context.pump.drive();
  }

  /** No answer in time. */
  timeOut(): void {
    if (this.over || this.head !== null) return;
    this.context.log("the guest did not answer in time");
    this.connection.abort();
    this.finish(false);
    this.sendFailure(504, "Gateway Timeout");
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
    if (this.usedReader === null) {
      const bytes = this.connection.read();
      if (bytes === null && this.deathReason === null) return;
      if (bytes instanceof Uint8Array) {
        if (this.answerWhole(bytes)) return;
        this.reader.receive(bytes);
      }
    }
    for (let event: ResponseEvent | null; (event = this.nextEvent()) !== null;) {
      if (event.type === "informational") {
        this.context.sink.onInformational?.(event.head.status);
      } else if (event.type === "head") {
        if (!isServable(event.head.status)) throw new GuestResponseError(`status is ${event.head.status}`);
        this.head = event.head;
        this.context.onAnswer();
        return this.answer(event.head, event.framing.kind === "length" ? event.framing.length : 0);
      }
    }
  }

  /**
   * An answer of one piece, whose head was seen before: nearly all small ones of a busy server. False for others, of which nothing
   * has been taken.
   */
  private answerWhole(bytes: Uint8Array): boolean {
    const { plan, heads, sink } = this.context;
    const known = plan.method === "HEAD" ? null : heads.findWhole(bytes);
    if (known === null || !isServable(known.head.status)) return false;
    const { head } = known, start = known.bytes.length;
    this.head = head;
    this.context.onAnswer();
    if (forbidsBody(head.status) || bytes.length === start || sink.respondWhole === undefined) {
      const hasBody = bytes.length > start && !forbidsBody(head.status);
      sink.respond(head, hasBody ? bytes.subarray(start) as Uint8Array<ArrayBuffer> : null);
    } else {
      sink.respondWhole(head, bytes as Uint8Array<ArrayBuffer>, start);
    }
    this.finish(true, true, known.persists);
    return true;
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
      this.context.sink.respond(head, body);
      this.finish(true);
    } else if (forbidsBody(head.status)) {
      // 205 with a body, which RFC 9110, section 15.3.6, forbids: the body is dropped.
      this.context.sink.respond(head, null);
      this.connection.abort();
      this.finish(false);
    } else {
      // Before the call: the sink may ask for the first piece from within.
      this.handedOver = true;
      try {
        this.context.sink.respond(head, this);
      } catch (error) {
        this.handedOver = false;
        throw error;
      }
    }
  }

  attach(consumer: BodyConsumer): void {
    this.consumer = consumer;
  }

  pull(): void {
    if (this.over) return;
    this.wanted = true;
    try {
      this.deliver();
    } catch (error) {
      this.fail(error);
    }
    this.context.pump.drive();
  }

  cancel(): void {
    if (this.over) return;
    this.connection.abort();
    this.finish(false);
    this.context.pump.drive();
  }

  /** Hands pieces, or the end, to the consumer, as long as there are any and it wants them. */
  private deliver(): void {
    while (this.wanted && !this.over) {
      const pieces = this.early;
      this.early = [];
      const gathered = this.gather(pieces);
      if (pieces.length > 0) this.wanted = this.hand(pieces);
      if (this.over) return;
      if (gathered === "end") {
        this.wanted = false;
        this.finish(true);
        this.consumer!.end();
      }
      if (gathered === "empty") return;
    }
  }

  /** Adds to the pieces what the guest has written, up to a bound; "empty": there was no more, "end": nor will there be. */
  private gather(pieces: Uint8Array[]): "some" | "empty" | "end" {
    let size = 0;
    for (const piece of pieces) size += piece.length;
    while (size < JOINED_MAX) {
      const event = this.nextEvent();
      if (event === null) return "empty";
      if (event.type === "end") return "end";
      if (event.type !== "data") continue;
      pieces.push(event.bytes);
      size += event.bytes.length;
      // A large piece is passed on as it is: joining would copy it.
      if (event.bytes.length >= SMALL_PIECE) break;
    }
    return "some";
  }

  /** True if the consumer wants more at once. */
  private hand(pieces: Uint8Array[]): boolean {
    const consumer = this.consumer!;
    if (pieces.length > 1 && pieces.every((piece) => piece.length < SMALL_PIECE)) {
      let size = 0;
      for (const piece of pieces) size += piece.length;
      return consumer.data(joined(pieces, size));
    }
    let more = true;
    for (const piece of pieces) more = consumer.data(piece);
    return more;
  }

  /** The head goes with the first piece of the body, or alone if that keeps it waiting. */
  private async sendWithBody(head: Uint8Array, { reader: upload, first }: Upload): Promise<void> {
    const { plan, pump, timers } = this.context;
    const isChunked = plan.body.kind === "chunked";
    let left = plan.body.kind === "length" ? plan.body.length : Infinity;
    this.upload = upload;
    let ahead = first, unsent: Uint8Array[] = [head];
    const timer = timers.after(HEAD_WAIT_MS, () => {
      if (this.over || unsent.length === 0) return;
      unsent = [];
      this.connection.write(head);
      pump.drive();
    });
    try {
      for (;;) {
        const { done, value } = await (ahead ?? upload.read());
        ahead = null;
        if (this.over) return;
        if (done) break;
        if (value.length === 0) continue;
        left -= value.length;
        if (left < 0) throw new RangeError("body longer than its Content-Length");
        const pieces = isChunked ? [...unsent, chunkHead(value.length), value, chunkEnd()] : [...unsent, value];
        unsent = [];
        if (!(await this.sendAll(pieces))) return void upload.cancel().catch(() => {});
        pump.drive();
      }
      if (left > 0 && left !== Infinity) throw new RangeError("body shorter than its Content-Length");
      const pieces = isChunked ? [...unsent, lastChunk()] : unsent;
      unsent = [];
      await this.sendAll(pieces);
      this.uploaded = true;
      pump.drive();
    } catch {
      // The client has gone in the middle of its request.
      this.abort();
    } finally {
      timers.clear(timer);
    }
  }

  /** Sends small pieces as one, so that the guest does not see some of them without the others. */
  private async sendAll(pieces: readonly Uint8Array[]): Promise<boolean> {
    let size = 0;
    for (const piece of pieces) size += piece.length;
    if (size <= JOINED_MAX && pieces.length > 1) return await this.send(joined(pieces, size));
    for (const piece of pieces) if (!(await this.send(piece))) return false;
    return true;
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
    // Nothing was lost with it: the caller may try again.
    const isStale = isSilent && this.upload === null;
    this.connection.abort();
    this.finish(false, !isStale);
    if (this.handedOver) {
      this.context.log(`the guest's response broke off: ${message}`);
      this.consumer?.error(new TypeError(`response broke off: ${message}`));
    } else if (isStale) {
      this.context.onStale(message);
    } else {
      this.context.log(`no valid response from the guest: ${message}`);
      this.sendFailure(502, "Bad Gateway", isSilent && !this.context.pump.isDead);
    }
    this.context.pump.drive();
  }

  private sendFailure(status: number, text: string, unanswered = false): void {
    this.context.sink.fail({ status, text, unanswered });
  }

  /** Lets go of everything. `persists`: the guest keeps the connection. */
  private finish(complete: boolean, answered = true, persists = this.usedReader?.connectionPersists ?? false): void {
    if (this.over) return;
    this.over = true;
    this.connection.onChange = null;
    this.onWritable?.();
    // A guest that has answered before it read all of the request is not sent the rest.
    if (!this.uploaded) void this.upload?.cancel().catch(() => {});
    const reusable = complete && !this.context.plan.close && this.uploaded && persists && !this.connection.readable;
    if (!reusable) this.connection.close();
    this.context.pump.remove(this);
    this.context.onEnd({ reusable, answered });
  }
}
