/**
 * Function extents from .eh_frame (Linux Standard Base, "Exception Frames"; DWARF 4, section 6.4). Compilers write an entry
 * (FDE) for every function, and strip(1) leaves them, so that they are the best map of a stripped program.
 */
import { GUEST_BIAS } from "../machine/state.ts";

/** What one FDE covers. Guest addresses. */
export interface FunctionExtent {
  start: number;
  end: number;
  /**
   * Part of a function rather than its start: its frame is set up already where it begins. GCC and Clang put the unlikely
   * paths of a function far away like this ("foo.cold").
   */
  isPart: boolean;
}

/** DW_EH_PE_ pointer encodings. */
const PE_OMIT = 0xff, PE_PCREL = 0x10, PE_DATAREL = 0x30, PE_INDIRECT = 0x80;

/** What an FDE needs to know of its CIE. */
interface Cie {
  pointerEncoding: number;
  isSignalFrame: boolean;
  hasAugmentationData: boolean;
}

class Reader {
  readonly view: DataView;
  constructor(readonly u8: Uint8Array, public at: number, public end: number) {
    this.view = new DataView(u8.buffer, u8.byteOffset, u8.byteLength);
  }

  u32(): number {
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }

  leb(): number {
    let value = 0, shift = 0, byte: number;
    do {
      byte = this.u8[this.at++];
      if (shift < 32) value |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte & 0x80 && this.at < this.end);
    return value >>> 0;
  }

  /** An encoded pointer as a guest address; `dataBase` is what DW_EH_PE_datarel counts from. NaN if it is not supported. */
  pointer(encoding: number, dataBase = 0): number {
    const place = this.at + GUEST_BIAS;
    const value = this.#raw(encoding & 15);
    if (encoding & PE_INDIRECT) return NaN;
    switch (encoding & 0x70) {
      case 0:
        return value >>> 0;
      case PE_PCREL:
        return (value + place) >>> 0;
      case PE_DATAREL:
        return (value + dataBase) >>> 0;
    }
    return NaN;
  }

  /** A value of the encoding's format, cut to 32 bits: guest addresses have no more. */
  size(encoding: number): number {
    return this.#raw(encoding & 15) >>> 0;
  }

  #raw(format: number): number {
    switch (format) {
      case 1:
      case 9:
        return this.leb();
      case 2:
        this.at += 2;
        return this.view.getUint16(this.at - 2, true);
      case 10:
        this.at += 2;
        return this.view.getInt16(this.at - 2, true);
      case 3:
      case 11:
        return this.u32() | 0;
      default:
        this.at += 8;
        return this.view.getInt32(this.at - 8, true);
    }
  }
}

/**
 * Extents of all FDEs from `start` on, up to the terminator, `end`, or the first thing that makes no sense. Guest addresses;
 * `u8` is guest memory.
 */
export function readEhFrame(u8: Uint8Array, start: number, end: number): FunctionExtent[] {
  const extents: FunctionExtent[] = [];
  const cies = new Map<number, Cie | null>();
  const limit = Math.min(end - GUEST_BIAS, u8.length);
  for (let at = start - GUEST_BIAS; at >= 0 && at + 8 <= limit;) {
    const r = new Reader(u8, at, limit);
    const length = r.u32();
    const next = at + 4 + length;
    // Zero ends the list; 0xffffffff announces a 64-bit length, which nobody writes.
    if (length === 0 || length >= 0xfffffff0 || next > limit) break;
    r.end = next;
    const idAt = r.at, id = r.u32();
    if (id !== 0) {
      const cieAt = idAt - id;
      if (!cies.has(cieAt)) cies.set(cieAt, readCie(u8, cieAt, limit));
      const cie = cies.get(cieAt)!;
      if (cie !== null) readFde(r, cie, extents);
    }
    at = next;
  }
  return extents;
}

