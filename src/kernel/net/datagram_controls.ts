import { NS_PER_SECOND } from "../abi/time.ts";
import * as abi from "../abi/socket.ts";
import { inet, type InetAddress, ipBytes, shownTo } from "./address.ts";
import { INTERFACES } from "./interfaces.ts";
import type { SocketOptions } from "./options.ts";

/** A fact about a received datagram, as it goes into a control message (cmsg(3)). */
export interface Control {
  readonly level: number;
  readonly type: number;
  readonly data: Uint8Array;
}

/** Datagrams between a machine's own addresses all go through the loopback. */
const LOOPBACK_INDEX = INTERFACES[0].index;
/** What a datagram's header says beside the addresses; undefined: as the sender's options have it. */
export interface DatagramHeader {
  readonly hops: number | undefined;
  readonly trafficClass: number | undefined;
}

/** Hop count and traffic class that a socket sends to an address with. */
export function headerOf(options: SocketOptions, to: InetAddress, given: DatagramHeader | undefined): DatagramHeader {
  const isIpv4 = to.family === abi.AF_INET, level = isIpv4 ? abi.SOL_IP : abi.SOL_IPV6;
  return {
    hops: given?.hops ?? options.get(level, isIpv4 ? abi.IP_TTL : abi.IPV6_UNICAST_HOPS),
    trafficClass: given?.trafficClass ?? options.get(level, isIpv4 ? abi.IP_TOS : abi.IPV6_TCLASS),
  };
}

/** Whether a control message of sendmsg(2) sets a field of the header, and which; -1 is the option's value. */
export function headerField(level: number, type: number): keyof DatagramHeader | null {
  if (level === abi.SOL_IP) return type === abi.IP_TTL ? "hops" : type === abi.IP_TOS ? "trafficClass" : null;
  if (level !== abi.SOL_IPV6) return null;
  return type === abi.IPV6_HOPLIMIT ? "hops" : type === abi.IPV6_TCLASS ? "trafficClass" : null;
}

function ints(...values: number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values).buffer);
}

/** struct timeval or timespec: two 64-bit numbers. */
function time(realtimeMs: number, perSecond: number): Uint8Array {
  const seconds = Math.floor(realtimeMs / 1000), rest = Math.floor((realtimeMs / 1000 - seconds) * perSecond);
  return ints(seconds | 0, Math.floor(seconds / 2 ** 32), rest, 0);
}

/**
 * What the options of the receiver ask for (ip(7), ipv6(7), socket(7): IP_PKTINFO, SO_TIMESTAMP and so on), in the kernel's
 * order. `to` is where the datagram was sent, IPv4 as such.
 */
export function datagramControls(
  options: SocketOptions,
  domain: number,
  to: InetAddress,
  { hops = 64, trafficClass = 0 }: DatagramHeader,
  realtimeMs: () => number,
): Control[] {
  const found: Control[] = [];
  const has = (level: number, name: number) => options.has(level, name);
  const put = (level: number, type: number, data: Uint8Array) => void found.push({ level, type, data });
  if (has(abi.SOL_SOCKET, abi.SO_TIMESTAMPNS)) {
    put(abi.SOL_SOCKET, abi.SO_TIMESTAMPNS, time(realtimeMs(), NS_PER_SECOND));
  } else if (has(abi.SOL_SOCKET, abi.SO_TIMESTAMP)) put(abi.SOL_SOCKET, abi.SO_TIMESTAMP, time(realtimeMs(), 1e6));
  if (domain === abi.AF_INET6) {
    if (has(abi.SOL_IPV6, abi.IPV6_RECVPKTINFO)) {
      const address = ipBytes(shownTo(abi.AF_INET6, to).ip);
      put(abi.SOL_IPV6, abi.IPV6_PKTINFO, Uint8Array.of(...address, ...ints(LOOPBACK_INDEX)));
    }
    if (to.family === abi.AF_INET6) {
      if (has(abi.SOL_IPV6, abi.IPV6_RECVHOPLIMIT)) put(abi.SOL_IPV6, abi.IPV6_HOPLIMIT, ints(hops));
      if (has(abi.SOL_IPV6, abi.IPV6_RECVTCLASS)) put(abi.SOL_IPV6, abi.IPV6_TCLASS, ints(trafficClass));
    }
  }
  if (to.family === abi.AF_INET) {
    if (has(abi.SOL_IP, abi.IP_PKTINFO)) {
      const address = ipBytes(inet(to.ip, 0).ip);
      put(abi.SOL_IP, abi.IP_PKTINFO, Uint8Array.of(...ints(LOOPBACK_INDEX), ...address, ...address));
    }
    if (has(abi.SOL_IP, abi.IP_RECVTTL)) put(abi.SOL_IP, abi.IP_TTL, ints(hops));
    if (has(abi.SOL_IP, abi.IP_RECVTOS)) put(abi.SOL_IP, abi.IP_TOS, Uint8Array.of(trafficClass));
  }
  return found;
}
