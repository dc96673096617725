import {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_UNIX,
  AF_UNSPEC,
  SOCKADDR_IN6_BYTES,
  SOCKADDR_IN6_SHORTEST,
  SOCKADDR_IN_BYTES,
  SOCKADDR_UN_BYTES,
} from "../abi/socket.ts";
import { SOCKADDR_NL_BYTES } from "../abi/netlink.ts";
import { EAFNOSUPPORT, EINVAL } from "../abi/errno.ts";
import { type InetAddress, ipBytes, ipv4Text, ipv6Text, type SocketAddress } from "./address.ts";

/** struct sockaddr, as the guest writes it, to an address; or a negative errno. */
export function decodeSockaddr(bytes: Uint8Array): SocketAddress | number {
  if (bytes.length < 2) return -EINVAL;
  const family = bytes[0] | bytes[1] << 8;
  const port = bytes[2] << 8 | bytes[3];
  switch (family) {
    case AF_UNSPEC:
      return { family: AF_UNSPEC };
    case AF_INET:
      if (bytes.length < SOCKADDR_IN_BYTES) return -EINVAL;
      return { family, ip: ipv4Text(bytes, 4), port };
    case AF_INET6: {
      if (bytes.length < SOCKADDR_IN6_SHORTEST) return -EINVAL;
      const address: InetAddress = { family, ip: ipv6Text(bytes, 8), port };
      if (bytes.length < SOCKADDR_IN6_BYTES || bytes[24] === 0) return address;
      return { ...address, scope: bytes[24] | bytes[25] << 8 | bytes[26] << 16 | bytes[27] << 24 };
    }
    case AF_UNIX:
      return decodeUnix(bytes);
    case AF_NETLINK: {
      if (bytes.length < SOCKADDR_NL_BYTES) return -EINVAL;
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      return { family, port: view.getUint32(4, true), groups: view.getUint32(8, true) };
    }
    default:
      return -EAFNOSUPPORT;
  }
}

// unix(7): only the family is an unnamed socket (autobind); a first byte of 0 makes all the rest an abstract name; a path ends
// at its first 0 or at the given length.
function decodeUnix(bytes: Uint8Array): SocketAddress | number {
  if (bytes.length > SOCKADDR_UN_BYTES) return -EINVAL;
  if (bytes.length === 2) return { family: AF_UNIX, name: "" };
  let end = bytes.length;
  if (bytes[2] !== 0) {
    const zero = bytes.indexOf(0, 2);
    if (zero >= 0) end = zero;
  }
  let name = "";
  for (let i = 2; i < end; i++) name += String.fromCharCode(bytes[i]);
  return { family: AF_UNIX, name };
}

/** An address as struct sockaddr. */
export function encodeSockaddr(address: SocketAddress): Uint8Array {
  switch (address.family) {
    case AF_INET: {
      const out = new Uint8Array(SOCKADDR_IN_BYTES);
      putFamilyAndPort(out, AF_INET, address.port);
      out.set(ipBytes(address.ip), 4);
      return out;
    }
    case AF_INET6: {
      const out = new Uint8Array(SOCKADDR_IN6_BYTES);
      putFamilyAndPort(out, AF_INET6, address.port);
      out.set(ipBytes(address.ip), 8);
      const scope = address.scope ?? 0;
      for (let i = 0; i < 4; i++) out[24 + i] = scope >>> 8 * i;
      return out;
    }
    case AF_UNIX: {
      const { name } = address;
      // A path is followed by its 0, which counts in the length; an abstract name is not.
      const ends = name !== "" && name[0] !== "\0" ? 1 : 0;
      const out = new Uint8Array(2 + name.length + ends);
      out[0] = AF_UNIX;
      for (let i = 0; i < name.length; i++) out[2 + i] = name.charCodeAt(i);
      return out;
    }
    case AF_NETLINK: {
      const out = new Uint8Array(SOCKADDR_NL_BYTES), view = new DataView(out.buffer);
      view.setUint16(0, AF_NETLINK, true);
      view.setUint32(4, address.port, true);
      view.setUint32(8, address.groups, true);
      return out;
    }
    default:
      return new Uint8Array(2);
  }
}

function putFamilyAndPort(out: Uint8Array, family: number, port: number): void {
  out[0] = family;
  out[2] = port >> 8;
  out[3] = port & 0xff;
}
