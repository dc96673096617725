import { CR, latin1, LF } from "../http1/grammar.ts";
import type { RequestBody } from "../http1/writer.ts";
import { Refusal } from "./refusal.ts";
import { parseFieldLines } from "./request_head.ts";

/** Bounds on what says nothing of the body itself: a chunk's line with its extensions, and the trailers. */
const CHUNK_LINE_MAX = 4096, TRAILERS_MAX = 64 * 1024;

/** Longest chunk-size, in hexadecimal digits, that a double counts exactly. */
const CHUNK_SIZE = /^([0-9a-fA-F]{1,13})(?:[ \t]*;[^\r\n\0]*)?$/;

/** What the next bytes are. */
type State = "length" | "chunk line" | "chunk data" | "chunk end" | "trailers" | "done";

/** Takes the body of a request out of a client's bytes (RFC 9112, sections 6 and 7.1), as strictly as request_head.ts its head. */
export class BodyReader {
  private state: State;
  /** Bytes of the body, or of the chunk, still to come. */
  private remaining: number;

  constructor(body: RequestBody) {
    this.remaining = body.kind === "length" ? body.length : 0;
    this.state = body.kind === "chunked" ? "chunk line" : this.remaining > 0 ? "length" : "done";
  }

  get isDone(): boolean {
    return this.state === "done";
  }

  /**
   * Gives what bytes[at, ...) have of the body to `take`, without a copy; returns how far they went. The rest is of no use without
   * more, or follows the body. Throws Refusal.
   */
  read(bytes: Uint8Array, at: number, take: (piece: Uint8Array) => void): number {
    for (;;) {
      const before = at;
      if (this.state === "length" || this.state === "chunk data") at = this.readData(bytes, at, take);
      else if (this.state === "chunk line") at = this.readChunkLine(bytes, at);
      else if (this.state === "chunk end") at = this.readChunkEnd(bytes, at);
      else if (this.state === "trailers") at = this.readTrailers(bytes, at);
      if (at === before || this.state === "done") return at;
    }
  }

  private readData(bytes: Uint8Array, at: number, take: (piece: Uint8Array) => void): number {
    const end = Math.min(at + this.remaining, bytes.length);
    if (end === at) return at;
    this.remaining -= end - at;
    if (this.remaining === 0) this.state = this.state === "length" ? "done" : "chunk end";
    take(bytes.subarray(at, end));
    return end;
  }

  private readChunkLine(bytes: Uint8Array, at: number): number {
    const lf = lineEnd(bytes, at, CHUNK_LINE_MAX);
    if (lf < 0) return at;
    const size = CHUNK_SIZE.exec(latin1(bytes, at, lf - 1))?.[1];
    if (size === undefined) throw Refusal.bad();
    this.remaining = parseInt(size, 16);
    this.state = this.remaining === 0 ? "trailers" : "chunk data";
    return lf + 1;
  }

  private readChunkEnd(bytes: Uint8Array, at: number): number {
    if (bytes.length - at < 2) return at;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) throw Refusal.bad();
    this.state = "chunk line";
    return at + 2;
  }

  /** Read for where they end; nobody gets them. */
  private readTrailers(bytes: Uint8Array, start: number): number {
    for (let at = start;;) {
      const lf = lineEnd(bytes, at, TRAILERS_MAX - (at - start));
      if (lf < 0) return start;
      if (lf === at + 1) {
        parseFieldLines(latin1(bytes, start, lf + 1), 0);
        this.state = "done";
        return lf + 1;
      }
      at = lf + 1;
    }
  }
}

/** The LF of the line that starts at `at`; -1 if it is not complete. */
function lineEnd(bytes: Uint8Array, at: number, limit: number): number {
  const lf = bytes.indexOf(LF, at);
  if ((lf < 0 ? bytes.length : lf) - at > limit) throw Refusal.bad();
  if (lf >= 0 && (lf === at || bytes[lf - 1] !== CR)) throw Refusal.bad();
  return lf;
}
