import { GuestResponseError, quoted } from "./errors.ts";
import type { Framing, ResponseEvent, ResponseHead } from "./events.ts";
import { bodyFraming, persists } from "./framing.ts";
import { CR, latin1, LF } from "./grammar.ts";
import type { HeadMemory, KnownHead } from "./head_memory.ts";
import { isEmptyLine, lineEnd, parseFields, parseHead } from "./head.ts";

/** Bounds on what a guest may make us keep. */
const HEAD_MAX = 256 * 1024, TRAILERS_MAX = 64 * 1024, CHUNK_LINE_MAX = 16 * 1024, INFORMATIONAL_MAX = 100;

/** Longest chunk-size, in hexadecimal digits, that a double counts exactly. */
const CHUNK_DIGITS_MAX = 13;

/** What the next bytes are. All transitions are in next(). */
type State = "head" | "length" | "close" | "chunk line" | "chunk data" | "chunk end" | "trailers" | "done";

const NOTHING = new Uint8Array(0);

/**
 * One HTTP/1.x response, read by a client: bytes in, events out, no input or output of its own (RFC 9112).
 *
 *     reader.receive(bytes);
 *     for (let e; (e = reader.next()) !== null;) ...   // null: give more bytes
 *     reader.endOfInput();                             // and look at next() again
 *
 * Throws GuestResponseError for what is not HTTP; see head.ts and framing.ts for what is taken and what is not.
 */
export class ResponseReader {
  private state: State = "head";
  private input: Uint8Array = NOTHING;
  private at = 0;
  private ended = false;
  /** Bytes of the body, or of the chunk, still to come. */
  private remaining = 0;
  private informational = 0;
  private mayPersist = false;
  /** Any byte has come. */
  started = false;

  /** `memory`: of heads that the same guest sent before. */
  constructor(private readonly method: string, private readonly memory: HeadMemory | null = null) {}

  get isDone(): boolean {
    return this.state === "done";
  }

  /** The connection may carry another request: the response is complete, nothing follows it, and the guest agrees. */
  get connectionPersists(): boolean {
    return this.isDone && this.mayPersist && this.at === this.input.length && !this.ended;
  }

  receive(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.started = true;
    if (this.at === this.input.length) {
      this.input = bytes;
    } else {
      // Only incomplete lines are ever carried over, so this copies little.
      const rest = this.input.subarray(this.at);
      const joined = new Uint8Array(rest.length + bytes.length);
      joined.set(rest);
      joined.set(bytes, rest.length);
      this.input = joined;
    }
    this.at = 0;
  }

  /** The guest has ended its side of the connection. */
  endOfInput(): void {
    this.ended = true;
  }

  /** The next event, or null if it needs more bytes or there are no more events. */
  next(): ResponseEvent | null {
    switch (this.state) {
      case "head":
        return this.readHead();
      case "length":
        return this.remaining === 0 ? this.finish() : this.readData("end of the body");
      case "close":
        if (this.at < this.input.length) return this.takeAll();
        return this.ended ? this.finish() : null;
      case "chunk line":
        return this.readChunkLine();
      case "chunk data":
        if (this.remaining > 0) return this.readData("end of a chunk");
        this.state = "chunk end";
        return this.readChunkEnd();
      case "chunk end":
        return this.readChunkEnd();
      case "trailers":
        return this.readTrailers();
      case "done":
        return null;
    }
  }

  private readHead(): ResponseEvent | null {
    this.skipEmptyLines();
    const memory = this.method === "HEAD" ? null : this.memory;
    const known = memory?.find(this.input, this.at);
    if (known) {
      this.at += known.bytes.length;
      return this.beginBody(known);
    }
    const end = this.blockEnd(HEAD_MAX, "head");
    if (end < 0) return this.needMore("end of the head");
    const bytes = this.input.subarray(this.at, end);
    const head = parseHead(bytes, 0, bytes.length);
    this.at = end;
    if (head.status < 200) return this.interim(head);
    const body = bodyFraming(head, this.method);
    const read = { bytes, head, framing: body.framing, persists: persists(head, body) };
    memory?.add(read);
    return this.beginBody(read);
  }

  private beginBody({ head, framing, persists }: KnownHead): ResponseEvent {
    this.mayPersist = persists;
    this.enterBody(framing);
    return { type: "head", head, framing };
  }

