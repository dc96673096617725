import { expect, test } from "vitest";
import { GuestResponseError } from "./errors.ts";
import type { ResponseEvent } from "./events.ts";
import { latin1, latin1Bytes } from "./grammar.ts";
import { ResponseReader } from "./reader.ts";

interface Read {
  status?: number;
  reason?: string;
  fields?: string;
  framing?: string;
  informational?: number[];
  body: string;
  trailers?: string;
  ended: boolean;
  persists: boolean;
}

/** Reads a response given in pieces; `closed`: the guest then closes. */
function read(pieces: string[], { method = "GET", closed = false } = {}): Read {
  const reader = new ResponseReader(method);
  const result: Read = { body: "", ended: false, persists: false };
  const drain = () => {
    for (let e: ResponseEvent | null; (e = reader.next()) !== null;) {
      if (e.type === "informational") (result.informational ??= []).push(e.head.status);
      else if (e.type === "head") {
        result.status = e.head.status;
        result.reason = e.head.reason;
        result.fields = e.head.fields.map(([n, v]) => `${n}=${v}`).join(";");
        result.framing = e.framing.kind;
      } else if (e.type === "data") result.body += latin1(e.bytes, 0, e.bytes.length);
      else if (e.type === "trailers") result.trailers = e.fields.map(([n, v]) => `${n}=${v}`).join(";");
      else result.ended = true;
    }
  };
  for (const piece of pieces) {
    reader.receive(latin1Bytes(piece));
    drain();
  }
  if (closed) {
    reader.endOfInput();
    drain();
  }
  result.persists = reader.connectionPersists;
  return result;
}

const whole = (text: string, options?: { method?: string; closed?: boolean }) => read([text], options);

test("a response with a length", () => {
  expect(whole("HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello")).toEqual({
    status: 200,
    reason: "OK",
    fields: "Server=x;Content-Length=5",
    framing: "length",
    body: "hello",
    ended: true,
    persists: true,
  });
});

test("a chunked response with extensions and trailers", () => {
  const r = whole(
    "HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n4;name=value\r\nwiki\r\n5 \r\npedia\r\n0\r\nX-Sum: 1\r\n\r\n",
  );
  expect(r).toMatchObject({ reason: "Fine", body: "wikipedia", trailers: "X-Sum=1", ended: true, persists: true });
});

test("a body that ends with the connection", () => {
  expect(whole("HTTP/1.0 200 OK\r\n\r\nall of it")).toMatchObject({ framing: "close", ended: false });
  expect(whole("HTTP/1.0 200 OK\r\n\r\nall of it", { closed: true })).toMatchObject({
    body: "all of it",
    ended: true,
    persists: false,
  });
});

test("no body after HEAD, 204 and 304, whatever the fields say", () => {
  expect(whole("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", { method: "HEAD" })).toMatchObject({
    framing: "none",
    ended: true,
    persists: true,
  });
  expect(whole("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n").ended).toBe(true);
  expect(whole("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n").ended).toBe(true);
});

test("informational responses come before the real one", () => {
  const r = whole(
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
  );
  expect(r).toMatchObject({ informational: [100, 103], status: 200, ended: true });
});

test("the same events come whatever the pieces", () => {
  const text =
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: 1\r\n  folded\r\nTransfer-Encoding: chunked\r\n\r\n" +
    "a\r\n0123456789\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\n";
  const expected = whole(text);
  expect(expected.ended).toBe(true);
  for (let cut = 1; cut < text.length; cut++) expect(read([text.slice(0, cut), text.slice(cut)])).toEqual(expected);
  expect(read([...text])).toEqual(expected);
});

test("lines may end in LF alone, and the reason may be missing or have any bytes", () => {
  expect(whole("HTTP/1.1 200\nContent-Length: 2\n\nok")).toMatchObject({ status: 200, reason: "", body: "ok" });
  expect(whole("HTTP/1.1 404 Pas trouv\xe9 !\r\nContent-Length: 0\r\n\r\n").reason).toBe("Pas trouv\xe9 !");
  expect(whole("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n").reason).toBe("");
});

