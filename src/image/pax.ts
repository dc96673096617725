/** Extended headers of POSIX.1-2001 (pax(1), "pax Extended Header"): records "length key=value\n" about the next entry. */
import { badInput, type ErrorPlace } from "../errors.ts";
import { decodeName } from "../rootfs/names.ts";

const space = 0x20;
const equals = 0x3d;
const newline = 0x0a;

/** The records by key. Values are bytes, decoded as names; an empty value takes an earlier record back. */
export function parsePax(bytes: Uint8Array, place: ErrorPlace): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const digits = bytes.indexOf(space, at);
    const length = digits < 0 ? NaN : decimal(bytes.subarray(at, digits));
    const end = at + length;
    const separator = bytes.indexOf(equals, digits);
    if (!(end <= bytes.length) || separator < 0 || separator >= end || bytes[end - 1] !== newline) {
      throw badInput("pax extended header is damaged", place);
    }
    const key = decodeName(bytes.subarray(digits + 1, separator));
    const value = bytes.subarray(separator + 1, end - 1);
    if (value.length === 0) records.delete(key);
    else records.set(key, decodeName(value));
    at = end;
  }
  return records;
}

/** A whole number of a record. */
export function paxInteger(value: string, key: string, place: ErrorPlace): number {
  if (!/^-?[0-9]{1,30}$/.test(value)) throw badInput(`pax ${key} is not a number`, place);
  return Number(value);
}

/** A time of a record, "1350244992.023960108", in whole seconds and nanoseconds to add. */
export function paxTime(value: string, key: string, place: ErrorPlace): { seconds: number; ns: number } {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(value);
  if (match === null) throw badInput(`pax ${key} is not a time`, place);
  const seconds = Number(match[2]);
  const ns = Number((match[3] ?? "").slice(0, 9).padEnd(9, "0"));
  if (match[1] === "") return { seconds, ns };
  return ns === 0 ? { seconds: 0 - seconds, ns } : { seconds: -seconds - 1, ns: 1_000_000_000 - ns };
}

function decimal(bytes: Uint8Array): number {
  if (bytes.length === 0 || bytes.length > 9) return NaN;
  let value = 0;
  for (const byte of bytes) {
    if (byte < 0x30 || byte > 0x39) return NaN;
    value = value * 10 + byte - 0x30;
  }
  return value;
}
