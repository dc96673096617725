/** Reads the manual's encoding notation ("66 REX.W 0F 6E /r") into what the decoder has to match. */

/** Opcode maps. */
const MAP_PRIMARY = 0, MAP_0F = 1, MAP_0F38 = 2, MAP_0F3A = 3;

/** A slot is an opcode of a map: map * 256 + opcode. */
export const SLOT_0F = MAP_0F * 256, SLOT_0F38 = MAP_0F38 * 256, SLOT_0F3A = MAP_0F3A * 256;

/** Slot of the REX.B form of opcode 90, which is xchg where 90 is nop: the one opcode whose meaning hangs on REX.B. */
export const SLOT_REXB_90 = 4 * 256;

/** Slots of the VEX maps: SLOT_VEX + map * 256 + opcode, the maps being numbered as VEX.mmmmm has them. */
export const SLOT_VEX = 4 * 256;

export const SLOT_COUNT = SLOT_VEX + 4 * 256;

/**
 * Prefix states: a row lists those it matches as a bit mask. Bit number = repeat * 4 + (66 present) * 2 + REX.W,
 * where repeat is 0 without F2/F3, 1 with F3, 2 with F2 (the last of them counts). Of VEX encodings it is
 * VEX.pp * 4 + VEX.L * 2 + VEX.W.
 */
export const PREFIX_STATES = 16;

const ANY_STATE = 0xfff;
const STATES_W = 0xaaa, STATES_66 = 0xccc, STATES_NO_REPEAT = 0x00f, STATES_F3 = 0x0f0, STATES_F2 = 0xf00;

/** A parsed encoding. */
export interface Encoding {
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
  /** How many exact ModRM bytes the row covers: 8 with "+i", else 1. */
  readonly span: number;
  /** Immediate and displacement letters in order: "ib", "iw", "cd"... */
  readonly tail: readonly string[];
}

const TAIL = new Set(["ib", "iw", "id", "io", "iz", "iv", "cb", "cd", "mo", "/is4"]);

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

/** States of the fields of a VEX prefix. Fields that are not named may be anything. */
const VEX_FIELDS: Record<string, number> = {
  "128": 0x3333,
  "L0": 0x3333,
  "LZ": 0x3333,
  "256": 0xcccc,
  "L1": 0xcccc,
  "LIG": 0xffff,
  "W0": 0x5555,
  "W1": 0xaaaa,
  "WIG": 0xffff,
};
const VEX_PP: Record<string, number> = { "NP": 0x000f, "66": 0x00f0, "F3": 0x0f00, "F2": 0xf000 };

/** States of "VEX.256.66.0F38.W0". */
function vexStates(token: string, text: string): number {
  let states = 0xffff, pp = VEX_PP["NP"];
  for (const field of token.split(".").slice(1)) {
    if (VEX_PP[field] !== undefined) pp = VEX_PP[field];
    else if (VEX_FIELDS[field] !== undefined) states &= VEX_FIELDS[field];
    else if (!field.startsWith("0F")) throw new TypeError(`cannot read "${field}" in the encoding "${text}"`);
  }
  return states & pp;
}

/** Reads an encoding; throws TypeError when it is not in the notation. */
export function parseEncoding(text: string): Encoding {
  const tokens = text.split(" ");
  let states = ANY_STATE, rank = 0, map = MAP_PRIMARY, opcode = -1, span = 1, digit = -1, exact = -1;
  let modrm = false;
  const tail: string[] = [];
  for (const token of tokens) {
    const mask = opcode < 0 && map === MAP_PRIMARY ? PREFIXES[token] : undefined;
    if (mask !== undefined) {
      states &= mask;
      rank++;
    } else if (token === "REX.B" || token === "+") {
      continue;
    } else if (token.startsWith("VEX.")) {
      states = vexStates(token, text);
      map = MAP_0F;
    } else if (token === "/r" || token === "/vsib") {
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
      else if (map === MAP_0F && byte === 0x38 && !text.startsWith("VEX")) map = MAP_0F38;
      else if (map === MAP_0F && byte === 0x3a && !text.startsWith("VEX")) map = MAP_0F3A;
      else opcode = byte;
    }
  }
  if (opcode < 0 || states === 0) throw new TypeError(`no opcode or no possible prefix in the encoding "${text}"`);
  if (exact >= 0) rank += 20;
  else if (digit >= 0) rank += 10;
  return { states, rank, modrm, digit, exact, span, tail };
}

const ZERO = 48, SPACE = 32;

/** Value of a hexadecimal digit, upper or lower case. */
function digitValue(code: number): number {
  return code <= 57 ? code - ZERO : (code & 0x5f) - 55;
}

/** The slots of an encoding, by a quick scan: this runs over all rows at start-up. */
export function slotsOf(text: string): { first: number; last: number } {
  let at = 0;
  let word = text.slice(0, text.indexOf(" ") < 0 ? text.length : text.indexOf(" "));
  if (text.startsWith("REX.B")) return { first: SLOT_REXB_90, last: SLOT_REXB_90 };
  if (text.startsWith("VEX")) {
    const map = word.includes("0F38") ? SLOT_0F38 : word.includes("0F3A") ? SLOT_0F3A : SLOT_0F;
    const opcode = parseInt(text.slice(word.length + 1, word.length + 3), 16);
    return { first: SLOT_VEX + map + opcode, last: SLOT_VEX + map + opcode };
  }
  // Prefixes, none of which is a primary opcode.
  while (PREFIXES[word] !== undefined || word === "+") {
    at += word.length + 1;
    const space = text.indexOf(" ", at);
    word = text.slice(at, space < 0 ? text.length : space);
  }
  const byte = (position: number) =>
    digitValue(text.charCodeAt(position)) * 16 + digitValue(text.charCodeAt(position + 1));
  let map = 0, opcode = byte(at);
  if (opcode === 0x0f && text.charCodeAt(at + 2) === SPACE) {
    at += 3;
    map = SLOT_0F;
    opcode = byte(at);
    if (opcode === 0x38 || opcode === 0x3a) {
      map = opcode === 0x38 ? SLOT_0F38 : SLOT_0F3A;
      at += 3;
      opcode = byte(at);
    }
  }
  const first = map + opcode;
  return { first, last: text[at + 2] === "+" ? first + 7 : first };
}
