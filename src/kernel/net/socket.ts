import { EINVAL, EOPNOTSUPP } from "../abi/errno.ts";
import { O_NONBLOCK, O_RDWR } from "../abi/fcntl.ts";
import { FIONREAD, MSG_DONTWAIT, SO_PASSCRED, SOCK_STREAM, SOL_SOCKET } from "../abi/socket.ts";
import type { Kernel } from "../kernel.ts";
import type { Credentials } from "../task/credentials.ts";
import type { Task } from "../task/task.ts";
import { FileDescription } from "../vfs/file_description.ts";
import type { SocketAddress } from "./address.ts";
import type { Control, DatagramHeader } from "./datagram_controls.ts";
import { interfaceIoctl } from "./interface_ioctl.ts";
import { SocketOptions } from "./options.ts";
import type { WaitQueue } from "../wait_queue.ts";

/** Who is on the other side of an AF_UNIX socket (struct ucred). */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** What travels beside the bytes of a message (unix(7)). */
export interface Ancillary {
  /** Open files in flight; each holds a reference. */
  readonly files: readonly FileDescription[];
  readonly credentials: PeerCredentials | null;
  /** IP_TTL or IPV6_HOPLIMIT, and IP_TOS or IPV6_TCLASS, of this one datagram. */
  readonly header?: DatagramHeader;
}

/** What a receive found out besides the number of bytes; one object is filled again and again. */
export class ReceiveInfo {
  /** Sender's address, where the call asks for one. */
  from: SocketAddress | null = null;
  /** MSG_TRUNC, MSG_CTRUNC, MSG_EOR of the result. */
  flags = 0;
  ancillary: Ancillary | null = null;
  /** Facts about a datagram that the socket's options ask for. */
  controls: readonly Control[] | null = null;

  clear(): void {
    this.from = null;
    this.flags = 0;
    this.ancillary = null;
    this.controls = null;
  }
}

/**
 * A socket: an open file with the socket calls. The calls answer as Linux does, and never wait: -EAGAIN means that the
 * syscall handler should wait on `readiness`, unless the guest asked not to.
 */
export abstract class Socket extends FileDescription {
  static override readonly savedFields: readonly string[] = [
    ...FileDescription.savedFields,
    "number",
    "domain",
    "type",
    "protocol",
    "options",
    "acceptors",
  ];
  options: SocketOptions = new SocketOptions();
  /**
   * Tasks in accept(2). They wait apart from those in poll(2), because a connection is for one of them: in a server of many
   * processes the others sleep on. Made when somebody waits.
   */
  acceptors: WaitQueue | null = null;

  constructor(readonly number: number, readonly domain: number, readonly type: number, readonly protocol: number) {
    super();
    this.statusFlags = O_RDWR;
  }

  describe(): string {
    return `socket:[${this.number}]`;
  }

  /** A listening socket has one more connection to accept. */
  announceArrival(): void {
    this.readiness.wake();
    this.acceptors?.wakeSome(1);
  }

  get nonBlocking(): boolean {
    return (this.statusFlags & O_NONBLOCK) !== 0;
  }

  /** Whether a call with these MSG_ flags may wait. */
  waits(flags: number): boolean {
    return !this.nonBlocking && (flags & MSG_DONTWAIT) === 0;
  }

  abstract bind(k: Kernel, t: Task, address: SocketAddress): number;
  /** Starts a connection, or (called again after a wait) finishes it. -EAGAIN: wait on `readiness` and call again. */
  abstract connect(k: Kernel, t: Task, address: SocketAddress): number;
  abstract localAddress(): SocketAddress;
  /** The peer's address, or -ENOTCONN. */
  abstract peerAddress(): SocketAddress | number;
  /** The error that SO_ERROR reports, once. */
  abstract takeError(): number;
  abstract shutdown(k: Kernel, how: number): number;

  /** `to` is null for send(2), and where the socket's peer is meant. */
  abstract send(
    k: Kernel,
    t: Task,
    bytes: Uint8Array,
    at: number,
    length: number,
    flags: number,
    to: SocketAddress | null,
    ancillary: Ancillary | null,
  ): number;
  abstract receive(
    k: Kernel,
    t: Task,
    bytes: Uint8Array,
    at: number,
    length: number,
    flags: number,
    info: ReceiveInfo,
  ): number;

  /** How many of `length` bytes one call may take from a stream, whatever number of buffers they go to. */
  receiveLimit(length: number): number {
    return length;
  }

  listen(_k: Kernel, _t: Task, _backlog: number): number {
    return -EOPNOTSUPP;
  }
  /** A new socket for the oldest waiting connection. */
  accept(_k: Kernel, _t: Task): Socket | number {
    return -EOPNOTSUPP;
  }

  /** Whether bytes have no message boundaries: a send may be split, a receive may be filled from several. */
  get isStream(): boolean {
    return this.type === SOCK_STREAM;
  }

  override get writesInPieces(): boolean {
    return this.isStream;
  }
  override get readTimeoutNs(): number {
    return this.options.receiveTimeoutNs;
  }
  override get writeTimeoutNs(): number {
    return this.options.sendTimeoutNs;
  }

  get isListening(): boolean {
    return false;
  }

  /** SO_PEERCRED; null where there is no such thing. */
  peerCredentials(): PeerCredentials | null {
    return null;
  }

  /** What getsockopt shows of an option that nobody has set, where it is not the same for all kinds and states of sockets. */
  unsetOption(_level: number, _name: number): number | undefined {
    return undefined;
  }

  /** What setsockopt of an int has to check or do beyond keeping the value: 0, or a negative errno. */
  beforeSetOption(_level: number, _name: number, _value: number): number {
    return 0;
  }

  /** Whether the socket takes options of this level. */
  knowsLevel(level: number): boolean {
    return level === SOL_SOCKET;
  }

  get passesCredentials(): boolean {
    return this.options.has(SOL_SOCKET, SO_PASSCRED);
  }

  override read(k: Kernel, t: Task, bytes: Uint8Array, at: number, length: number): number {
    const n = this.receive(k, t, bytes, at, length, 0, readInfo);
    // read() has no place for open files in flight: they are closed (as scm_destroy does).
    if (readInfo.ancillary !== null) discardAncillary(k, readInfo.ancillary);
    readInfo.clear();
    return n;
  }

  override write(k: Kernel, t: Task, bytes: Uint8Array, at: number, length: number): number {
    return this.send(k, t, bytes, at, length, 0, null, null);
  }

  override ioctl(_k: Kernel, t: Task, request: number, arg: number): number {
    // Comes here only where bytesReadable() has no answer.
    if (request === FIONREAD) return -EINVAL;
    return interfaceIoctl(t, request, arg);
  }
}

const readInfo = new ReceiveInfo();

/** Drops the open files of a message that nobody takes. */
export function discardAncillary(k: Kernel, ancillary: Ancillary): void {
  for (const file of ancillary.files) if (--file.refs === 0) file.release(k);
}

/** The credentials that a peer sees of this task. */
export function credentialsOf(t: Task): PeerCredentials {
  const c: Credentials = t.process.credentials;
  return { pid: t.process.pid, uid: c.euid, gid: c.egid };
}

/** What goes with a message of a unix socket: the sender's credentials if either side wants them (unix_maybe_add_creds). */
export function withCredentials(t: Task, ancillary: Ancillary | null, wanted: boolean): Ancillary | null {
  return ancillary === null && wanted ? { files: [], credentials: credentialsOf(t) } : ancillary;
}
