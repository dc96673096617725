import { EDOM, EINVAL, ENODEV, ENOPROTOOPT, ENOTCONN, EOPNOTSUPP, EPERM } from "../abi/errno.ts";
import * as abi from "../abi/socket.ts";
import { SYS_getsockopt, SYS_setsockopt } from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import { loadI32, loadI64, readableRange, storeU32, writableRange } from "../memory/user_memory.ts";
import { INTERFACES } from "../net/interfaces.ts";
import type { Socket } from "../net/socket.ts";
import { Connected } from "../net/tcp/connected.ts";
import { TcpSocket } from "../net/tcp/socket.ts";
import type { Task } from "../task/task.ts";
import { socketOf } from "./socket_support.ts";
import { partial, type SyscallRow } from "./support.ts";

const TIMEVAL_BYTES = 16, LINGER_BYTES = 8;

/** setsockopt(2) */
function sysSetsockopt(
  _k: Kernel,
  t: Task,
  fd: number,
  level: number,
  name: number,
  pointer: number,
  length: number,
): number {
  if (length < 0) return -EINVAL;
  const socket = socketOf(t, fd);
  if (typeof socket === "number") return socket;
  if (!socket.knowsLevel(level)) return socket.domain === abi.AF_UNIX ? -EOPNOTSUPP : -ENOPROTOOPT;
  const at = readableRange(t, pointer, Math.min(length, 4096));
  if (at < 0) return at;
  if (level === abi.SOL_SOCKET) {
    const done = setSpecial(t, socket, name, at, length);
    if (done !== null) return done;
  }
  if (level === abi.SOL_TCP && name === abi.TCP_CONGESTION) {
    socket.options.congestion = text(t, at, Math.min(length, 15));
    return 0;
  }
  // Some options of IP take a byte as well as an int (ip(7)).
  const isByte = level === abi.SOL_IP && length >= 1 && length < 4;
  if (length < 4 && !isByte) return -EINVAL;
  const value = isByte ? t.memory.u8[at] : loadI32(t.memory, at);
  const refused = socket.beforeSetOption(level, name, value);
  return refused !== 0 ? refused : socket.options.set(level, name, value, t.process.credentials.privileged);
}

/** Options of SOL_SOCKET that are not an int; null for the others. */
function setSpecial(t: Task, socket: Socket, name: number, at: number, length: number): number | null {
  switch (name) {
    case abi.SO_LINGER: {
      if (length < LINGER_BYTES) return -EINVAL;
      const seconds = loadI32(t.memory, at + 4);
      socket.options.linger = { on: loadI32(t.memory, at) !== 0, seconds };
      return 0;
    }
    case abi.SO_RCVTIMEO:
    case abi.SO_RCVTIMEO_NEW:
    case abi.SO_SNDTIMEO:
    case abi.SO_SNDTIMEO_NEW: {
      if (length < TIMEVAL_BYTES) return -EINVAL;
      const seconds = loadI64(t.memory, at), micros = loadI64(t.memory, at + 8);
      if (micros < 0 || micros >= 1_000_000) return -EDOM;
      // 0 means no timeout; a negative one has passed already (sock_set_timeout).
      const ns = seconds === 0 && micros === 0 ? Infinity : seconds < 0 ? 0 : seconds * 1e9 + micros * 1000;
      const isReceive = name === abi.SO_RCVTIMEO || name === abi.SO_RCVTIMEO_NEW;
      if (isReceive) socket.options.receiveTimeoutNs = ns;
      else socket.options.sendTimeoutNs = ns;
      return 0;
    }
    case abi.SO_BINDTODEVICE: {
      const device = text(t, at, Math.min(length, 15));
      if (device !== "" && !INTERFACES.some((i) => i.name === device)) return -ENODEV;
      if (device !== "" && !t.process.credentials.privileged) return -EPERM;
      socket.options.device = device;
      return 0;
    }
    case abi.SO_ATTACH_FILTER:
    case abi.SO_ATTACH_BPF:
    case abi.SO_DETACH_FILTER:
    case abi.SO_LOCK_FILTER:
      // Filters only narrow what is received; nothing here needs narrowing.
      return 0;
    default:
      return null;
  }
}

/** getsockopt(2) */
function sysGetsockopt(
  _k: Kernel,
  t: Task,
  fd: number,
  level: number,
  name: number,
  pointer: number,
  lengthPointer: number,
): number {
  const socket = socketOf(t, fd);
  if (typeof socket === "number") return socket;
  const lengthAt = writableRange(t, lengthPointer, 4);
  if (lengthAt < 0) return lengthAt;
  const room = loadI32(t.memory, lengthAt);
  if (room < 0) return -EINVAL;
  if (!socket.knowsLevel(level)) return -EOPNOTSUPP;
  const value = getOption(socket, level, name);
  if (typeof value === "number") return value;
  const n = Math.min(room, value.length);
  const at = writableRange(t, pointer, n);
  if (at < 0) return at;
  t.memory.u8.set(value.subarray(0, n), at);
  storeU32(t.memory, lengthAt, n);
  return 0;
}

