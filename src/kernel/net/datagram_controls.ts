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
/** Datagrams come here with the hop count and the type of service that Linux sends with when nobody says otherwise. */
const HOPS = 64, TYPE_OF_SERVICE = 0;

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
      if (has(abi.SOL_IPV6, abi.IPV6_RECVHOPLIMIT)) put(abi.SOL_IPV6, abi.IPV6_HOPLIMIT, ints(HOPS));
      if (has(abi.SOL_IPV6, abi.IPV6_RECVTCLASS)) put(abi.SOL_IPV6, abi.IPV6_TCLASS, ints(TYPE_OF_SERVICE));
    }
  }
  if (to.family === abi.AF_INET) {
    if (has(abi.SOL_IP, abi.IP_PKTINFO)) {
      const address = ipBytes(inet(to.ip, 0).ip);
      put(abi.SOL_IP, abi.IP_PKTINFO, Uint8Array.of(...ints(LOOPBACK_INDEX), ...address, ...address));
    }
    if (has(abi.SOL_IP, abi.IP_RECVTTL)) put(abi.SOL_IP, abi.IP_TTL, ints(HOPS));
    if (has(abi.SOL_IP, abi.IP_RECVTOS)) put(abi.SOL_IP, abi.IP_TOS, Uint8Array.of(TYPE_OF_SERVICE));
  }
  return found;
}
