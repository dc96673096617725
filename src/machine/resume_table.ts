/**
 * Where the regions of a module can go on after a stop (emit/reentry.ts): what follows a call or a system call, and the heads
 * of loops. These are many, and few are ever needed: so they are no entries of the lookup, but looked for here when a task goes
 * on at an address that has no region of its own.
 */
import { Leb128Reader, Leb128Writer } from "./leb128.ts";

/** Rows in the order of their addresses. */
export interface ResumeTable {
  readonly pcs: Uint32Array;
  /** Entry of the region that has the address. */
  readonly entries: Uint32Array;
  /** What the region is called with (resumeNumber), and whether the address follows a call. */
  readonly codes: Uint32Array;
}

/** A row's code. */
export function resumeCode(number: number, isReturn: boolean): number {
  return 2 * number + (isReturn ? 1 : 0);
}

/** The number for STATE_REENTER. */
export function resumeNumber(code: number): number {
  return code >>> 1;
}

/** True if the address follows a call or system call; a loop begins at the others. */
export function isReturnSite(code: number): boolean {
  return (code & 1) !== 0;
}

/** Index of the row of an address, or -1. */
export function resumeRow({ pcs }: ResumeTable, pc: number): number {
  let low = 0, high = pcs.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (pcs[mid] < pc) low = mid + 1;
    else high = mid;
  }
  return pcs[low] === pc ? low : -1;
}

/** A table of a module that has nothing of the kind. */
export function noResume(): ResumeTable {
  const none = new Uint32Array(0);
  return { pcs: none, entries: none, codes: none };
}

/** As differences from the row before: about four bytes a row. */
export function encodeResume({ pcs, entries, codes }: ResumeTable): Uint8Array<ArrayBuffer> {
  const out = new Leb128Writer();
  out.unsigned(pcs.length);
  let pc = 0, entry = 0, code = 0;
  for (let i = 0; i < pcs.length; i++) {
    out.unsigned(pcs[i] - pc);
    out.signed(entries[i] - entry);
    out.signed(codes[i] - code);
    pc = pcs[i];
    entry = entries[i];
    code = codes[i];
  }
  return out.take();
}

export function decodeResume(bytes: Uint8Array): ResumeTable {
  const from = new Leb128Reader(bytes), count = from.unsigned();
  const pcs = new Uint32Array(count), entries = new Uint32Array(count), codes = new Uint32Array(count);
  let pc = 0, entry = 0, code = 0;
  for (let i = 0; i < count; i++) {
    pcs[i] = pc += from.unsigned();
    entries[i] = entry = (entry + from.signed()) >>> 0;
    codes[i] = code += from.signed();
  }
  return { pcs, entries, codes };
}

/** A table that is decoded when it is first needed. */
export function lazyResume(bytes: Uint8Array): ResumeTable {
  let table: ResumeTable | undefined;
  const decoded = () => table ??= decodeResume(bytes);
  return {
    get pcs() {
      return decoded().pcs;
    },
    get entries() {
      return decoded().entries;
    },
    get codes() {
      return decoded().codes;
    },
  };
}
