import { EHOSTUNREACH, ENETUNREACH } from "../abi/errno.ts";
import { INTERFACES, OWN_ADDRESS } from "./interfaces.ts";
import { AF_INET, AF_INET6, AF_NETLINK, AF_UNIX } from "../abi/socket.ts";

/** An IP address as text in its one canonical form ("127.0.0.1", "::1" after RFC 5952), and a port. */
export interface InetAddress {
  readonly family: typeof AF_INET | typeof AF_INET6;
  readonly ip: string;
  readonly port: number;
  /** sin6_scope_id. */
  readonly scope?: number;
}

/**
 * A name in the AF_UNIX family, byte for byte in latin1: "" for an unnamed socket, "\0..." for the abstract name space,
 * else a path (unix(7)).
 */
export interface UnixAddress {
  readonly family: typeof AF_UNIX;
  readonly name: string;
}

/** struct sockaddr_nl: a port ("nl_pid"; 0 is the kernel) and a mask of multicast groups. */
export interface NetlinkAddress {
  readonly family: typeof AF_NETLINK;
  readonly port: number;
  readonly groups: number;
}

/** connect(AF_UNSPEC): dissolves an association. */
export interface UnspecifiedAddress {
  readonly family: 0;
}

export type SocketAddress = InetAddress | UnixAddress | NetlinkAddress | UnspecifiedAddress;

export const ANY_IPV4 = "0.0.0.0", ANY_IPV6 = "::", LOOPBACK_IPV4 = "127.0.0.1", LOOPBACK_IPV6 = "::1";

export function inet(ip: string, port: number): InetAddress {
  return { family: ip.includes(":") ? AF_INET6 : AF_INET, ip, port };
}

export function isWildcard(ip: string): boolean {
  return ip === ANY_IPV4 || ip === ANY_IPV6;
}

/** What this machine answers to. */
export function isLocal(ip: string): boolean {
  return ip.startsWith("127.") || ip === LOOPBACK_IPV6 || ip === OWN_ADDRESS;
}

/** What becomes of a packet to another machine: no route, or a neighbour that is not there. */
export function unreachable(ip: string): number {
  const isNeighbour = !ip.includes(":") &&
    INTERFACES.some(({ ipv4: { address, prefix } }) =>
      String(networkOf(ip, prefix)) === String(networkOf(address, prefix))
    );
  return isNeighbour ? -EHOSTUNREACH : -ENETUNREACH;
}

/** The four bytes of the mask of an IPv4 network. */
export function netmask(prefix: number): Uint8Array {
  return Uint8Array.from([0, 8, 16, 24], (bits) => 0xff00 >> Math.max(0, Math.min(8, prefix - bits)));
}

/** The network of an IPv4 address: its bits beyond the prefix are 0. */
export function networkOf(ip: string, prefix: number): Uint8Array {
  const mask = netmask(prefix);
  return ipBytes(ip).map((byte, i) => byte & mask[i]);
}

const MAPPED = "::ffff:";

/** An IPv4 address inside IPv6 (RFC 4291 section 2.5.5.2) as IPv4; any other address as it is. */
export function unmapped(ip: string): string {
  return ip.startsWith(MAPPED) && ip.includes(".") ? ip.slice(MAPPED.length) : ip;
}

/** How a socket of the family shows an address: an AF_INET6 socket shows IPv4 peers mapped. */
export function shownTo(family: number, address: InetAddress): InetAddress {
  if (address.family === family || family !== AF_INET6) return address;
  return { family: AF_INET6, ip: address.ip === ANY_IPV4 ? ANY_IPV6 : MAPPED + address.ip, port: address.port };
}

export function ipv4Text(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** RFC 5952: lower case, the longest run of zero groups as "::", mapped IPv4 in dotted form. */
export function ipv6Text(bytes: Uint8Array, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes[at + 2 * i] << 8 | bytes[at + 2 * i + 1]);
  if (groups.slice(0, 5).every((g) => g === 0) && groups[5] === 0xffff) return MAPPED + ipv4Text(bytes, at + 12);
  let runStart = -1, runLength = 1; // a single zero group is not shortened
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && groups[i + n] === 0) n++;
    if (n > runLength) [runStart, runLength] = [i, n];
  }
  const hex = (part: number[]) => part.map((g) => g.toString(16)).join(":");
  if (runStart < 0) return hex(groups);
  return `${hex(groups.slice(0, runStart))}::${hex(groups.slice(runStart + runLength))}`;
}

/** The 4 or 16 bytes of a canonical address. */
export function ipBytes(ip: string): Uint8Array {
  if (!ip.includes(":")) return Uint8Array.from(ip.split("."), Number);
  const out = new Uint8Array(16);
  let text = ip;
  if (ip.includes(".")) {
    const dotted = ip.slice(ip.lastIndexOf(":") + 1);
    const [a, b, c, d] = dotted.split(".").map(Number);
    text = `${ip.slice(0, -dotted.length)}${(a << 8 | b).toString(16)}:${(c << 8 | d).toString(16)}`;
  }
  const [head, tail] = text.split("::").map((half) => half === "" ? [] : half.split(":").map((g) => parseInt(g, 16)));
  head.forEach((g, i) => putGroup(out, i, g));
  tail?.forEach((g, i) => putGroup(out, 8 - tail.length + i, g));
  return out;
}

function putGroup(out: Uint8Array, i: number, group: number): void {
  out[2 * i] = group >> 8;
  out[2 * i + 1] = group & 0xff;
}

/** "127.0.0.1:80", "[::1]:80", "unix:/run/x", for logs and errors. */
export function addressText(address: SocketAddress): string {
  if (address.family === AF_INET) return `${address.ip}:${address.port}`;
  if (address.family === AF_INET6) return `[${address.ip}]:${address.port}`;
  if (address.family === AF_UNIX) return `unix:${address.name.replace(/^\0/, "@")}`;
  if (address.family === AF_NETLINK) return `netlink:${address.port}`;
  return "unspecified";
}
