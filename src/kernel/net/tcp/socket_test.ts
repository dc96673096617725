import { expect, test } from "vitest";
import {
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAGAIN,
  EALREADY,
  ECONNREFUSED,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  ENETUNREACH,
  ENOTCONN,
  EPIPE,
} from "../../abi/errno.ts";
import { O_NONBLOCK } from "../../abi/fcntl.ts";
import { POLL_READABLE, POLL_WRITABLE, POLLERR, POLLHUP } from "../../abi/poll.ts";
import {
  AF_INET,
  AF_INET6,
  IPV6_V6ONLY,
  MSG_PEEK,
  MSG_TRUNC,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_STREAM,
  SOL_IPV6,
} from "../../abi/socket.ts";
import { bytes, testKernel, text } from "../_test_kernel.ts";
import { inet } from "../address.ts";
import { createSocket } from "../provider.ts";
import { ReceiveInfo } from "../socket.ts";
import type { TcpSocket } from "./socket.ts";

function stage(domain = AF_INET) {
  const { k, t } = testKernel();
  const socket = (d = domain) => createSocket(k, t, d, SOCK_STREAM, 0) as TcpSocket;
  const listening = (ip: string, port: number, backlog = 5) => {
    const s = socket(ip.includes(":") ? AF_INET6 : AF_INET);
    expect(s.bind(k, t, inet(ip, port))).toBe(0);
    expect(s.listen(k, t, backlog)).toBe(0);
    return s;
  };
  const send = (s: TcpSocket, words: string) => s.send(k, t, bytes(words), 0, words.length, 0, null, null);
  const receive = (s: TcpSocket, flags = 0, size = 100) => {
    const into = new Uint8Array(size);
    const n = s.receive(k, t, into, 0, size, flags, new ReceiveInfo());
    return n < 0 ? n : text(into.subarray(0, n));
  };
  return { k, t, socket, listening, send, receive };
}

test("a connection over loopback carries bytes both ways and knows both addresses", () => {
  const { k, t, socket, listening, send, receive } = stage();
  const server = listening("0.0.0.0", 8080);
  expect(server.accept(k, t)).toBe(-EAGAIN);
  const client = socket();
  expect(client.connect(k, t, inet("127.0.0.1", 8080))).toBe(0);
  expect(server.poll()).toBe(POLL_READABLE);
  const peer = server.accept(k, t) as TcpSocket;
  expect(send(client, "ping")).toBe(4);
  expect(receive(peer)).toBe("ping");
  expect(send(peer, "pong")).toBe(4);
  expect(receive(client)).toBe("pong");
  expect(receive(client)).toBe(-EAGAIN);
  expect(peer.localAddress()).toEqual(inet("127.0.0.1", 8080));
  expect(peer.peerAddress()).toEqual(client.localAddress());
  expect(client.connect(k, t, inet("127.0.0.1", 8080))).toBe(-EISCONN);
});

test("nobody listening is ECONNREFUSED, another machine is ENETUNREACH", () => {
  const { k, t, socket } = stage();
  expect(socket().connect(k, t, inet("127.0.0.1", 81))).toBe(-ECONNREFUSED);
  expect(socket().connect(k, t, inet("93.184.216.34", 80))).toBe(-ENETUNREACH);
  expect(socket().bind(k, t, inet("93.184.216.34", 80))).toBe(-EADDRNOTAVAIL);
});

