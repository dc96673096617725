import { EBADF, EINVAL, EPERM } from "../abi/errno.ts";
import {
  AF_UNIX,
  CMSGHDR_BYTES,
  MSG_CTRUNC,
  SCM_CREDENTIALS,
  SCM_MAX_FD,
  SCM_RIGHTS,
  SOL_IP,
  SOL_SOCKET,
  UCRED_BYTES,
} from "../abi/socket.ts";
import type { Kernel } from "../kernel.ts";
import { loadI32, loadU32, loadU64, readableRange, storeU32, storeU64, writableRange } from "../memory/user_memory.ts";
import { type DatagramHeader, headerField } from "../net/datagram_controls.ts";
import {
  type Ancillary,
  credentialsOf,
  discardAncillary,
  type PeerCredentials,
  type ReceiveInfo,
  type Socket,
} from "../net/socket.ts";
import type { Task } from "../task/task.ts";
import type { FileDescription } from "../vfs/file_description.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** CMSG_ALIGN */
const align = (n: number) => (n + 7) & ~7;

/**
 * The ancillary data of sendmsg (cmsg(3), unix(7)); null if there is none that concerns us, or a negative errno. The files
 * hold a reference each: they are sent, or given back with discardAncillary.
 */
export function readControl(t: Task, socket: Socket, pointer: number, length: number): Ancillary | null | number {
  const at = readableRange(t, pointer, length);
  if (at < 0) return at;
  const m = t.memory, files: FileDescription[] = [];
  let credentials: PeerCredentials | null = null;
  let header: Mutable<DatagramHeader> | null = null;
  for (let offset = 0; offset + CMSGHDR_BYTES <= length;) {
    const size = loadU64(m, at + offset);
    if (size < CMSGHDR_BYTES || size > length - offset) return -EINVAL;
    const level = loadI32(m, at + offset + 8), type = loadI32(m, at + offset + 12);
    const data = at + offset + CMSGHDR_BYTES, dataLength = size - CMSGHDR_BYTES;
    if (level === SOL_SOCKET && socket.domain === AF_UNIX) {
      if (type === SCM_RIGHTS) {
        const taken = takeFiles(t, data, dataLength >> 2, files);
        if (taken < 0) return taken;
      } else if (type === SCM_CREDENTIALS) {
        if (dataLength < UCRED_BYTES) return -EINVAL;
        credentials = { pid: loadI32(m, data), uid: loadU32(m, data + 4), gid: loadU32(m, data + 8) };
        if (!mayClaim(t, credentials)) return -EPERM;
      } else {
        return -EINVAL;
      }
    }
    const field = socket.domain === AF_UNIX ? null : headerField(level, type);
    if (field !== null) {
      // IP takes these as bytes, too.
      if (dataLength < 4 && !(level === SOL_IP && dataLength === 1)) return -EINVAL;
      const value = dataLength < 4 ? m.u8[data] : loadI32(m, data);
      if (value < (level === SOL_IP ? 0 : -1) || value > 255) return -EINVAL;
      header ??= { hops: undefined, trafficClass: undefined };
      header[field] = value === -1 ? undefined : value;
    }
    offset += align(size);
  }
  if (header !== null) return { files: [], credentials: null, header };
  for (const file of files) file.refs++;
  if (credentials === null && socket.domain === AF_UNIX && files.length > 0) credentials = credentialsOf(t);
  return files.length > 0 || credentials !== null ? { files, credentials } : null;
}

function takeFiles(t: Task, at: number, count: number, files: FileDescription[]): number {
  if (files.length + count > SCM_MAX_FD) return -EINVAL;
  for (let i = 0; i < count; i++) {
    const file = t.process.fds.get(loadI32(t.memory, at + 4 * i));
    if (file === undefined) return -EBADF;
    files.push(file);
  }
  return 0;
}

/** Only the privileged may send credentials that are not their own. */
function mayClaim(t: Task, c: PeerCredentials): boolean {
  const own = t.process.credentials;
  if (own.privileged) return true;
  const uidFits = c.uid === own.uid || c.uid === own.euid || c.uid === own.suid;
  const gidFits = c.gid === own.gid || c.gid === own.egid || c.gid === own.sgid;
  return c.pid === t.process.pid && uidFits && gidFits;
}

