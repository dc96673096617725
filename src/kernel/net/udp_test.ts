import { expect, test } from "vitest";
import { EAGAIN, ECONNREFUSED, EDESTADDRREQ, EMSGSIZE, ENETUNREACH } from "../abi/errno.ts";
import { AF_INET, AF_INET6, MSG_TRUNC, SOCK_DGRAM } from "../abi/socket.ts";
import { bytes, testKernel, text } from "./_test_kernel.ts";
import { inet, type InetAddress } from "./address.ts";
import { createSocket } from "./provider.ts";
import { ReceiveInfo } from "./socket.ts";
import type { UdpSocket } from "./udp.ts";

function stage() {
  const { k, t } = testKernel();
  const socket = (domain = AF_INET) => createSocket(k, t, domain, SOCK_DGRAM, 0) as UdpSocket;
  const send = (s: UdpSocket, words: string, to: InetAddress | null = null) =>
    s.send(k, t, bytes(words), 0, words.length, 0, to, null);
  const receive = (s: UdpSocket, info = new ReceiveInfo(), size = 100) => {
    const into = new Uint8Array(size);
    const n = s.receive(k, t, into, 0, size, 0, info);
    return n < 0 ? n : text(into.subarray(0, n));
  };
  return { k, t, socket, send, receive };
}

test("a datagram arrives whole, with its sender's address", () => {
  const { k, t, socket, send, receive } = stage();
  const server = socket(), client = socket();
  server.bind(k, t, inet("127.0.0.1", 53));
  expect(receive(server)).toBe(-EAGAIN);
  expect(send(client, "question", inet("127.0.0.1", 53))).toBe(8);
  const info = new ReceiveInfo();
  expect(receive(server, info)).toBe("question");
  expect(info.from).toEqual(inet("127.0.0.1", client.localAddress().port));
  send(server, "answer", info.from as InetAddress);
  expect(receive(client)).toBe("answer");
});

test("a buffer that is too small loses the rest of the datagram", () => {
  const { k, t, socket, send, receive } = stage();
  const server = socket();
  server.bind(k, t, inet("127.0.0.1", 53));
  send(socket(), "long", inet("127.0.0.1", 53));
  const info = new ReceiveInfo();
  expect(receive(server, info, 2)).toBe("lo");
  expect(info.flags & MSG_TRUNC).toBe(MSG_TRUNC);
  expect(receive(server)).toBe(-EAGAIN);
});

test("a connected socket hears of a closed port with its next call", () => {
  const { k, t, socket, send } = stage();
  const client = socket();
  expect(client.connect(k, t, inet("127.0.0.1", 9))).toBe(0);
  expect(send(client, "x")).toBe(1);
  expect(send(client, "x")).toBe(-ECONNREFUSED);
});

test("where to send must be known, near and not too much", () => {
  const { socket, send } = stage();
  expect(send(socket(), "x")).toBe(-EDESTADDRREQ);
  expect(send(socket(), "x", inet("8.8.8.8", 53))).toBe(-ENETUNREACH);
  expect(send(socket(), "x".repeat(65508), inet("127.0.0.1", 53))).toBe(-EMSGSIZE);
});

test("connect chooses the source address that getsockname shows", () => {
  const { k, t, socket } = stage();
  const s = socket(AF_INET6);
  expect(s.connect(k, t, inet("::1", 53))).toBe(0);
  expect(s.localAddress().ip).toBe("::1");
});