test("a non-blocking connect is EINPROGRESS, then writable, then SO_ERROR tells how it went", () => {
  const { k, t, socket, listening } = stage();
  listening("127.0.0.1", 80);
  const good = socket();
  good.statusFlags |= O_NONBLOCK;
  expect(good.connect(k, t, inet("127.0.0.1", 80))).toBe(-EINPROGRESS);
  expect(good.poll()).toBe(POLL_WRITABLE);
  expect(good.takeError()).toBe(0);
  expect(good.connect(k, t, inet("127.0.0.1", 80))).toBe(0);
  expect(good.connect(k, t, inet("127.0.0.1", 80))).toBe(-EISCONN);
  const bad = socket();
  bad.statusFlags |= O_NONBLOCK;
  expect(bad.connect(k, t, inet("127.0.0.1", 81))).toBe(-EINPROGRESS);
  expect(bad.poll() & (POLLERR | POLLHUP)).toBe(POLLERR | POLLHUP);
  expect(bad.takeError()).toBe(ECONNREFUSED);
  expect(bad.takeError()).toBe(0);
});

test("connections beyond the backlog wait until one is accepted", () => {
  const { k, t, socket, listening } = stage();
  const server = listening("127.0.0.1", 80, 0);
  const first = socket(), second = socket();
  second.statusFlags |= O_NONBLOCK;
  expect(first.connect(k, t, inet("127.0.0.1", 80))).toBe(0);
  expect(second.connect(k, t, inet("127.0.0.1", 80))).toBe(-EINPROGRESS);
  expect(second.poll()).toBe(0);
  expect(second.connect(k, t, inet("127.0.0.1", 80))).toBe(-EALREADY);
  server.accept(k, t);
  expect(second.poll()).toBe(POLL_WRITABLE);
  expect(second.connect(k, t, inet("127.0.0.1", 80))).toBe(0);
});

test("a dual-stack listener shows IPv4 peers as mapped addresses", () => {
  const { k, t, socket, listening } = stage();
  const server = listening("::", 80);
  const client = socket(AF_INET);
  expect(client.connect(k, t, inet("127.0.0.1", 80))).toBe(0);
  const peer = server.accept(k, t) as TcpSocket;
  expect(peer.localAddress().ip).toBe("::ffff:127.0.0.1");
  const only6 = socket(AF_INET6);
  only6.options.set(SOL_IPV6, IPV6_V6ONLY, 1, true);
  expect(only6.bind(k, t, inet("::", 81))).toBe(0);
  expect(only6.beforeSetOption(SOL_IPV6, IPV6_V6ONLY, 0)).toBe(-EINVAL);
  expect(only6.listen(k, t, 1)).toBe(0);
  expect(socket(AF_INET).connect(k, t, inet("127.0.0.1", 81))).toBe(-ECONNREFUSED);
  expect(socket(AF_INET6).connect(k, t, inet("::1", 81))).toBe(0);
});

test("a listener for one address is preferred to the wildcard", () => {
  const { k, t, socket } = stage();
  const all = socket(), one = socket();
  for (const s of [all, one]) s.options.set(1, 15, 1, true); // SO_REUSEPORT
  all.bind(k, t, inet("0.0.0.0", 80));
  all.listen(k, t, 1);
  expect(one.bind(k, t, inet("127.0.0.1", 80))).toBe(0);
  one.listen(k, t, 1);
  socket().connect(k, t, inet("127.0.0.1", 80));
  expect(one.poll()).toBe(POLL_READABLE);
  expect(all.poll()).toBe(0);
});

test("the port of a closed listener is free again, unless a connection still uses it", () => {
  const { k, t, socket, listening } = stage();
  const server = listening("127.0.0.1", 80);
  expect(socket().bind(k, t, inet("127.0.0.1", 80))).toBe(-EADDRINUSE);
  socket().connect(k, t, inet("127.0.0.1", 80));
  const peer = server.accept(k, t) as TcpSocket;
  server.release(k);
  expect(socket().bind(k, t, inet("127.0.0.1", 80))).toBe(-EADDRINUSE);
  peer.release(k);
  expect(socket().bind(k, t, inet("127.0.0.1", 80))).toBe(0);
});

