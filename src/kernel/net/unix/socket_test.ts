import { expect, test } from "vitest";
import { EAGAIN, ECONNREFUSED, ECONNRESET, EPIPE, EPROTOTYPE } from "../../abi/errno.ts";
import { POLL_READABLE, POLL_WRITABLE, POLLHUP } from "../../abi/poll.ts";
import { AF_UNIX, MSG_PEEK, MSG_TRUNC, SHUT_WR, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from "../../abi/socket.ts";
import type { FileDescription } from "../../vfs/file_description.ts";
import { bytes, testKernel, text } from "../_test_kernel.ts";
import type { UnixAddress } from "../address.ts";
import { createPair, createSocket } from "../provider.ts";
import { type Ancillary, ReceiveInfo, type Socket } from "../socket.ts";

const abstract = (name: string): UnixAddress => ({ family: AF_UNIX, name: `\0${name}` });

function stage() {
  const { k, t } = testKernel(1000);
  const socket = (type: number) => createSocket(k, t, AF_UNIX, type, 0) as Socket;
  const pair = (type: number) => createPair(k, t, AF_UNIX, type, 0) as [Socket, Socket];
  const send = (s: Socket, words: string, to: UnixAddress | null = null, extra: Ancillary | null = null) =>
    s.send(k, t, bytes(words), 0, words.length, 0, to, extra);
  const receive = (s: Socket, size = 100, flags = 0, info = new ReceiveInfo()) => {
    const into = new Uint8Array(size);
    const n = s.receive(k, t, into, 0, size, flags, info);
    return n < 0 ? n : text(into.subarray(0, Math.min(n, size)));
  };
  return { k, t, socket, pair, send, receive };
}

function file(): FileDescription {
  return { refs: 1, release() {} } as unknown as FileDescription;
}

test("a stream pair carries bytes, without boundaries", () => {
  const { pair, send, receive } = stage();
  const [a, b] = pair(SOCK_STREAM);
  send(a, "one");
  send(a, "two");
  expect(receive(b, 4)).toBe("onet");
  expect(receive(b)).toBe("wo");
  expect(b.peerCredentials()).toEqual({ pid: 7, uid: 1000, gid: 1000 });
});

test("a closed peer is EPIPE at once and a reset if bytes were left unread", () => {
  const { k, pair, send, receive } = stage();
  const [a, b] = pair(SOCK_STREAM);
  b.release(k);
  expect(a.poll()).toBe(POLL_READABLE | POLL_WRITABLE | POLLHUP | 0x2000);
  expect(send(a, "x")).toBe(-EPIPE);
  expect(receive(a)).toBe("");
  const [c, d] = pair(SOCK_STREAM);
  send(c, "unread");
  d.release(k);
  expect(receive(c)).toBe(-ECONNRESET);
  expect(receive(c)).toBe("");
});

test("seqpacket keeps messages apart, an empty one too", () => {
  const { k, pair, send, receive } = stage();
  const [a, b] = pair(SOCK_SEQPACKET);
  send(a, "first");
  send(a, "");
  send(a, "third");
  const info = new ReceiveInfo();
  expect(receive(b, 3, 0, info)).toBe("fir");
  expect(info.flags & MSG_TRUNC).toBe(MSG_TRUNC);
  expect(b.poll() & POLL_READABLE).toBe(POLL_READABLE);
  expect(receive(b)).toBe("");
  expect(receive(b, 100, MSG_PEEK)).toBe("third");
  expect(receive(b)).toBe("third");
  expect(receive(b)).toBe(-EAGAIN);
  a.shutdown(k, SHUT_WR);
  expect(receive(b)).toBe("");
});

test("a stream read stops at the bytes that open files came with, and hands the files over once", () => {
  const { pair, send, receive } = stage();
  const [a, b] = pair(SOCK_STREAM);
  const ancillary = { files: [file()], credentials: null };
  send(a, "plain");
  send(a, "files", null, ancillary);
  send(a, "rest");
  const info = new ReceiveInfo();
  expect(receive(b, 100, 0, info)).toBe("plainfiles");
  expect(info.ancillary).toBe(ancillary);
  info.clear();
  expect(receive(b, 100, 0, info)).toBe("rest");
  expect(info.ancillary).toBe(null);
});

test("files nobody receives are closed with the socket", () => {
  const { k, pair, send } = stage();
  const [a, b] = pair(SOCK_STREAM);
  const passed = file();
  send(a, "x", null, { files: [passed], credentials: null });
  b.release(k);
  expect(passed.refs).toBe(0);
});

test("abstract names: connect, accept, names of both ends, refusal after close", () => {
  const { k, t, socket, send, receive } = stage();
  const server = socket(SOCK_STREAM);
  expect(server.bind(k, t, abstract("x"))).toBe(0);
  const early = socket(SOCK_STREAM);
  expect(early.connect(k, t, abstract("x"))).toBe(-ECONNREFUSED);
  expect(server.listen(k, t, 1)).toBe(0);
  const client = socket(SOCK_STREAM);
  expect(client.connect(k, t, abstract("x"))).toBe(0);
  expect(client.peerAddress()).toEqual(abstract("x"));
  send(client, "before accept");
  const peer = server.accept(k, t) as Socket;
  expect(receive(peer)).toBe("before accept");
  expect(peer.localAddress()).toEqual(abstract("x"));
  expect(socket(SOCK_DGRAM).connect(k, t, abstract("x"))).toBe(-EPROTOTYPE);
  server.release(k);
  expect(socket(SOCK_STREAM).connect(k, t, abstract("x"))).toBe(-ECONNREFUSED);
});

test("a full accept queue is EAGAIN", () => {
  const { k, t, socket } = stage();
  const server = socket(SOCK_STREAM);
  server.bind(k, t, abstract("x"));
  server.listen(k, t, 0);
  expect(socket(SOCK_STREAM).connect(k, t, abstract("x"))).toBe(0);
  const next = socket(SOCK_STREAM);
  expect(next.connect(k, t, abstract("x"))).toBe(-EAGAIN);
  server.accept(k, t);
  expect(next.connect(k, t, abstract("x"))).toBe(0);
});

test("datagrams keep their sender, and a full queue makes the sender wait", () => {
  const { k, t, socket, send, receive } = stage();
  const server = socket(SOCK_DGRAM), client = socket(SOCK_DGRAM);
  server.bind(k, t, abstract("s"));
  client.bind(k, t, abstract("c"));
  expect(send(client, "to", abstract("s"))).toBe(2);
  const info = new ReceiveInfo();
  expect(receive(server, 100, 0, info)).toBe("to");
  expect(info.from).toEqual(abstract("c"));
  expect(client.connect(k, t, abstract("s"))).toBe(0);
  let sent = 0;
  while (send(client, "m") === 1) sent++;
  expect(sent).toBe(11);
  expect(client.poll() & POLL_WRITABLE).toBe(0);
  let woken = 0;
  client.readiness.observers.push({ onReadinessChange: () => woken++ });
  receive(server);
  expect(woken).toBe(1);
  expect(client.poll() & POLL_WRITABLE).toBe(POLL_WRITABLE);
  server.release(k);
  expect(send(client, "m")).toBe(-ECONNREFUSED);
});
