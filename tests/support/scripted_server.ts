import type { Socket } from "../../src/kernel/net/socket.ts";
import { type Script, ScriptedGuest, type Wait } from "./scripted_guest.ts";

/** What the server has counted, shown under /stats. */
export interface ServerStats {
  connections: number;
  /** Errors met while reading or writing: clients that vanished. */
  resets: number;
  /** Body bytes written under /big, whoever read them. */
  bigBytes: number;
}

interface ServerRequest {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly head: string;
  field(name: string): string | undefined;
}

/** Buffered reading of one connection. */
class Input {
  buffer = new Uint8Array(0);
  ended = false;
  constructor(readonly guest: ScriptedGuest, readonly socket: Socket) {}

  /** More bytes into the buffer; false at the end or after an error. */
  *more(): Generator<Wait, boolean, void> {
    const bytes = yield* this.guest.read(this.socket);
    if (typeof bytes === "number" || bytes.length === 0) {
      this.ended = true;
      return false;
    }
    const joined = new Uint8Array(this.buffer.length + bytes.length);
    joined.set(this.buffer);
    joined.set(bytes, this.buffer.length);
    this.buffer = joined;
    return true;
  }

  take(n: number): Uint8Array {
    const bytes = this.buffer.subarray(0, n);
    this.buffer = this.buffer.subarray(n);
    return bytes;
  }

  *line(): Generator<Wait, string | null, void> {
    for (;;) {
      const i = this.buffer.indexOf(10);
      if (i >= 0) return text(this.take(i + 1)).replace(/\r?\n$/, "");
      if (!(yield* this.more())) return null;
    }
  }
}

/** Characters below 256, one a byte. */
export function text(bytes: Uint8Array): string {
  let out = "";
  for (const b of bytes) out += String.fromCharCode(b);
  return out;
}

/**
 * A guest with an HTTP/1.1 server, one thread a connection, whose paths show one trait of servers each. Used by the tests
 * of the handler and by the conformance list of all hosts.
 */
export function scriptedServer(now?: () => number): ScriptedGuest & { stats: ServerStats } {
  const stats: ServerStats = { connections: 0, resets: 0, bigBytes: 0 };
  const guest = new ScriptedGuest(function* (guest): Script {
    const listener = guest.listen(8080);
    for (;;) {
      const socket = yield* guest.accept(listener);
      stats.connections++;
      guest.spawn(serve(guest, socket, stats));
    }
  }, now);
  return Object.assign(guest, { stats });
}

function* serve(guest: ScriptedGuest, socket: Socket, stats: ServerStats): Script {
  const input = new Input(guest, socket);
  for (;;) {
    const request = yield* readHead(input);
    if (request === null) break;
    const stays = yield* respond(guest, input, request, stats);
    if (!stays) break;
  }
  guest.close(socket);
}

function* readHead(input: Input): Generator<Wait, ServerRequest | null, void> {
  let head = "";
  for (;;) {
    const line = yield* input.line();
    if (line === null) return null;
    if (line === "") break;
    head += `${line}\n`;
  }
  const [method, target] = head.split(" ", 2);
  const url = new URL(target, "http://guest");
  const field = (name: string) => new RegExp(`^${name}: *(.*)$`, "im").exec(head)?.[1];
  return { method, target, path: url.pathname, query: url.searchParams, head, field };
}

/** The request's body, piece by piece to `sink`, with `rest` after each; false if it broke off. */
function* readBody(
  input: Input,
  request: ServerRequest,
  sink: (piece: Uint8Array) => void,
  rest?: () => Script,
): Generator<Wait, boolean, void> {
  if (/chunked/i.test(request.field("transfer-encoding") ?? "")) {
    for (;;) {
      const size = parseInt((yield* input.line()) ?? "bad", 16);
      if (Number.isNaN(size)) return false;
      if (!(yield* readExactly(input, size, sink, rest))) return false;
      if ((yield* input.line()) !== "") return false;
      if (size === 0) return true;
    }
  }
  return yield* readExactly(input, Number(request.field("content-length") ?? 0), sink, rest);
}

function* readExactly(
  input: Input,
  n: number,
  sink: (piece: Uint8Array) => void,
  rest?: () => Script,
): Generator<Wait, boolean, void> {
  while (n > 0) {
    if (input.buffer.length === 0 && !(yield* input.more())) return false;
    const piece = input.take(Math.min(n, input.buffer.length));
    n -= piece.length;
    sink(piece.slice());
    if (rest !== undefined) yield* rest();
  }
  return true;
}