test("MSG_PEEK keeps the bytes, MSG_TRUNC throws them away", () => {
  const { k, t, socket, listening, send, receive } = stage();
  const server = listening("127.0.0.1", 80);
  const client = socket();
  client.connect(k, t, inet("127.0.0.1", 80));
  const peer = server.accept(k, t) as TcpSocket;
  send(client, "abcdef");
  expect(receive(peer, MSG_PEEK, 3)).toBe("abc");
  expect(receive(peer, MSG_TRUNC, 2)).toBe("\0\0");
  expect(receive(peer)).toBe("cdef");
});

test("shutdown ends one direction; after both ends are shut poll shows a hangup", () => {
  const { k, t, socket, listening, send, receive } = stage();
  const server = listening("127.0.0.1", 80);
  const client = socket();
  expect(client.shutdown(k, SHUT_WR)).toBe(-ENOTCONN);
  client.connect(k, t, inet("127.0.0.1", 80));
  const peer = server.accept(k, t) as TcpSocket;
  client.shutdown(k, SHUT_WR);
  expect(receive(peer)).toBe("");
  expect(send(peer, "still")).toBe(5);
  expect(receive(client)).toBe("still");
  expect(send(client, "no")).toBe(-EPIPE);
  peer.shutdown(k, SHUT_RDWR);
  expect(peer.poll() & POLLHUP).toBe(POLLHUP);
});

test("a socket that was never connected polls as hung up and refuses to read or write", () => {
  const { socket, send, receive } = stage();
  const s = socket();
  expect(s.poll()).toBe(POLL_WRITABLE | POLLHUP);
  expect(receive(s)).toBe(-ENOTCONN);
  expect(send(s, "x")).toBe(-EPIPE);
});

test("closing a listener resets the connections it had not accepted", () => {
  const { k, t, socket, listening, receive } = stage();
  const server = listening("127.0.0.1", 80);
  const client = socket();
  client.connect(k, t, inet("127.0.0.1", 80));
  server.release(k);
  expect(receive(client)).toBe(-104);
});

test("the host connects to the first listener, reads, writes, and sees how the guest ends", () => {
  const { k, t, listening, send, receive } = stage();
  expect(k.net.hostConnect("first")).toBe(null);
  const server = listening("0.0.0.0", 3000);
  expect(k.net.listeners()).toEqual([{ ip: "0.0.0.0", port: 3000, backlog: 5, pending: 0 }]);
  expect(k.net.hostConnect(81)).toBe(null);
  const host = k.net.hostConnect("first")!;
  let changes = 0;
  host.onChange = () => changes++;
  expect(host.write(bytes("GET /"))).toBe(5);
  const guest = server.accept(k, t) as TcpSocket;
  expect(guest.peerAddress()).toMatchObject({ ip: "127.0.0.1" });
  expect(receive(guest)).toBe("GET /");
  expect(host.read()).toBe(null);
  send(guest, "200");
  expect(changes).toBeGreaterThan(0);
  expect(text(host.read() as Uint8Array)).toBe("200");
  guest.release(k);
  expect(host.read()).toBe("eof");
  expect(host.write(bytes("more"))).toBe(-1);
});

test("a guest that closes with the request half read still gets its answer through", () => {
  const { k, t, listening, send } = stage();
  const server = listening("0.0.0.0", 3000);
  const host = k.net.hostConnect("first")!;
  host.write(bytes("a long body"));
  const guest = server.accept(k, t) as TcpSocket;
  send(guest, "413");
  guest.release(k);
  expect(text(host.read() as Uint8Array)).toBe("413");
  expect(host.read()).toBe("eof");
});

test("a host that aborts is a reset for the guest", () => {
  const { k, t, listening, receive, send } = stage();
  const server = listening("0.0.0.0", 3000);
  const host = k.net.hostConnect(3000)!;
  const guest = server.accept(k, t) as TcpSocket;
  host.abort();
  expect(guest.poll() & (POLLERR | POLLHUP)).toBe(POLLERR | POLLHUP);
  expect(receive(guest)).toBe(-104);
  expect(send(guest, "x")).toBe(-EPIPE);
  expect(host.read()).toBe("reset");
});
