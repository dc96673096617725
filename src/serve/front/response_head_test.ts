import { expect, it } from "vitest";
import { latin1, latin1Bytes } from "../http1/grammar.ts";
import { parseHead } from "../http1/head.ts";
import type { ClientSide } from "./client_side.ts";
import { clientHead, ClientHeads } from "./response_head.ts";

const MODERN: ClientSide = { minor: 1, isHead: false, keeps: true, wantsClose: false };
const OLD: ClientSide = { minor: 0, isHead: false, keeps: false, wantsClose: false };

/** What a client gets for a guest's head, as lines, and how it reads on. */
function shown(text: string, side: Partial<ClientSide> = {}, dropsBody = false): [lines: string[], ...string[]] {
  const bytes = latin1Bytes(text), base = side.minor === 0 ? OLD : MODERN;
  const head = clientHead(parseHead(bytes, 0, bytes.length), { ...base, ...side }, dropsBody);
  return [
    latin1(head.bytes, 0, head.bytes.length).split("\r\n").slice(0, -2),
    head.framing,
    head.keeps ? "keeps" : "ends",
  ];
}

it("leaves a plain head as the guest wrote it", () => {
  const lines = [
    "HTTP/1.1 200 All Right",
    "server: g",
    "Content-length: 5",
    "Connection: keep-alive",
    "X-A: 1",
    "x-a: 2",
  ];
  expect(shown(`${lines.join("\r\n")}\r\n\r\n`)).toEqual([lines, "length", "keeps"]);
});

it("leaves out what concerned the guest's connection", () => {
  const text =
    "HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n";
  expect(shown(text)).toEqual([["HTTP/1.1 200 OK", "Content-Length: 0"], "length", "keeps"]);
  // It is what the client wanted, too.
  expect(shown(text, { keeps: false, wantsClose: true })[0]).toContain("Connection: close");
});

it("tells what the client cannot know: a connection that ends, or in HTTP/1.0 one that does not", () => {
  const text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  expect(shown(text, { keeps: false })[0]).toContain("Connection: close");
  expect(shown(text, { keeps: false, wantsClose: true })[0]).not.toContain("Connection: close");
  expect(shown(text, { minor: 0, keeps: true })[0]).toContain("Connection: keep-alive");
  expect(shown(text, { minor: 0 })[0]).toEqual(["HTTP/1.1 200 OK", "Content-Length: 0"]);
});

it("uses chunks, or the connection's end, where the guest says no length", () => {
  const chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nX: 1\r\n\r\n",
    until = "HTTP/1.1 200 OK\r\nX: 1\r\n\r\n";
  expect(shown(chunked)).toEqual([["HTTP/1.1 200 OK", "transfer-encoding: chunked", "X: 1"], "chunked", "keeps"]);
  expect(shown(until)).toEqual([["HTTP/1.1 200 OK", "X: 1", "Transfer-Encoding: chunked"], "chunked", "keeps"]);
  const old: Partial<ClientSide> = { minor: 0, keeps: true };
  expect(shown(chunked, old)).toEqual([["HTTP/1.1 200 OK", "X: 1"], "close", "ends"]);
  expect(shown(until, old)).toEqual([["HTTP/1.1 200 OK", "X: 1"], "close", "ends"]);
});

it("says one length, and none beside chunks", () => {
  const twice = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n";
  expect(shown(twice)[0]).toEqual(["HTTP/1.1 200 OK", "Content-Length: 5"]);
  expect(shown("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n")[0]).toContain("Content-Length: 5");
  const both = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n";
  expect(shown(both)).toEqual([["HTTP/1.1 200 OK", "Transfer-Encoding: chunked"], "chunked", "keeps"]);
});

it("keeps the length of bodies that are not there", () => {
  const text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  expect(shown(text, { isHead: true })).toEqual([["HTTP/1.1 200 OK", "Content-Length: 5"], "none", "keeps"]);
  expect(shown("HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n")).toEqual([
    ["HTTP/1.1 304 Not Modified", "ETag: x"],
    "none",
    "keeps",
  ]);
  const dropped = "HTTP/1.1 205 Reset\r\nContent-Length: 5\r\n\r\n";
  expect(shown(dropped, {}, true)).toEqual([["HTTP/1.1 205 Reset", "Content-Length: 0"], "length", "keeps"]);
});

it("is made once for the same head and the same kind of client", () => {
  const bytes = latin1Bytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  const head = parseHead(bytes, 0, bytes.length), heads = new ClientHeads();
  const first = heads.of(head, MODERN, false);
  expect(heads.of(head, { ...MODERN }, false)).toBe(first);
  for (const other of [{ ...MODERN, isHead: true }, { ...MODERN, keeps: false }, OLD]) {
    expect(heads.of(head, other, false)).toEqual(clientHead(head, other, false));
  }
});

it("knows whether the guest's own bytes may go to the client", () => {
  const guests = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-A: 1\r\n\r\n";
  const isGuests = (text: string, side: ClientSide = MODERN) => {
    const bytes = latin1Bytes(`${text}one`), end = bytes.length - 3;
    const made = clientHead(parseHead(bytes, 0, end), side, false);
    // Asked twice: it is found out once.
    return [made.isGuests(bytes, end), made.isGuests(bytes, end)];
  };
  expect(isGuests(guests)).toEqual([true, true]);
  const others = [
    guests.replace("X-A", "TE"),
    guests.replace("1.1", "1.0"),
    guests.replaceAll("\r", ""),
    guests.replace(": 3", ":  3"),
    guests.replace(": 3", ": 3, 3"),
    guests.replace("Content-Length: 3", "Transfer-Encoding: chunked"),
  ];
  for (const text of others) expect([text, ...isGuests(text)]).toEqual([text, false, false]);
  for (const side of [{ ...MODERN, keeps: false }, { ...MODERN, isHead: true }]) {
    expect(isGuests(guests, side)).toEqual([false, false]);
  }
});
