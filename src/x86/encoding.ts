/** Reads the manual's encoding notation ("66 REX.W 0F 6E /r") into what the decoder has to match. */

/** Opcode maps. */
export const MAP_PRIMARY = 0, MAP_0F = 1, MAP_0F38 = 2, MAP_0F3A = 3;

/**
 * Prefix states: a row lists those it matches as a bit mask. Bit number = repeat * 4 + (66 present) * 2 + REX.W,
 * where repeat is 0 without F2/F3, 1 with F3, 2 with F2 (the last of them counts).
 */
export const PREFIX_STATES = 12;

const ANY_STATE = 0xfff;
const STATES_W = 0xaaa, STATES_66 = 0xccc, STATES_NO_REPEAT = 0x00f, STATES_F3 = 0x0f0, STATES_F2 = 0xf00;

/** A parsed encoding. */
export interface Encoding {
  readonly map: number;
  readonly opcode: number;
  /** How many opcodes, or exact ModRM bytes, the row covers: 8 with a register in the low bits, else 1. */
  readonly span: number;
  /** Mask of prefix states that match. */
  readonly states: number;
  /** Rank among rows for the same bytes: how much the row asks for. */
  readonly rank: number;
  /** The instruction has a ModRM byte. */
  readonly modrm: boolean;
  /** `/digit`, or -1. */
  readonly digit: number;
  /** First exact ModRM byte ("0F 01 D0", "D8 C0+i"), or -1. */
  readonly exact: number;
  /** The row is for REX.B 90 only: the one opcode whose meaning hangs on REX.B. */
  readonly rexB: boolean;
  /** Immediate and displacement letters in order: "ib", "iw", "cd"... */
  readonly tail: readonly string[];
}

const TAIL = new Set(["ib", "iw", "id", "io", "iz", "iv", "cb", "cd", "mo"]);

const PREFIXES: Record<string, number> = {
  "NP": STATES_NO_REPEAT & ~STATES_66,
  "NFx": STATES_NO_REPEAT,
  "66": STATES_NO_REPEAT & STATES_66,
  "F3": STATES_F3,
  "F2": STATES_F2,
  "o16": STATES_66 & ~STATES_W,
  "o32": ANY_STATE & ~STATES_66 & ~STATES_W,
  "REX.W": STATES_W,
};

/** Reads an encoding; throws TypeError when it is not in the notation. */
export function parseEncoding(text: string): Encoding {
  const tokens = text.split(" ");
  let states = ANY_STATE, rank = 0, map = MAP_PRIMARY, opcode = -1, span = 1, digit = -1, exact = -1;
  let modrm = false, rexB = false;
  const tail: string[] = [];
  for (const token of tokens) {
    const mask = opcode < 0 && map === MAP_PRIMARY ? PREFIXES[token] : undefined;
    if (mask !== undefined) {
      states &= mask;
      rank++;
    } else if (token === "REX.B") {
      rexB = true;
    } else if (token === "+") {
      continue;
    } else if (token === "/r") {
      modrm = true;
    } else if (token.length === 2 && token[0] === "/") {
      modrm = true;
      digit = Number(token[1]);
    } else if (TAIL.has(token)) {
      tail.push(token);
    } else {
      const byte = parseInt(token.slice(0, 2), 16);
      if (Number.isNaN(byte) || (token.length > 2 && token[2] !== "+")) {
        throw new TypeError(`cannot read "${token}" in the encoding "${text}"`);
      }
      if (token.length > 2) span = 8;
      if (opcode >= 0) {
        exact = byte;
        modrm = true;
      } else if (map === MAP_PRIMARY && byte === 0x0f) map = MAP_0F;
      else if (map === MAP_0F && byte === 0x38) map = MAP_0F38;
      else if (map === MAP_0F && byte === 0x3a) map = MAP_0F3A;
      else opcode = byte;
    }
  }
  if (opcode < 0 || states === 0) throw new TypeError(`no opcode or no possible prefix in the encoding "${text}"`);
  if (exact >= 0) rank += 20;
  else if (digit >= 0) rank += 10;
  return { map, opcode, span, states, rank, modrm, digit, exact, rexB, tail };
}
