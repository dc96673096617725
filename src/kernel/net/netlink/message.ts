import { NLM_F_MULTI, NLMSG_DONE, NLMSG_ERROR, NLMSGHDR_BYTES } from "../../abi/netlink.ts";

/** A message in a datagram from the guest: header fields, and the whole of it. */
export interface Request {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** Header and body. */
  readonly bytes: Uint8Array;
}

/** NLMSG_ALIGN, RTA_ALIGN */
const align = (n: number) => (n + 3) & ~3;

const RTATTR_BYTES = 4;

/** The messages of a datagram; what is cut short ends the list, as in netlink_rcv_skb(). */
export function parseRequests(bytes: Uint8Array): Request[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const requests: Request[] = [];
  for (let at = 0; at + NLMSGHDR_BYTES <= bytes.length;) {
    const length = view.getUint32(at, true);
    if (length < NLMSGHDR_BYTES || length > bytes.length - at) break;
    requests.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      bytes: bytes.slice(at, at + length),
    });
    at += align(length);
  }
  return requests;
}

/** The attributes of a request after a fixed part of `fixed` bytes, by type without flags. */
export function attributesOf(request: Request, fixed: number): Map<number, Uint8Array> {
  const { bytes } = request;
  const found = new Map<number, Uint8Array>();
  for (let at = NLMSGHDR_BYTES + align(fixed); at + RTATTR_BYTES <= bytes.length;) {
    const length = bytes[at] | bytes[at + 1] << 8;
    if (length < RTATTR_BYTES || at + length > bytes.length) break;
    found.set((bytes[at + 2] | bytes[at + 3] << 8) & 0x3fff, bytes.subarray(at + RTATTR_BYTES, at + length));
    at += align(length);
  }
  return found;
}

/** An attribute: a number is 32 bits wide, a text ends with a zero. */
export function attribute(type: number, value: number | string | Uint8Array): Uint8Array {
  const data = typeof value === "number"
    ? words(value)
    : typeof value === "string"
    ? Uint8Array.from([...value, "\0"], (c) => c.charCodeAt(0))
    : value;
  const out = new Uint8Array(align(RTATTR_BYTES + data.length));
  const view = new DataView(out.buffer);
  view.setUint16(0, RTATTR_BYTES + data.length, true);
  view.setUint16(2, type, true);
  out.set(data, RTATTR_BYTES);
  return out;
}

/** 32-bit words in the guest's byte order. */
export function words(...values: number[]): Uint8Array {
  const out = new Uint8Array(4 * values.length), view = new DataView(out.buffer);
  values.forEach((v, i) => view.setUint32(4 * i, v, true));
  return out;
}

export function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + align(part.length), 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += align(part.length);
  }
  return out;
}

/** A message to the socket of a port, in answer to a request. */
export function message(type: number, flags: number, to: Request, port: number, ...parts: Uint8Array[]): Uint8Array {
  const out = concatenated([new Uint8Array(NLMSGHDR_BYTES), ...parts]), view = new DataView(out.buffer);
  view.setUint32(0, out.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, to.sequence, true);
  view.setUint32(12, port, true);
  return out;
}

/** NLMSG_ERROR with a negative errno, or 0 for an acknowledgement, which quotes the header alone. */
export function errorMessage(request: Request, port: number, error: number): Uint8Array {
  const quoted = error === 0 ? request.bytes.subarray(0, NLMSGHDR_BYTES) : request.bytes;
  return message(NLMSG_ERROR, 0, request, port, words(error), quoted);
}

/** NLMSG_DONE, the end of a dump. */
export function doneMessage(request: Request, port: number): Uint8Array {
  return message(NLMSG_DONE, NLM_F_MULTI, request, port, words(0));
}
