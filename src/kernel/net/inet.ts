import { EAFNOSUPPORT } from "../abi/errno.ts";
import { AF_INET, AF_INET6, AF_UNSPEC } from "../abi/socket.ts";
import { ANY_IPV4, inet, type InetAddress, type SocketAddress } from "./address.ts";

/** Checks that an address given to bind() or connect() fits the socket's domain; returns it, or a negative errno. */
export function checkInetAddress(domain: number, address: SocketAddress): InetAddress | number {
  // For bind() Linux takes AF_UNSPEC for AF_INET if the address is 0.0.0.0 (inet_bind_sk); connect() has handled it before.
  if (address.family === AF_UNSPEC) return domain === AF_INET ? inet(ANY_IPV4, 0) : -EAFNOSUPPORT;
  if (address.family !== AF_INET && address.family !== AF_INET6) return -EAFNOSUPPORT;
  return address.family === domain ? address : -EAFNOSUPPORT;
}