/** The bytes of an option's value, or a negative errno. */
function getOption(socket: Socket, level: number, name: number): Uint8Array | number {
  if (level === abi.SOL_SOCKET) {
    const special = getSpecial(socket, name);
    if (special !== null) return special;
  }
  if (level === abi.SOL_TCP && name === abi.TCP_CONGESTION) return textBytes(socket.options.congestion, 16);
  if (level === abi.SOL_TCP && name === abi.TCP_INFO) return tcpInfo(socket);
  const isMtu = (level === abi.SOL_IP && name === abi.IP_MTU) || (level === abi.SOL_IPV6 && name === abi.IPV6_MTU);
  if (isMtu && typeof socket.peerAddress() === "number") return -ENOTCONN;
  const unset = socket.options.isSet(level, name) ? undefined : socket.unsetOption(level, name);
  const value = unset ?? socket.options.get(level, name);
  return value === undefined ? -ENOPROTOOPT : ints(value);
}

function getSpecial(socket: Socket, name: number): Uint8Array | number | null {
  const { options } = socket;
  switch (name) {
    case abi.SO_TYPE:
      return ints(socket.type);
    case abi.SO_DOMAIN:
      return ints(socket.domain);
    case abi.SO_PROTOCOL:
      return ints(socket.protocol);
    case abi.SO_ACCEPTCONN:
      return ints(socket.isListening ? 1 : 0);
    case abi.SO_ERROR:
      return ints(socket.takeError());
    case abi.SO_LINGER:
      return ints(options.linger.on ? 1 : 0, options.linger.seconds);
    case abi.SO_RCVTIMEO:
    case abi.SO_RCVTIMEO_NEW:
      return timeval(options.receiveTimeoutNs);
    case abi.SO_SNDTIMEO:
    case abi.SO_SNDTIMEO_NEW:
      return timeval(options.sendTimeoutNs);
    case abi.SO_BINDTODEVICE:
      return options.device === "" ? new Uint8Array(0) : textBytes(options.device, options.device.length + 1);
    case abi.SO_COOKIE:
      return ints(socket.number, 0);
    case abi.SO_PEERCRED: {
      const peer = socket.peerCredentials();
      return peer === null ? ints(0, -1, -1) : ints(peer.pid, peer.uid, peer.gid);
    }
    default:
      return null;
  }
}

/** struct tcp_info up to tcpi_total_retrans: the state, and the sizes a loopback connection has. */
function tcpInfo(socket: Socket): Uint8Array {
  const TCP_ESTABLISHED = 1, TCP_CLOSE = 7, TCP_LISTEN = 10;
  const out = new Uint8Array(104);
  const connected = socket instanceof TcpSocket && socket.state instanceof Connected && !socket.state.end.broken;
  out[0] = socket.isListening ? TCP_LISTEN : connected ? TCP_ESTABLISHED : TCP_CLOSE;
  const view = new DataView(out.buffer);
  const SND_MSS = 16, RCV_MSS = 20, SND_CWND = 80, ADVMSS = 84;
  for (const at of [SND_MSS, RCV_MSS, ADVMSS]) view.setUint32(at, 65483, true);
  view.setUint32(SND_CWND, 10, true);
  return out;
}

function ints(...values: number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values).buffer);
}

function timeval(ns: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(TIMEVAL_BYTES));
  if (ns !== Infinity) {
    view.setBigInt64(0, BigInt(Math.floor(ns / 1e9)), true);
    view.setBigInt64(8, BigInt(Math.floor(ns % 1e9 / 1000)), true);
  }
  return new Uint8Array(view.buffer);
}

function text(t: Task, at: number, length: number): string {
  let out = "";
  for (let i = 0; i < length && t.memory.u8[at + i] !== 0; i++) out += String.fromCharCode(t.memory.u8[at + i]);
  return out;
}

function textBytes(value: string, size: number): Uint8Array {
  const out = new Uint8Array(size);
  for (let i = 0; i < value.length; i++) out[i] = value.charCodeAt(i);
  return out;
}

export const sockoptRows: [number, SyscallRow][] = [
  [
    SYS_setsockopt,
    partial("setsockopt", sysSetsockopt, "checked and kept; what steers a wire has no effect", [
      "FD",
      "SockOptLevel",
      "SockOptName",
      "Pointer",
      "Int",
    ]),
  ],
  [
    SYS_getsockopt,
    partial("getsockopt", sysGetsockopt, "TCP_INFO has the state and segment sizes only", [
      "FD",
      "SockOptLevel",
      "SockOptName",
      "Pointer",
      "Pointer",
    ]),
  ],
];
