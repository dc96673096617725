import { GUEST_BIAS } from "../machine/state.ts";
import type { DecodeFailure } from "../x86/instruction.ts";

/** An instruction that compiled code cannot run: it raises SIGILL, as on a CPU without it. */
export interface UnsupportedInstruction {
  /** "invalid" where the bytes are no instruction: usually data taken for code. */
  mnemonic: string;
  /** What CPUID would have to announce for a program to use it ("avx2", "avx512"); "" if it is always there. */
  feature: string;
  /** How many different places have it, and the first of them. */
  count: number;
  pc: number;
  bytes: Uint8Array;
}

/** Collects unsupported instructions by mnemonic. */
export class UnsupportedReport {
  readonly #rows = new Map<string, UnsupportedInstruction>();
  readonly #seen = new Set<number>();

  constructor(readonly u8: Uint8Array) {}

  add(pc: number, length: number, mnemonic: string, feature = ""): void {
    if (this.#seen.has(pc)) return;
    this.#seen.add(pc);
    const row = this.#rows.get(mnemonic);
    if (row !== undefined) row.count++;
    else {
      const at = pc - GUEST_BIAS;
      this.#rows.set(mnemonic, { mnemonic, feature, count: 1, pc, bytes: this.u8.slice(at, at + length) });
    }
  }

  addFailure({ kind, pc, bytes, row }: DecodeFailure): void {
    if (kind === "truncated") return;
    const name = row?.text ?? row?.mnemonic ?? kindOf(kind, bytes);
    this.add(pc, bytes.length, name, row?.feature ?? (name === "AVX-512" ? "avx512" : name === "AVX" ? "avx" : ""));
  }

  /** Most frequent first. */
  list(): UnsupportedInstruction[] {
    return [...this.#rows.values()].sort((a, b) => b.count - a.count || a.pc - b.pc);
  }
}

/** The decoder does not name what is encoded with VEX and EVEX prefixes. */
function kindOf(kind: string, bytes: Uint8Array): string {
  if (kind === "invalid") return kind;
  return bytes[0] === 0x62 ? "AVX-512" : bytes[0] === 0xc4 || bytes[0] === 0xc5 ? "AVX" : kind;
}