/** Where recvmsg wants ancillary data. */
export interface ControlRoom {
  readonly pointer: number;
  readonly room: number;
  readonly cloexec: boolean;
}

/** Stores ancillary data for recvmsg, sets MSG_CTRUNC if some did not fit. The bytes used, or a negative errno. */
export function writeControl(k: Kernel, t: Task, socket: Socket, info: ReceiveInfo, to: ControlRoom): number {
  let used = 0;
  const room = to.pointer === 0 ? 0 : to.room;
  if (socket.passesCredentials && socket.domain === AF_UNIX) {
    const c = info.ancillary?.credentials ?? { pid: 0, uid: 65534, gid: 65534 };
    used = putCredentials(t, to.pointer, room, c, info);
    if (used < 0) return used;
  }
  for (const { level, type, data } of info.controls ?? []) {
    const put = putControl(t, (to.pointer >>> 0) + used, room - used, level, type, data, info);
    if (put < 0) return put;
    used += put;
  }
  const { ancillary } = info;
  if (ancillary === null) return used;
  if (ancillary.files.length > 0) {
    const files = putFiles(t, (to.pointer >>> 0) + used, room - used, ancillary.files, to.cloexec, info);
    if (files < 0) return files;
    used += files;
  }
  // Descriptors hold their own references now.
  discardAncillary(k, ancillary);
  return used;
}

function putCredentials(t: Task, pointer: number, room: number, c: PeerCredentials, info: ReceiveInfo): number {
  const size = CMSGHDR_BYTES + UCRED_BYTES;
  if (room < size) {
    info.flags |= MSG_CTRUNC;
    return 0;
  }
  const at = putHeader(t, pointer, size, room, SCM_CREDENTIALS);
  if (at < 0) return at;
  storeU32(t.memory, at, c.pid);
  storeU32(t.memory, at + 4, c.uid);
  storeU32(t.memory, at + 8, c.gid);
  return Math.min(align(size), room);
}

function putFiles(
  t: Task,
  pointer: number,
  room: number,
  files: readonly FileDescription[],
  cloexec: boolean,
  info: ReceiveInfo,
): number {
  const fitting = Math.max(0, Math.min(files.length, (room - CMSGHDR_BYTES) >> 2));
  const numbers: number[] = [];
  for (let i = 0; i < fitting; i++) {
    const fd = t.process.fds.install(files[i], cloexec);
    if (fd < 0) break;
    numbers.push(fd);
  }
  if (numbers.length < files.length) info.flags |= MSG_CTRUNC;
  if (numbers.length === 0) return 0;
  const size = CMSGHDR_BYTES + 4 * numbers.length;
  const at = putHeader(t, pointer, size, room, SCM_RIGHTS);
  if (at < 0) return at;
  numbers.forEach((fd, i) => storeU32(t.memory, at + 4 * i, fd));
  return Math.min(align(size), room);
}

/** put_cmsg(): what does not fit is cut, and told. */
function putControl(
  t: Task,
  pointer: number,
  room: number,
  level: number,
  type: number,
  data: Uint8Array,
  info: ReceiveInfo,
): number {
  const size = CMSGHDR_BYTES + data.length;
  if (room < size) info.flags |= MSG_CTRUNC;
  if (room < CMSGHDR_BYTES) return 0;
  const at = putHeader(t, pointer, Math.min(size, room), room, type, level);
  if (at < 0) return at;
  t.memory.u8.set(data.subarray(0, Math.min(data.length, room - CMSGHDR_BYTES)), at);
  return Math.min(align(size), room);
}

/** A cmsghdr; returns the linear address of its data, or -EFAULT. */
function putHeader(
  t: Task,
  pointer: number,
  size: number,
  room: number,
  type: number,
  level: number = SOL_SOCKET,
): number {
  const at = writableRange(t, pointer, Math.min(align(size), room));
  if (at < 0) return at;
  storeU64(t.memory, at, size);
  storeU32(t.memory, at + 8, level);
  storeU32(t.memory, at + 12, type);
  return at + CMSGHDR_BYTES;
}
