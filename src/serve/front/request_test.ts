import { describe, expect, it } from "vitest";
import { latin1Bytes } from "../http1/grammar.ts";
import type { RequestBody } from "../http1/writer.ts";
import { BodyReader } from "./body_reader.ts";
import { Refusal } from "./refusal.ts";
import { requestFraming } from "./request_framing.ts";
import { headEnd, parseRequestHead, type RequestHead, requestTarget } from "./request_head.ts";

/** The head of a text that starts with one. */
function read(text: string): RequestHead {
  const bytes = latin1Bytes(text), end = headEnd(bytes, 0);
  if (end < 0) throw new Error("incomplete");
  return parseRequestHead(bytes, 0, end);
}

/** The status of the refusal that a call ends in. */
function refusal(call: () => unknown): number | undefined {
  try {
    call();
  } catch (error) {
    if (error instanceof Refusal) return error.status;
    throw error;
  }
  return undefined;
}

describe("the head of a request", () => {
  it("keeps names, order and repetition", () => {
    const head = read("GET /a?b HTTP/1.1\r\nhOST: h:1\r\nx-B: 2\r\nX-Empty:\r\nx-B:\t a\xe9 b \t\r\n\r\nrest");
    expect(head).toEqual({
      method: "GET",
      target: "/a?b",
      minor: 1,
      fields: [["hOST", "h:1"], ["x-B", "2"], ["X-Empty", ""], ["x-B", "a\xe9 b"]],
    });
  });

  it("is complete with its empty line alone", () => {
    const text = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    for (let n = 0; n < text.length; n++) expect(headEnd(latin1Bytes(text.slice(0, n)), 0)).toBe(-1);
    expect(headEnd(latin1Bytes(`${text}GET`), 0)).toBe(text.length);
  });

  it("takes methods that nobody knows, HTTP/1.0 without Host, and later minor versions as 1.1", () => {
    expect(read("BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n").method).toBe("BREW");
    expect(read("GET / HTTP/1.0\r\n\r\n").minor).toBe(0);
    expect(read("GET / HTTP/1.7\r\nHost: h\r\n\r\n").minor).toBe(1);
  });

  const REFUSED: [what: string, text: string, status: number][] = [
    ["a bare LF", "GET / HTTP/1.1\nHost: h\r\n\r\n", 400],
    ["a bare LF behind a field", "GET / HTTP/1.1\r\nHost: h\nX: 1\r\n\r\n", 400],
    ["a bare CR in a value", "GET / HTTP/1.1\r\nHost: h\r\nX: 1\rY: 2\r\n\r\n", 400],
    ["a NUL", "GET / HTTP/1.1\r\nHost: h\r\nX: \0\r\n\r\n", 400],
    ["white space before the colon", "GET / HTTP/1.1\r\nHost: h\r\nContent-Length : 5\r\n\r\n", 400],
    ["a folded line", "GET / HTTP/1.1\r\nHost: h\r\nX: 1\r\n 2\r\n\r\n", 400],
    ["white space before the first field", "GET / HTTP/1.1\r\n X: 1\r\nHost: h\r\n\r\n", 400],
    ["a line without a colon", "GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n", 400],
    ["an empty name", "GET / HTTP/1.1\r\nHost: h\r\n: 1\r\n\r\n", 400],
    ["no Host", "GET / HTTP/1.1\r\nX: 1\r\n\r\n", 400],
    ["two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400],
    ["two spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400],
    ["a space in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400],
    ["no version", "GET /\r\nHost: h\r\n\r\n", 400],
    ["a method that is no token", "G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400],
    ["what is no HTTP", "\x16\x03\x01\r\n\r\n", 400],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
    ["a head that is too large", `GET / HTTP/1.1\r\nHost: h\r\nX: ${"x".repeat(70_000)}\r\n\r\n`, 431],
    ["a head that is too large and not complete", `GET /${"x".repeat(70_000)}`, 431],
  ];
  it.each(REFUSED)("refuses %s", (_what, text, status) => expect(refusal(() => read(text))).toBe(status));

  it("takes the host from a target that has one", () => {
    const target = (method: string, text: string) =>
      requestTarget(read(`${method} ${text} HTTP/1.1\r\nHost: h\r\n\r\n`));
    expect(target("GET", "/x")).toEqual({ target: "/x", host: "h" });
    expect(target("GET", "http://other:8/x?y")).toEqual({ target: "/x?y", host: "other:8" });
    expect(target("GET", "HTTP://other")).toEqual({ target: "/", host: "other" });
    expect(target("GET", "http://other?q")).toEqual({ target: "/?q", host: "other" });
    expect(target("OPTIONS", "*")).toEqual({ target: "*", host: "h" });
    expect(refusal(() => target("GET", "*"))).toBe(400);
    expect(refusal(() => target("GET", "http://me@other/"))).toBe(400);
    expect(refusal(() => target("GET", "x"))).toBe(400);
    expect(refusal(() => target("CONNECT", "other:443"))).toBe(501);
  });
});

describe("the framing of a request", () => {
  const framing = (lines: string, version = "1.1") => {
    return requestFraming(read(`POST / HTTP/${version}\r\nHost: h\r\n${lines}\r\n`));
  };

  it("is by length, in chunks, or none", () => {
    expect(framing("")).toEqual({ kind: "none" });
    expect(framing("content-LENGTH: 17\r\n")).toEqual({ kind: "length", length: 17 });
    expect(framing("Transfer-Encoding: Chunked\r\n")).toEqual({ kind: "chunked" });
  });

  const REFUSED: [lines: string, status: number, version?: string][] = [
    ["Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400],
    ["Content-Length: 5\r\nContent-Length: 5\r\n", 400],
    ["Content-Length: 5, 5\r\n", 400],
    ["Content-Length: +5\r\n", 400],
    ["Content-Length: 0x5\r\n", 400],
    ["Content-Length:\r\n", 400],
    ["Content-Length: 9999999999999999\r\n", 400],
    ["Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400],
    ["Transfer-Encoding: chunked\r\n", 400, "1.0"],
    ["Transfer-Encoding: gzip, chunked\r\n", 501],
    ["Transfer-Encoding: chunked, identity\r\n", 501],
    ["Transfer-Encoding: \x0bchunked\r\n", 400],
  ];
  it.each(REFUSED)(
    "refuses %j",
    (lines, status, version) => expect(refusal(() => framing(lines, version))).toBe(status),
  );
});

describe("the body of a request", () => {
  /** What a reader makes of bytes that come in pieces of `size`; `left` is what it has not taken. */
  function body(framing: RequestBody, text: string, size: number): { text: string; left: string; done: boolean } {
    const reader = new BodyReader(framing);
    let got = "", left = "";
    for (let i = 0; i < text.length; i += size) {
      left += text.slice(i, i + size);
      const end = reader.read(latin1Bytes(left), 0, (piece) => got += String.fromCharCode(...piece));
      left = left.slice(end);
    }
    return { text: got, left, done: reader.isDone };
  }

  it("ends where its length says", () => {
    for (const size of [1, 3, 100]) {
      expect(body({ kind: "length", length: 5 }, "helloGET /", size)).toEqual({
        text: "hello",
        left: "GET /",
        done: true,
      });
    }
    expect(body({ kind: "length", length: 5 }, "hell", 4).done).toBe(false);
  });

  it("is joined from chunks, however they come", () => {
    const text = '5\r\nhello\r\n0006 ;a="b"\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\nGET /';
    for (const size of [1, 2, 7, 100]) {
      expect(body({ kind: "chunked" }, text, size)).toEqual({ text: "hello world", left: "GET /", done: true });
    }
  });

  const REFUSED = [
    "5\nhello\r\n0\r\n\r\n",
    "5\r\nhello0\r\n\r\n",
    "5\r\nhello\n0\r\n\r\n",
    "-5\r\nhello\r\n",
    "0x5\r\nhello\r\n",
    " 5\r\nhello\r\n",
    "\r\nhello\r\n",
    "5;\nhello\r\n",
    "10000000000000\r\n",
    "0\r\nbad\r\n\r\n",
    "0\r\n\n",
    `5;${"x".repeat(5000)}`,
    `0\r\nX: ${"x".repeat(70_000)}`,
  ];
  it.each(REFUSED)(
    "refuses %j",
    (text) => expect(refusal(() => body({ kind: "chunked" }, text, text.length))).toBe(400),
  );
});
