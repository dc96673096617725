import { expect, test } from "vitest";
import { inet, ipBytes, ipv6Text, shownTo, unmapped } from "./address.ts";
import { decodeSockaddr, encodeSockaddr } from "./sockaddr.ts";
import { AF_INET, AF_INET6, AF_UNIX } from "../abi/socket.ts";
import { EAFNOSUPPORT, EINVAL } from "../abi/errno.ts";

test("IPv6 text is canonical and survives the way to bytes and back", () => {
  for (
    const ip of [
      "::",
      "::1",
      "fe80::1:2",
      "2001:db8::",
      "1:2:3:4:5:6:7:8",
      "::ffff:10.0.0.1",
      "1:0:2::3",
      "2001:db8:0:1:1:1:1:1",
    ]
  ) {
    expect(ipv6Text(ipBytes(ip), 0)).toBe(ip);
  }
});

test("IPv4 inside IPv6 is one address with two faces", () => {
  const v4 = inet("127.0.0.1", 80);
  const v6 = shownTo(AF_INET6, v4);
  expect(v6).toEqual({ family: AF_INET6, ip: "::ffff:127.0.0.1", port: 80 });
  expect(unmapped(v6.ip)).toBe("127.0.0.1");
  expect(shownTo(AF_INET, v4)).toBe(v4);
});

test("socket addresses survive the way to struct sockaddr and back", () => {
  const all = [
    inet("10.1.2.3", 8080),
    inet("::1", 65535),
    { family: AF_INET6, ip: "fe80::1", port: 1, scope: 3 } as const,
    { family: AF_UNIX, name: "/run/a.sock" } as const,
    { family: AF_UNIX, name: "\0abstract\0with zero" } as const,
    { family: AF_UNIX, name: "" } as const,
  ];
  for (const a of all) expect(decodeSockaddr(encodeSockaddr(a))).toEqual(a);
});

test("short and unknown socket addresses are refused", () => {
  expect(decodeSockaddr(Uint8Array.of(2))).toBe(-EINVAL);
  expect(decodeSockaddr(Uint8Array.of(2, 0, 0, 80, 127, 0, 0, 1))).toBe(-EINVAL);
  expect(decodeSockaddr(Uint8Array.of(99, 0, 0, 80))).toBe(-EAFNOSUPPORT);
  expect(decodeSockaddr(new Uint8Array(111).fill(1).fill(0, 1, 2))).toBe(-EINVAL);
});