/** Answers one request; true if the connection stays open. */
function* respond(
  guest: ScriptedGuest,
  input: Input,
  request: ServerRequest,
  stats: ServerStats,
): Generator<Wait, boolean, void> {
  const { socket } = input;
  const { path, query, method } = request;
  const wantsClose = /close/i.test(request.field("connection") ?? "");
  const send = function* (data: string | Uint8Array): Generator<Wait, boolean, void> {
    const result = yield* guest.write(socket, data);
    if (result < 0) stats.resets++;
    return result === 0;
  };
  const simple = function* (body: string, fields = "", status = "200 OK"): Generator<Wait, boolean, void> {
    const head = `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n${fields}\r\n`;
    return (yield* send(method === "HEAD" ? head : head + body)) && !wantsClose;
  };
  switch (path) {
    case "/hello":
      return yield* simple("hello world\n");
    case "/says":
      return yield* simple("", `Connection: ${wantsClose ? "close" : "keep-alive"}\r\n`);
    case "/head":
      return yield* simple(request.head);
    case "/stats":
      return yield* simple(JSON.stringify(stats));
    case "/reason":
      return yield* simple("tea", "X-Upper-CASE: Kept\r\n", "418 I'm a Teapot\xe9");
    case "/cookies":
      return yield* simple("", "Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\nX-Multi: 1\r\nX-Multi: 2\r\n");
    case "/gzip":
      return yield* simple(GZIPPED, "Content-Encoding: gzip\r\n");
    case "/hop":
      return yield* simple("", "Connection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nX-End: 1\r\n");
    case "/status":
      yield* send(`HTTP/1.1 ${query.get("code")} Chosen\r\n${query.get("fields") ?? ""}\r\n`);
      return !wantsClose;
    case "/chunked":
      yield* send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n");
      for (const piece of ["one ", "two ", "three"]) yield* send(`${piece.length.toString(16)}\r\n${piece}\r\n`);
      yield* send("0\r\nX-T: ignored\r\n\r\n");
      return !wantsClose;
    case "/close":
      yield* send("HTTP/1.0 200 OK\r\n\r\nuntil the connection closes");
      return false;
    case "/early-hints":
      yield* send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
      return yield* simple("after hints");
    case "/big": {
      const size = Number(query.get("n"));
      yield* send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      for (let sent = 0; sent < size;) {
        const piece = bigPiece(sent, Math.min(65536, size - sent));
        if (!(yield* send(piece))) return false;
        sent += piece.length;
        stats.bigBytes += piece.length;
      }
      return !wantsClose;
    }
    case "/ticks": {
      const count = Number(query.get("n") ?? 3), ms = Number(query.get("ms") ?? 100);
      yield* send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
      for (let i = 0; i < count; i++) {
        if (!(yield* send(`data: ${i}\n\n`))) return false;
        yield* guest.sleep(ms);
      }
      return false;
    }
    case "/sleep":
      yield* guest.sleep(Number(query.get("ms")));
      return yield* simple("slept");
    case "/echo": {
      // Streams back what comes, as it comes.
      const length = request.field("content-length");
      yield* send(
        `HTTP/1.1 200 OK\r\n${
          length === undefined ? "Transfer-Encoding: chunked" : `Content-Length: ${length}`
        }\r\n\r\n`,
      );
      const pieces: Uint8Array[] = [];
      let whole = false, finished = false;
      guest.spawn((function* (): Script {
        whole = yield* readBody(input, request, (piece) => void pieces.push(piece));
        finished = true;
      })());
      for (;;) {
        yield () => pieces.length > 0 || finished;
        const piece = pieces.shift();
        if (piece === undefined) break;
        if (length === undefined) yield* send(`${piece.length.toString(16)}\r\n`);
        if (!(yield* send(piece))) return false;
        if (length === undefined) yield* send("\r\n");
      }
      if (length === undefined && whole) yield* send("0\r\n\r\n");
      return whole && !wantsClose;
    }
    case "/count": {
      let n = 0;
      const whole = yield* readBody(input, request, (piece) => void (n += piece.length));
      if (!whole) {
        stats.resets++;
        return false;
      }
      return yield* simple(String(n));
    }
    case "/waiting": {
      // What came together with the end of the head, after all that was there was read.
      const waiting = text(input.buffer);
      if (!(yield* readBody(input, request, () => {}))) return false;
      return yield* simple(waiting);
    }
    case "/continue": {
      // As most servers: the client is told to go on if it asks.
      if (request.field("expect") === "100-continue") yield* send("HTTP/1.1 100 Continue\r\n\r\n");
      let n = 0;
      yield* readBody(input, request, (piece) => void (n += piece.length));
      return yield* simple(String(n));
    }
    case "/early-head": {
      // The head first, then the request's body, then the response's: CGI scripts do so.
      yield* send("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n");
      let n = 0;
      yield* readBody(input, request, (piece) => void (n += piece.length));
      yield* send(String(n));
      return false;
    }
    case "/slow-count": {
      // Reads a little at a time, slowly: the client feels it.
      let n = 0, seen = 0, finished = false;
      const count = (piece: Uint8Array) => void (n += piece.length);
      const pause = () => n - seen >= 65536;
      guest.spawn((function* (): Script {
        yield* readBody(input, request, count, function* () {
          if (!pause()) return;
          seen = n;
          yield* guest.sleep(2);
        });
        finished = true;
      })());
      yield () => finished;
      return yield* simple(String(n));
    }
    case "/refuse-body":
      yield* simple("too much", "Connection: close\r\n", "413 Content Too Large");
      return false;
    case "/garbage":
      yield* send("this is not HTTP\r\n\r\n");
      return false;
    case "/silent":
      return false;
    case "/hang":
      yield () => input.socket.poll() !== 0x104; // something other than writable: the client has gone
      stats.resets++;
      return false;
    case "/break":
      yield* send(`HTTP/1.1 200 OK\r\nContent-Length: ${query.get("n")}\r\n\r\nonly this`);
      return false;
    case "/die":
      guest.alive = false;
      return false;
    case "/bomb":
      guest.bomb = new Error("boom");
      return false;
    case "/once":
      // Promises to keep the connection, and closes it all the same.
      yield* simple("once");
      return false;
    case "/spin": {
      const end = guest.clock.monotonicNs() + Number(query.get("ms")) * 1e6;
      while (guest.clock.monotonicNs() < end) yield () => true;
      return yield* simple("spun");
    }
    default:
      return yield* simple("no such path\n", "", "404 Not Found");
  }
}

/** gzip of "squeezed once\\n". */
const GZIPPED = atob("H4sIAAAAAAACAysuLE1NrUpNUcjPS07lAgCPoPV9DgAAAA==");

/** Deterministic bytes: what /big has at `start`. */
export function bigPiece(start: number, length: number): Uint8Array {
  const piece = new Uint8Array(length);
  for (let i = 0; i < length; i++) piece[i] = ((start + i) * 31 + ((start + i) >> 8)) & 0xff;
  return piece;
}
