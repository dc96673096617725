/**
 * Urgent data (tcp(7), MSG_OOB): one byte of the stream is marked. It is read by MSG_OOB, or, with SO_OOBINLINE, in its
 * place; reads stop before it. As in net/ipv4/tcp_input.c (tcp_urg) and tcp.c (tcp_recv_urg, tcp_recvmsg_locked).
 */
import { EAGAIN, EINVAL } from "../../abi/errno.ts";
import { POLL_READABLE, POLLPRI } from "../../abi/poll.ts";
import { MSG_PEEK } from "../../abi/socket.ts";
import { SI_KERNEL, SIGURG } from "../../abi/signal.ts";
import type { Kernel } from "../../kernel.ts";
import { makeSignal } from "../../task/signal.ts";
import { sendToProcess } from "../../task/signals.ts";
import type { StreamEnd } from "../stream_end.ts";

/** Unread bytes before the marked one. */
export function bytesToMark(end: StreamEnd): number {
  return end.urgentAt - (end.incoming.written - end.incoming.length);
}

/** The last byte that was written to `end` is urgent: it is marked, and the owner of the socket is told (fcntl(2), F_SETOWN). */
export function markUrgent(k: Kernel, end: StreamEnd): void {
  // A reader that stands at an older mark does not read that byte as data later.
  if (end.urgentAt >= 0 && bytesToMark(end) === 0 && end.holder?.isInline === false) end.skip(1);
  end.urgentAt = end.incoming.written - 1;
  end.urgentTaken = false;
  const owner = end.holder?.owner ?? 0;
  for (const p of k.processes.values()) {
    if (owner !== 0 && (p.pid === owner || p.pgid === -owner)) sendToProcess(p, makeSignal(SIGURG, SI_KERNEL));
  }
  end.changed();
}

/** recv with MSG_OOB. */
export function receiveUrgent(
  end: StreamEnd,
  inline: boolean,
  bytes: Uint8Array,
  at: number,
  length: number,
  flags: number,
): number {
  if (inline || end.urgentAt < 0 || end.urgentTaken) return -EINVAL;
  const place = bytesToMark(end);
  if (place < 0) return -EINVAL;
  if (length === 0) return 0;
  if (end.incoming.peek(bytes, at, 1, place) !== 1) return -EAGAIN;
  if (!(flags & MSG_PEEK)) end.urgentTaken = true;
  return 1;
}

/** MSG_PEEK: what the next read would give. */
export function peekUpToMark(end: StreamEnd, inline: boolean, bytes: Uint8Array, at: number, length: number): number {
  const place = bytesToMark(end);
  return end.incoming.peek(bytes, at, place > 0 ? Math.min(length, place) : length, place > 0 || inline ? 0 : 1);
}

/** How far a read may go: to the mark; behind it, if it stands there, and then the mark is passed. */
export function readUpToMark(end: StreamEnd, inline: boolean, length: number): number {
  const place = bytesToMark(end);
  if (place > 0) return Math.min(length, place);
  if (!inline) end.skip(1);
  end.urgentAt = -1;
  return length;
}

/** poll of a connection with a mark: the marked byte alone is nothing to read, unless it is in line. */
export function pollUrgent(end: StreamEnd, inline: boolean): number {
  let events = end.poll();
  const isAlone = !inline && end.incoming.length === 1 && bytesToMark(end) === 0;
  if (isAlone && !end.atEnd) events &= ~POLL_READABLE;
  return end.urgentTaken ? events : events | POLLPRI;
}

/** FIONREAD: what one read would give. */
export function readableBeforeMark(end: StreamEnd, inline: boolean): number {
  const place = bytesToMark(end);
  return inline || place < 0 ? end.incoming.length : place;
}
