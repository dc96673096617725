import { expect, test } from "vitest";
import type { ResponseEvent } from "./events.ts";
import { HeadMemory } from "./head_memory.ts";
import { ResponseReader } from "./reader.ts";

/** All events of a response whose bytes come in the given pieces, and whether the connection may be used again. */
function read(pieces: readonly string[], method: string, memory: HeadMemory | null): unknown {
  const reader = new ResponseReader(method, memory), events: unknown[] = [];
  for (const piece of pieces) {
    reader.receive(Uint8Array.from(piece, (c) => c.charCodeAt(0)));
    for (let e: ResponseEvent | null; (e = reader.next()) !== null;) {
      events.push(e.type === "data" ? String.fromCharCode(...e.bytes) : "head" in e ? { ...e.head, type: e.type } : e);
    }
  }
  return { events, persists: reader.connectionPersists };
}

const LENGTH = "HTTP/1.1 200 OK\r\nServer: a\xe9\r\nContent-Length: 3\r\n\r\n";
const CHUNKED = "HTTP/1.1 200 OK\r\nServer: a\xe9\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";

test("what a server says again is read as the first time", () => {
  const memory = new HeadMemory();
  const responses: [pieces: string[], method: string][] = [
    [[LENGTH + "one"], "GET"],
    [[LENGTH + "two"], "GET"],
    [[LENGTH], "HEAD"],
    [[`\r\n${LENGTH}thr`], "POST"],
    [[LENGTH.slice(0, 30), LENGTH.slice(30) + "f", "ou"], "GET"],
    [[CHUNKED + "1\r\nx\r\n0\r\n\r\n"], "GET"],
    [[LENGTH + "fiv"], "GET"],
    [[CHUNKED + "2\r\nyy\r\n0\r\n\r\n"], "GET"],
    [[CHUNKED], "HEAD"],
    [["HTTP/1.1 103 Early\r\n\r\n" + LENGTH + "six"], "GET"],
    [["HTTP/1.1 103 Early\r\n\r\n" + LENGTH + "six"], "GET"],
    [[LENGTH.replace("3", "4") + "more"], "GET"],
    [["HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n"], "GET"],
    [["HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n"], "GET"],
  ];
  for (const [pieces, method] of responses) {
    expect(read(pieces, method, memory)).toEqual(read(pieces, method, null));
  }
});

test("a known head is not read again, the one not seen for longest is forgotten", () => {
  const memory = new HeadMemory();
  const headOf = (n: number) => {
    const reader = new ResponseReader("GET", memory);
    reader.receive(new TextEncoder().encode(`HTTP/1.1 200 OK\r\nX-Number: ${n}\r\nContent-Length: 0\r\n\r\n`));
    const event = reader.next();
    return event?.type === "head" ? event.head : null;
  };
  const first = headOf(1);
  expect(first?.fields[0]).toEqual(["X-Number", "1"]);
  expect(headOf(1)).toBe(first);
  for (let n = 2; n < 20; n++) {
    expect(headOf(n)?.fields[0]).toEqual(["X-Number", `${n}`]);
    expect(headOf(1)).toBe(first);
  }
  for (let n = 30; n < 50; n++) headOf(n);
  expect(headOf(1)).not.toBe(first);
  expect(headOf(1)).toEqual(first);
});

test("bytes of a known head that are used for something else do not change it", () => {
  const memory = new HeadMemory();
  const bytes = Uint8Array.from(LENGTH + "abc", (c) => c.charCodeAt(0));
  const reader = new ResponseReader("GET", memory);
  reader.receive(bytes);
  reader.next();
  const other = LENGTH.replace("Server: ", "Served: ");
  bytes.set(Uint8Array.from(other, (c) => c.charCodeAt(0)));
  expect(read([other + "abc"], "GET", memory)).toEqual(read([other + "abc"], "GET", null));
});
