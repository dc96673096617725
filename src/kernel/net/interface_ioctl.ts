import { EFAULT, EINVAL, ENODEV, ENOTTY, EPERM } from "../abi/errno.ts";
import {
  AF_INET,
  ARPHRD_LOOPBACK,
  IFF_LOOPBACK,
  IFF_RUNNING,
  IFF_UP,
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
import { loadI32, loadU32, storeU32, writableRange } from "../memory/user_memory.ts";
import type { Task } from "../task/task.ts";
import { LOOPBACK_INDEX, LOOPBACK_MTU, LOOPBACK_QUEUE_LENGTH } from "./loopback.ts";

/** struct ifreq: a name of 16 bytes and a union; struct ifconf: length, pointer. */
const IFREQ_BYTES = 40, IFNAMSIZ = 16, IFCONF_BYTES = 16;

/** netdevice(7): there is one interface, "lo" with 127.0.0.1/8. */
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
  if (pointer !== 0) {
    if (room < IFREQ_BYTES) {
      storeU32(t.memory, conf, 0);
      return 0;
    }
    const at = writableRange(t, pointer, IFREQ_BYTES);
    if (at < 0) return -EFAULT;
    t.memory.u8.fill(0, at, at + IFREQ_BYTES);
    t.memory.u8.set([0x6c, 0x6f], at); // "lo"
    putSockaddr(t, at + IFNAMSIZ, 127, 0, 0, 1);
  }
  storeU32(t.memory, conf, IFREQ_BYTES);
  return 0;
}

function interfaceField(t: Task, request: number, arg: number): number {
  const at = writableRange(t, arg, IFREQ_BYTES);
  if (at < 0) return at;
  const u8 = t.memory.u8, value = at + IFNAMSIZ;
  if (request === SIOCGIFNAME) {
    if (loadI32(t.memory, value) !== LOOPBACK_INDEX) return -ENODEV;
    u8.fill(0, at, at + IFNAMSIZ);
    u8.set([0x6c, 0x6f], at);
    return 0;
  }
  if (u8[at] !== 0x6c || u8[at + 1] !== 0x6f || u8[at + 2] !== 0) return -ENODEV;
  u8.fill(0, value, at + IFREQ_BYTES);
  if (request === SIOCGIFFLAGS) storeU32(t.memory, value, IFF_UP | IFF_LOOPBACK | IFF_RUNNING);
  else if (request === SIOCGIFADDR) putSockaddr(t, value, 127, 0, 0, 1);
  else if (request === SIOCGIFNETMASK) putSockaddr(t, value, 255, 0, 0, 0);
  else if (request === SIOCGIFBRDADDR) putSockaddr(t, value, 0, 0, 0, 0);
  else if (request === SIOCGIFMTU) storeU32(t.memory, value, LOOPBACK_MTU);
  else if (request === SIOCGIFINDEX) storeU32(t.memory, value, LOOPBACK_INDEX);
  else if (request === SIOCGIFHWADDR) u8[value] = ARPHRD_LOOPBACK & 0xff, u8[value + 1] = ARPHRD_LOOPBACK >> 8;
  else if (request === SIOCGIFTXQLEN) storeU32(t.memory, value, LOOPBACK_QUEUE_LENGTH);
  return 0;
}

function putSockaddr(t: Task, at: number, ...ip: number[]): void {
  t.memory.u8[at] = AF_INET;
  t.memory.u8.set(ip, at + 4);
}
