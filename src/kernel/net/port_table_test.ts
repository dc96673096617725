import { expect, test } from "vitest";
import { PortBinding, PortTable } from "./port_table.ts";
import { AF_INET, AF_INET6 } from "../abi/socket.ts";
import { EADDRINUSE } from "../abi/errno.ts";

const plain = { v6only: false, reuseAddress: false, reusePort: false, uid: 0 };
const reuse = { ...plain, reuseAddress: true };

test("a port is taken for its address and for the wildcard", () => {
  const t = new PortTable();
  expect(t.claim(AF_INET, "127.0.0.1", 80, plain)).toBeInstanceOf(PortBinding);
  expect(t.claim(AF_INET, "127.0.0.1", 80, plain)).toBe(-EADDRINUSE);
  expect(t.claim(AF_INET, "0.0.0.0", 80, plain)).toBe(-EADDRINUSE);
  expect(t.claim(AF_INET, "127.0.0.2", 80, plain)).toBeInstanceOf(PortBinding);
});

test("a dual-stack wildcard takes the IPv4 port, one with IPV6_V6ONLY does not", () => {
  const t = new PortTable();
  expect(t.claim(AF_INET, "0.0.0.0", 80, plain)).toBeInstanceOf(PortBinding);
  expect(t.claim(AF_INET6, "::", 80, plain)).toBe(-EADDRINUSE);
  expect(t.claim(AF_INET6, "::", 80, { ...plain, v6only: true })).toBeInstanceOf(PortBinding);
});

test("SO_REUSEADDR shares with idle sockets but never with a listener", () => {
  const t = new PortTable();
  const first = t.claim(AF_INET, "0.0.0.0", 80, reuse) as PortBinding;
  const second = t.claim(AF_INET, "0.0.0.0", 80, reuse) as PortBinding;
  expect(second).toBeInstanceOf(PortBinding);
  first.listening = true;
  expect(t.mayListen(second)).toBe(false);
  expect(t.claim(AF_INET, "0.0.0.0", 80, reuse)).toBe(-EADDRINUSE);
});

test("a port stays taken while an accepted connection holds it, except for SO_REUSEADDR", () => {
  const t = new PortTable();
  const listener = t.claim(AF_INET, "0.0.0.0", 80, reuse) as PortBinding;
  listener.listening = true;
  listener.holders++; // an accepted connection
  listener.listening = false;
  t.release(listener);
  expect(t.claim(AF_INET, "0.0.0.0", 80, plain)).toBe(-EADDRINUSE);
  expect(t.claim(AF_INET, "0.0.0.0", 80, reuse)).toBeInstanceOf(PortBinding);
});

test("SO_REUSEPORT shares among listeners of one user", () => {
  const t = new PortTable();
  const shared = { ...plain, reusePort: true };
  const first = t.claim(AF_INET, "0.0.0.0", 80, shared) as PortBinding;
  first.listening = true;
  const second = t.claim(AF_INET, "0.0.0.0", 80, shared) as PortBinding;
  expect(t.mayListen(second)).toBe(true);
  expect(t.claim(AF_INET, "0.0.0.0", 80, { ...shared, uid: 1000 })).toBe(-EADDRINUSE);
});

test("port 0 finds a free port, again and again", () => {
  const t = new PortTable();
  const a = t.claim(AF_INET, "0.0.0.0", 0, plain) as PortBinding;
  const b = t.claim(AF_INET, "0.0.0.0", 0, plain) as PortBinding;
  expect(a.port).toBeGreaterThanOrEqual(32768);
  expect(b.port).not.toBe(a.port);
});