function readCie(u8: Uint8Array, at: number, limit: number): Cie | null {
  if (at < 0 || at + 16 > limit) return null;
  const r = new Reader(u8, at, limit);
  r.end = Math.min(limit, at + 4 + r.u32());
  const id = r.u32(), version = u8[r.at++];
  if (id !== 0 || (version !== 1 && version !== 3)) return null;
  let augmentation = "";
  for (let c = u8[r.at++]; c !== 0 && r.at < r.end; c = u8[r.at++]) augmentation += String.fromCharCode(c);
  r.leb(); // code alignment
  r.leb(); // data alignment
  if (version === 1) r.at++;
  else r.leb(); // return address register
  const cie: Cie = { pointerEncoding: 0, isSignalFrame: false, hasAugmentationData: augmentation[0] === "z" };
  if (!cie.hasAugmentationData) return augmentation === "" ? cie : null;
  r.leb();
  for (const letter of augmentation.slice(1)) {
    if (letter === "R") cie.pointerEncoding = u8[r.at++];
    else if (letter === "S") cie.isSignalFrame = true;
    else if (letter === "L") r.at++;
    else if (letter === "P") {
      const encoding = u8[r.at++];
      if (encoding !== PE_OMIT) r.size(encoding);
    } else return null;
  }
  return cie;
}

function readFde(r: Reader, cie: Cie, extents: FunctionExtent[]): void {
  let start = r.pointer(cie.pointerEncoding);
  const length = r.size(cie.pointerEncoding);
  // Start 0 is a function that the linker dropped.
  if (Number.isNaN(start) || start === 0 || length === 0) return;
  const end = start + length;
  // A signal frame's FDE begins a byte early, so that unwinders which look at pc - 1 find it (glibc's __restore_rt).
  if (cie.isSignalFrame) start++;
  if (cie.hasAugmentationData) r.at = r.leb() + r.at;
  extents.push({ start, end, isPart: !cie.isSignalFrame && hasFrameAtStart(r) });
}

/** True if call frame instructions change the frame before the first DW_CFA_advance_loc. */
function hasFrameAtStart(r: Reader): boolean {
  while (r.at < r.end) {
    const op = r.u8[r.at++];
    if (op === 0x00) continue; // DW_CFA_nop
    if (op === 0x2e) r.leb(); // DW_CFA_GNU_args_size
    else if (op === 0x07) r.leb(); // DW_CFA_undefined: _start has no caller
    // DW_CFA_def_cfa, _def_cfa_register, _def_cfa_offset, _def_cfa_expression, _offset, ...
    else return !(op >> 6 === 1 || (op >= 0x01 && op <= 0x04));
  }
  return false;
}

/** Where .eh_frame begins, from .eh_frame_hdr (PT_GNU_EH_FRAME) at a guest address; 0 if it does not say. */
export function ehFrameOfHeader(u8: Uint8Array, header: number): number {
  const at = header - GUEST_BIAS;
  if (at < 0 || at + 8 > u8.length || u8[at] !== 1 || u8[at + 1] === PE_OMIT) return 0;
  const start = new Reader(u8, at + 4, u8.length).pointer(u8[at + 1], header);
  return Number.isNaN(start) ? 0 : start;
}

/**
 * Looks for .eh_frame in a stretch of read-only memory: for files that have neither section headers nor .eh_frame_hdr
 * (statically linked and stripped to the bone). A CIE is recognisable; what readEhFrame makes of it decides. 0 if none.
 */
export function searchEhFrame(u8: Uint8Array, start: number, end: number): number {
  const view = new DataView(u8.buffer, u8.byteOffset, u8.byteLength);
  const limit = Math.min(end - GUEST_BIAS, u8.length) - 32;
  for (let at = Math.max(0, start - GUEST_BIAS); at < limit; at += 4) {
    // length, id 0, version 1, augmentation "zR"
    if (view.getUint32(at + 4, true) !== 0 || view.getUint32(at + 8, true) !== 0x00527a01) continue;
    const length = view.getUint32(at, true);
    if (length < 12 || length > 64 || length % 4 !== 0) continue;
    if (readEhFrame(u8, at + GUEST_BIAS, end).length >= 3) return at + GUEST_BIAS;
  }
  return 0;
}