test("repeated fields, blanks around values and bytes beyond ASCII are kept", () => {
  const r = whole("HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie:b=2 \t\r\nX : \xe4\r\nContent-Length: 0\r\n\r\n");
  expect(r.fields).toBe("Set-Cookie=a=1;Set-Cookie=b=2;X=\xe4;Content-Length=0");
});

test.each([
  ["no HTTP at all", "SSH-2.0-OpenSSH\r\n\r\n"],
  ["HTTP/2", "HTTP/2 200 OK\r\n\r\n"],
  ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
  ["a CR inside the status line", "HTTP/1.1 200 O\rK\r\n\r\n"],
  ["a line without a colon", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"],
  ["a folded first line", "HTTP/1.1 200 OK\r\n folded: 1\r\n\r\n"],
  ["a field name with a space", "HTTP/1.1 200 OK\r\nA B: 1\r\n\r\n"],
  ["an empty field name", "HTTP/1.1 200 OK\r\n: 1\r\n\r\n"],
  ["a NUL in a value", "HTTP/1.1 200 OK\r\nA: x\0y\r\n\r\n"],
  ["a CR in a value", "HTTP/1.1 200 OK\r\nA: x\ry\r\n\r\n"],
  ["two different lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
  ["a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"],
  ["a length with a sign", "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na"],
  ["an enormous length", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"],
  ["an unknown transfer coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"],
  ["a chunk-size that is no number", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"],
  ["a chunk-size with a prefix", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x4\r\nwiki\r\n"],
  ["a negative chunk-size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-4\r\nwiki\r\n"],
  ["a chunk longer than it says", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nwiki\r\n"],
  ["an upgrade nobody asked for", "HTTP/1.1 101 Switching Protocols\r\n\r\n"],
])("%s is refused", (_name, text) => {
  expect(() => whole(text)).toThrow(GuestResponseError);
});

test.each([
  ["nothing", ""],
  ["half a head", "HTTP/1.1 200 OK\r\nA: 1\r\n"],
  ["half a body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"],
  ["half a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"],
  ["no last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n"],
])("a connection that ends after %s is incomplete", (_name, text) => {
  let failure: unknown;
  try {
    whole(text, { closed: true });
  } catch (e) {
    failure = e;
  }
  expect(failure).toMatchObject({ name: "GuestResponseError", incomplete: true });
});

test("equal lengths in a list are one length", () => {
  expect(whole("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok")).toMatchObject({ body: "ok", persists: true });
});

test("both framings at once: chunks count, and the connection is not used again", () => {
  const r = whole("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
  expect(r).toMatchObject({ body: "ok", ended: true, persists: false });
});

test("when a connection persists", () => {
  const persists = (start: string, fields: string) => whole(`${start}\r\n${fields}Content-Length: 0\r\n\r\n`).persists;
  expect(persists("HTTP/1.1 200 OK", "")).toBe(true);
  expect(persists("HTTP/1.1 200 OK", "Connection: foo, Close\r\n")).toBe(false);
  expect(persists("HTTP/1.0 200 OK", "")).toBe(false);
  expect(persists("HTTP/1.0 200 OK", "Connection: Keep-Alive\r\n")).toBe(true);
  expect(whole("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 smuggled\r\n").persists).toBe(false);
  expect(whole("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").persists).toBe(false);
});

test("heads, chunk lines and trailers are bounded", () => {
  const long = "x".repeat(300 * 1024);
  expect(() => whole(`HTTP/1.1 200 OK\r\nA: ${long}`)).toThrow("head too large");
  expect(() => whole(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;${long}`)).toThrow("too long");
  expect(() => whole(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: ${long}`)).toThrow("too large");
  expect(() => whole("HTTP/1.1 100 Continue\r\n\r\n".repeat(101))).toThrow("too many");
});

test("body bytes are handed over without a copy", () => {
  const reader = new ResponseReader("GET");
  const bytes = latin1Bytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  reader.receive(bytes);
  reader.next();
  const data = reader.next();
  expect(data?.type === "data" && data.bytes.buffer === bytes.buffer).toBe(true);
});
