import { expect, test } from "vitest";
import { latin1 } from "./grammar.ts";
import { encodeRequestHead, type OutgoingRequest, titleCase } from "./writer.ts";

function head(request: Partial<OutgoingRequest>): string[] {
  const bytes = encodeRequestHead({
    method: "GET",
    version: "1.1",
    target: "/",
    host: "h",
    fields: [],
    body: { kind: "none" },
    extra: [],
    close: false,
    expectContinue: false,
    ...request,
  });
  const text = latin1(bytes, 0, bytes.length);
  expect(text.endsWith("\r\n\r\n")).toBe(true);
  return text.slice(0, -4).split("\r\n");
}

test("a plain request is its line and its host", () => {
  expect(head({ target: "/a?b=c", host: "example.org:8080" })).toEqual([
    "GET /a?b=c HTTP/1.1",
    "Host: example.org:8080",
  ]);
});

test("with 1.0 a connection is closed unless the head says otherwise", () => {
  expect(head({ version: "1.0", host: undefined, close: true })).toEqual(["GET / HTTP/1.0"]);
  expect(head({ version: "1.0" })).toEqual(["GET / HTTP/1.0", "Host: h", "Connection: keep-alive"]);
  expect(head({ close: true })).toEqual(["GET / HTTP/1.1", "Host: h", "Connection: close"]);
});

test("fields keep order, case, repetition and bytes", () => {
  expect(head({ fields: [["X-b", "1"], ["x-A", "\xe4"], ["X-b", "2"]] }).slice(2)).toEqual([
    "X-b: 1",
    "x-A: \xe4",
    "X-b: 2",
  ]);
});

test("fields of the client's connection stay behind, the named ones too", () => {
  const fields = [
    ["Connection", "close, X-Private"],
    ["Keep-Alive", "timeout=5"],
    ["x-private", "1"],
    ["Upgrade", "h2c"],
    ["TE", "trailers"],
    ["Transfer-Encoding", "chunked"],
    ["Host", "evil"],
    ["Content-Length", "7"],
    ["Expect", "100-continue"],
    ["Accept", "*/*"],
  ] as const;
  expect(head({ fields }).slice(1)).toEqual(["Host: h", "Accept: */*"]);
});

test("a client cannot have us forget the length by naming it in Connection", () => {
  const fields = [["Connection", "content-length, content-type"], ["Content-Type", "a/b"]] as const;
  expect(head({ method: "POST", fields, body: { kind: "length", length: 3 } }).slice(2)).toEqual([
    "Content-Type: a/b",
    "Content-Length: 3",
  ]);
});

test("extra fields replace the client's", () => {
  expect(head({ fields: [["x-forwarded-for", "spoofed"]], extra: [["X-Forwarded-For", "real"]] }).slice(2)).toEqual([
    "X-Forwarded-For: real",
  ]);
});

test("bodies are framed by length or in chunks", () => {
  expect(head({ method: "POST", body: { kind: "length", length: 0 } })[2]).toBe("Content-Length: 0");
  expect(head({ method: "POST", body: { kind: "chunked" }, close: true }).slice(2)).toEqual([
    "Transfer-Encoding: chunked",
    "Connection: close",
  ]);
});

test("nothing that ends a line gets through", () => {
  expect(() => head({ fields: [["A", "x\r\nB: y"]] })).toThrow(TypeError);
  expect(() => head({ host: "h\r\nB: y" })).toThrow(TypeError);
  expect(() => head({ method: "GET /\r\n" })).toThrow(TypeError);
});

test("names from fetch Headers are written as clients write them", () => {
  expect(["content-type", "x-b3-traceid", "etag", "a--b"].map(titleCase)).toEqual([
    "Content-Type",
    "X-B3-Traceid",
    "Etag",
    "A--B",
  ]);
});
