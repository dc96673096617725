import { EFAULT, EINVAL, ENODEV, ENOTTY, EPERM } from "../abi/errno.ts";
import {
  AF_INET,
  SIOCATMARK,
  SIOCGIFADDR,
  SIOCGIFBRDADDR,
  SIOCGIFCONF,
  SIOCGIFFLAGS,
  SIOCGIFHWADDR,
  SIOCGIFINDEX,
  SIOCGIFMETRIC,
  SIOCGIFMTU,
  SIOCGIFNAME,
  SIOCGIFNETMASK,
  SIOCGIFTXQLEN,
  TIOCOUTQ,
} from "../abi/socket.ts";
import { decodeBytes, encodeBytes } from "../memory/byte_string.ts";
import { loadI32, loadU32, storeU32, writableRange } from "../memory/user_memory.ts";
import type { Task } from "../task/task.ts";
import { ipBytes, netmask } from "./address.ts";
import { INTERFACES, type NetworkInterface } from "./interfaces.ts";

/** struct ifreq: a name of 16 bytes and a union; struct ifconf: length, pointer. */
const IFREQ_BYTES = 40, IFNAMSIZ = 16, IFCONF_BYTES = 16;

/** netdevice(7): the interfaces and their addresses. */
export function interfaceIoctl(t: Task, request: number, arg: number): number {
  switch (request) {
    case SIOCATMARK:
    case TIOCOUTQ: {
      // No out-of-band data, and nothing waits to be sent: bytes are at the peer at once.
      const at = writableRange(t, arg, 4);
      if (at < 0) return at;
      storeU32(t.memory, at, 0);
      return 0;
    }
    case SIOCGIFCONF:
      return listInterfaces(t, arg);
    case SIOCGIFNAME:
    case SIOCGIFFLAGS:
    case SIOCGIFADDR:
    case SIOCGIFBRDADDR:
    case SIOCGIFNETMASK:
    case SIOCGIFMETRIC:
    case SIOCGIFMTU:
    case SIOCGIFHWADDR:
    case SIOCGIFINDEX:
    case SIOCGIFTXQLEN:
      return interfaceField(t, request, arg);
    default:
      // The requests that change an interface.
      return request >= 0x8914 && request <= 0x8940 ? -EPERM : -ENOTTY;
  }
}

function listInterfaces(t: Task, arg: number): number {
  const conf = writableRange(t, arg, IFCONF_BYTES);
  if (conf < 0) return conf;
  const room = loadI32(t.memory, conf), pointer = loadU32(t.memory, conf + 8);
  if (room < 0) return -EINVAL;
  // With no buffer the call tells how much room is needed.
  if (pointer === 0) {
    storeU32(t.memory, conf, INTERFACES.length * IFREQ_BYTES);
    return 0;
  }
  const shown = INTERFACES.slice(0, Math.floor(room / IFREQ_BYTES));
  const at = writableRange(t, pointer, shown.length * IFREQ_BYTES);
  if (at < 0) return -EFAULT;
  t.memory.u8.fill(0, at, at + shown.length * IFREQ_BYTES);
  shown.forEach((i, n) => {
    putName(t, at + n * IFREQ_BYTES, i);
    putSockaddr(t, at + n * IFREQ_BYTES + IFNAMSIZ, ipBytes(i.ipv4.address));
  });
  storeU32(t.memory, conf, shown.length * IFREQ_BYTES);
  return 0;
}

function interfaceField(t: Task, request: number, arg: number): number {
  const at = writableRange(t, arg, IFREQ_BYTES);
  if (at < 0) return at;
  const u8 = t.memory.u8, value = at + IFNAMSIZ;
  if (request === SIOCGIFNAME) {
    const byIndex = INTERFACES.find((i) => i.index === loadI32(t.memory, value));
    if (byIndex === undefined) return -ENODEV;
    putName(t, at, byIndex);
    return 0;
  }
  const found = INTERFACES.find(({ name }) =>
    u8[at + name.length] === 0 && decodeBytes(u8, at, at + name.length) === name
  );
  if (found === undefined) return -ENODEV;
  u8.fill(0, value, at + IFREQ_BYTES);
  const { ipv4 } = found;
  if (request === SIOCGIFFLAGS) u8[value] = found.flags & 0xff, u8[value + 1] = found.flags >> 8 & 0xff;
  else if (request === SIOCGIFADDR) putSockaddr(t, value, ipBytes(ipv4.address));
  else if (request === SIOCGIFNETMASK) putSockaddr(t, value, netmask(ipv4.prefix));
  else if (request === SIOCGIFBRDADDR) putSockaddr(t, value, ipBytes(ipv4.broadcast ?? "0.0.0.0"));
  else if (request === SIOCGIFMTU) storeU32(t.memory, value, found.mtu);
  else if (request === SIOCGIFINDEX) storeU32(t.memory, value, found.index);
  else if (request === SIOCGIFHWADDR) {
    u8[value] = found.type & 0xff;
    u8[value + 1] = found.type >> 8;
    u8.set(found.address, value + 2);
  } else if (request === SIOCGIFTXQLEN) storeU32(t.memory, value, found.queueLength);
  return 0;
}

function putName(t: Task, at: number, { name }: NetworkInterface): void {
  t.memory.u8.fill(0, at, at + IFNAMSIZ);
  t.memory.u8.set(encodeBytes(name), at);
}

function putSockaddr(t: Task, at: number, ip: Uint8Array): void {
  t.memory.u8[at] = AF_INET;
  t.memory.u8.set(ip, at + 4);
}
