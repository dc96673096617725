/** Code that was asked for and is not there: which kind it is of, for reports. */
import { GUEST_BIAS } from "./state.ts";

/** Why a place had no code made ahead, as far as the place itself tells. */
export type MissKind =
  /** Behind a call, of a frame that was unwound. */
  | "return site"
  /** Behind a system call. */
  | "system call's return"
  /** Nothing of the file was compiled. */
  | "file not compiled"
  /** It was compiled, and this host's program is without that. */
  | "left out"
  /** Memory that is no file's: code made at run time. */
  | "code made at run time"
  /** A function, a label or a signal handler that was not found. */
  | "not found";

/** What is known of an entry that had no code. */
export interface MissRecord {
  /** How often it was asked for. */
  count: number;
  kind: MissKind;
}

/** Sums up the time that something takes. */
export class Stopwatch {
  /** Milliseconds so far. */
  ms = 0;

  /** `nowMs` is the host's clock; on a host whose clock stands still while code runs nothing is measured. */
  constructor(readonly nowMs: () => number) {}

  during<T>(work: () => T): T {
    const since = this.nowMs();
    try {
      return work();
    } finally {
      this.ms += this.nowMs() - since;
    }
  }
}

/** The kind of a place in a file that was compiled. */
export function kindOfPlace(u8: Uint8Array, pc: number): MissKind {
  if (followsCall(u8, pc)) return "return site";
  const at = pc - GUEST_BIAS;
  return at >= 2 && u8[at - 2] === 0x0f && u8[at - 1] === 0x05 ? "system call's return" : "not found";
}

/** True if a call instruction may end right before `pc`: a word that says so may be a return address. */
export function followsCall(u8: Uint8Array, pc: number): boolean {
  const at = pc - GUEST_BIAS;
  if (at < 7) return false;
  if (u8[at - 5] === 0xe8) return true;
  // FF /2 with 0, 1 or 4 bytes of displacement, with and without SIB.
  for (const length of [2, 3, 4, 6, 7]) {
    if (u8[at - length] === 0xff && (u8[at - length + 1] & 0x38) === 0x10) return true;
  }
  return false;
}
