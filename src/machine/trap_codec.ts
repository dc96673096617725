/**
 * Trap tables as bytes: they come with every code module and are needed only when the guest faults. Pairs of differences,
 * (offset - last offset) as unsigned and (pc - last pc) as signed LEB128, behind their count: about two bytes a pair.
 */
import type { TrapTable } from "./fault.ts";

export function encodeTraps({ trapOffsets, trapPcs }: TrapTable): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(10 * trapOffsets.length + 5);
  let at = 0;
  const unsigned = (v: number) => {
    for (; v > 0x7f; v >>>= 7) out[at++] = (v & 0x7f) | 0x80;
    out[at++] = v;
  };
  const signed = (v: number) => {
    for (; v < -64 || v > 63; v >>= 7) out[at++] = (v & 0x7f) | 0x80;
    out[at++] = v & 0x7f;
  };
  unsigned(trapOffsets.length);
  let offset = 0, pc = 0;
  for (let i = 0; i < trapOffsets.length; i++) {
    unsigned(trapOffsets[i] - offset);
    signed((trapPcs[i] - pc) | 0);
    offset = trapOffsets[i];
    pc = trapPcs[i];
  }
  return out.slice(0, at);
}

export function decodeTraps(bytes: Uint8Array): TrapTable {
  let at = 0;
  const unsigned = () => {
    let v = 0, shift = 0, byte: number;
    do {
      byte = bytes[at++];
      v |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte & 0x80);
    return v >>> 0;
  };
  const signed = () => {
    let v = 0, shift = 0, byte: number;
    do {
      byte = bytes[at++];
      v |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte & 0x80);
    return shift < 32 && byte & 0x40 ? v | (-1 << shift) : v;
  };
  const count = unsigned();
  const trapOffsets = new Uint32Array(count), trapPcs = new Uint32Array(count);
  let offset = 0, pc = 0;
  for (let i = 0; i < count; i++) {
    trapOffsets[i] = offset += unsigned();
    trapPcs[i] = pc = (pc + signed()) >>> 0;
  }
  return { trapOffsets, trapPcs };
}

/** A table that is decoded when the guest first faults. */
export function lazyTraps(bytes: Uint8Array): TrapTable {
  let table: TrapTable | undefined;
  const decoded = () => table ??= decodeTraps(bytes);
  return {
    get trapOffsets() {
      return decoded().trapOffsets;
    },
    get trapPcs() {
      return decoded().trapPcs;
    },
  };
}