  private interim(head: ResponseHead): ResponseEvent {
    // No request of ours asks for an upgrade.
    if (head.status === 101) throw new GuestResponseError("101 Switching Protocols without being asked to");
    if (++this.informational > INFORMATIONAL_MAX) throw new GuestResponseError("too many informational responses");
    return { type: "informational", head };
  }

  private enterBody(framing: Framing): void {
    switch (framing.kind) {
      case "none":
        this.remaining = 0;
        this.state = "length";
        break;
      case "length":
        this.remaining = framing.length;
        this.state = "length";
        break;
      case "chunked":
        this.state = "chunk line";
        break;
      case "close":
        this.state = "close";
        break;
    }
  }

  private finish(): ResponseEvent {
    this.state = "done";
    return { type: "end" };
  }

  private readData(until: string): ResponseEvent | null {
    if (this.at === this.input.length) return this.needMore(until);
    const end = Math.min(this.at + this.remaining, this.input.length);
    const bytes = this.input.subarray(this.at, end);
    this.remaining -= bytes.length;
    this.at = end;
    return { type: "data", bytes };
  }

  private takeAll(): ResponseEvent {
    const bytes = this.input.subarray(this.at);
    this.at = this.input.length;
    return { type: "data", bytes };
  }

  private readChunkLine(): ResponseEvent | null {
    const lf = lineEnd(this.input, this.at, this.input.length);
    const length = (lf < 0 ? this.input.length : lf) - this.at;
    if (length > CHUNK_LINE_MAX) throw new GuestResponseError("chunk-size line too long");
    if (lf < 0) return this.needMore("end of the chunks");
    const line = latin1(this.input, this.at, lf);
    // 7.1: chunk-size [ chunk-ext ]; extensions are ignored, blanks before them taken.
    const size = /^([0-9a-fA-F]+)[ \t]*(?:;[^\r\0]*)?\r?$/.exec(line)?.[1];
    if (size === undefined || size.length > CHUNK_DIGITS_MAX) {
      throw new GuestResponseError(`not a chunk-size: ${quoted(line)}`);
    }
    this.at = lf + 1;
    this.remaining = parseInt(size, 16);
    this.state = this.remaining === 0 ? "trailers" : "chunk data";
    return this.next();
  }

  private readChunkEnd(): ResponseEvent | null {
    const first = this.input[this.at];
    const needed = first === LF ? 1 : 2;
    if (this.input.length - this.at < needed) return this.needMore("end of a chunk");
    if (needed === 2 && !(first === CR && this.input[this.at + 1] === LF)) {
      throw new GuestResponseError("chunk-data longer than its chunk-size");
    }
    this.at += needed;
    this.state = "chunk line";
    return this.next();
  }

  private readTrailers(): ResponseEvent | null {
    const end = this.blockEnd(TRAILERS_MAX, "trailer section");
    if (end < 0) return this.needMore("end of the trailers");
    const fields = parseFields(this.input, this.at, end);
    this.at = end;
    if (fields.length === 0) return this.finish();
    // The next event is the end.
    this.state = "length";
    this.remaining = 0;
    return { type: "trailers", fields };
  }

  /** Where a block of lines ends, past its empty line; -1 if it is not complete. */
  private blockEnd(limit: number, what: string): number {
    const { input } = this;
    for (let at = this.at;;) {
      const lf = lineEnd(input, at, input.length);
      if ((lf < 0 ? input.length : lf) - this.at > limit) throw new GuestResponseError(`${what} too large`);
      if (lf < 0) return -1;
      if (isEmptyLine(input, at, lf)) return lf + 1;
      at = lf + 1;
    }
  }

  /** 2.2 has servers skip empty lines before a request; guests that send them before a response exist, too. */
  private skipEmptyLines(): void {
    const { input } = this;
    while (this.at < input.length && (input[this.at] === LF || (input[this.at] === CR && input[this.at + 1] === LF))) {
      this.at += input[this.at] === LF ? 1 : 2;
    }
  }

  private needMore(until: string): null {
    if (!this.ended) return null;
    if (!this.started) throw new GuestResponseError("the connection closed without a response", true);
    throw new GuestResponseError(`the connection closed before the ${until}`, true);
  }
}
