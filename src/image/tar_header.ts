/**
 * One 512-byte tar header: V7, ustar (POSIX.1-1988), star and GNU (tar(5) of FreeBSD, `tar.h` of GNU tar).
 * Names stay bytes (see `names.ts`).
 */
import { badInput, type ErrorPlace, overLimit } from "../errors.ts";
import { decodeName } from "../rootfs/names.ts";

export const blockBytes = 512;

export interface TarHeader {
  /** The type flag as a character; "\0" is "0". */
  readonly flag: string;
  readonly path: string;
  readonly linkPath: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
}

/** Whether a block is all zeros: two of them end an archive. */
export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** Whether a header's checksum holds. Some old tars summed signed bytes, so both sums are accepted. */
export function hasValidChecksum(block: Uint8Array): boolean {
  const stored = parseOctal(block.subarray(148, 156));
  let unsigned = 8 * 0x20;
  let negative = 0;
  for (let i = 0; i < blockBytes; i++) {
    // The checksum's own field counts as spaces.
    if (i === 148) i = 156;
    unsigned += block[i];
    negative += block[i] >> 7;
  }
  return stored === unsigned || stored === unsigned - negative * 256;
}

/** The fields of a header whose checksum holds. */
export function parseTarHeader(block: Uint8Array, place: ErrorPlace): TarHeader {
  const number = (name: string, at: number, length: number) =>
    parseNumber(block.subarray(at, at + length), name, place);
  const name = text(block, 0, 100);
  const prefix = text(block, 345, prefixBytes(block));
  return {
    flag: block[156] === 0 ? "0" : String.fromCharCode(block[156]),
    path: prefix === "" ? name : `${prefix}/${name}`,
    linkPath: text(block, 157, 100),
    mode: number("mode", 100, 8) & 0o7777,
    uid: checkedId(number("uid", 108, 8), "uid", place),
    gid: checkedId(number("gid", 116, 8), "gid", place),
    size: checkedSize(number("size", 124, 12), place),
    mtime: number("mtime", 136, 12),
  };
}

/** A user or group id; Linux has 32 bits for it, and all ones mean "none". */
export function checkedId(id: number, name: string, place: ErrorPlace): number {
  if (!Number.isInteger(id) || id < 0 || id >= 0xffff_ffff) throw badInput(`tar ${name} ${id} is out of range`, place);
  return id;
}

/** A size that can be counted with. */
export function checkedSize(size: number, place: ErrorPlace): number {
  if (!(size >= 0)) throw badInput(`tar size ${size} is out of range`, place);
  if (!Number.isSafeInteger(size)) throw overLimit(`tar header claims about ${size} bytes`, place);
  return size;
}

// In GNU's format times and sparse maps stand where ustar has the prefix; star has times at its end.
function prefixBytes(block: Uint8Array): number {
  if (!hasText(block, 257, "ustar\0")) return 0;
  return hasText(block, 508, "tar\0") ? 131 : 155;
}

function parseNumber(field: Uint8Array, name: string, place: ErrorPlace): number {
  const value = (field[0] & 0x80) !== 0 ? parseBase256(field) : parseOctal(field);
  if (Number.isNaN(value)) throw badInput(`tar ${name} is not a number`, place);
  return value;
}

// Two's complement, big-endian, the first bit only a mark. Large values lose their low bits; they are refused anyway.
function parseBase256(field: Uint8Array): number {
  const negative = (field[0] & 0x40) !== 0;
  let value = negative ? field[0] - 256 : field[0] & 0x7f;
  for (let i = 1; i < field.length; i++) value = value * 256 + field[i];
  return value;
}

// Digits between spaces and NULs; nothing at all is 0, as every tar reads it. By bytes: a layer has many headers.
function parseOctal(field: Uint8Array): number {
  let at = 0;
  while (at < field.length && (field[at] === 0x20 || field[at] === 0)) at++;
  let value = 0;
  for (; at < field.length && field[at] !== 0x20 && field[at] !== 0; at++) {
    if (field[at] < 0x30 || field[at] > 0x37) return NaN;
    value = value * 8 + field[at] - 0x30;
  }
  return value;
}

function hasText(block: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (block[at + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}

function text(block: Uint8Array, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return decodeName(end < 0 ? field : field.subarray(0, end));
}
