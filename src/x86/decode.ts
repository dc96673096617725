/**
 * Decodes one x86-64 instruction (64-bit mode) from bytes.
 *
 * Prefixes first, then opcode, ModRM, SIB, displacement, immediates; the tables say the rest. Works on a window that is
 * readable for 32 bytes: near the end of the input the bytes are copied into a zero-padded one, and a decoding that used
 * padding is reported as truncated.
 */
import {
  type DecodeFailure,
  Instruction,
  Operand,
  OPERAND_GPR,
  OPERAND_GPR8H,
  OPERAND_MEM,
  OPERAND_MM,
  OPERAND_SEG,
  OPERAND_ST,
  SEGMENT_FS,
  SEGMENT_GS,
  SEGMENT_NONE,
} from "./instruction.ts";
import { SLOT_0F, SLOT_0F38, SLOT_0F3A, SLOT_REXB_90, SLOT_VEX } from "./encoding.ts";
import { buildSlot, SLOTS } from "./index.ts";
import {
  PLACE_FIXED,
  PLACE_IMM16,
  PLACE_IMM8,
  PLACE_IMM8S,
  PLACE_IMMV,
  PLACE_IMMZ,
  PLACE_IS4,
  PLACE_MOFFS,
  PLACE_ONE,
  PLACE_OPCODE,
  PLACE_REG,
  PLACE_REL32,
  PLACE_REL8,
  PLACE_RM,
  PLACE_VVVV,
  SIZE_FIXED,
  SIZE_Q,
  SIZE_V,
  SIZE_Y,
} from "./operand_spec.ts";
import type { RowPlan } from "./row_plan.ts";
import { vectorLength } from "./vector_length.ts";

/** Longest instruction that a CPU accepts (SDM volume 2, section 2.3.11). */
export const MAX_LENGTH = 15;

/** Outcome of decodeInto(). */
export const DECODED = 0, INVALID = 1, UNSUPPORTED = 2, TRUNCATED = 3;

const KINDS = ["", "invalid", "unsupported", "truncated"] as const;

/** Prefix bytes and what they are. */
const PREFIX_NONE = 0,
  PREFIX_REX = 1,
  PREFIX_66 = 2,
  PREFIX_67 = 3,
  PREFIX_F3 = 4,
  PREFIX_F2 = 5,
  PREFIX_LOCK = 6,
  PREFIX_FS = 7,
  PREFIX_GS = 8,
  PREFIX_IGNORED = 9;
const PREFIX = new Uint8Array(256);
PREFIX.fill(PREFIX_REX, 0x40, 0x50);
PREFIX[0x66] = PREFIX_66;
PREFIX[0x67] = PREFIX_67;
PREFIX[0xf3] = PREFIX_F3;
PREFIX[0xf2] = PREFIX_F2;
PREFIX[0xf0] = PREFIX_LOCK;
PREFIX[0x64] = PREFIX_FS;
PREFIX[0x65] = PREFIX_GS;
// ES, CS, SS, DS have no effect in 64-bit mode, nor do the branch hints and notrack that share their bytes.
for (const byte of [0x26, 0x2e, 0x36, 0x3e]) PREFIX[byte] = PREFIX_IGNORED;

const SCRATCH = new Instruction();

const WINDOW = 48;
const window = new Uint8Array(WINDOW);

/** Set by decodeInto(): bytes consumed, also of what is not decoded; and the row of an unsupported encoding. */
let consumed = 0;
let failedRow: RowPlan | null = null;

/**
 * Decodes the instruction at bytes[offset], no further than `end`, as if it stood at guest address `pc`.
 * Returns an Instruction, or a record with a `kind` that says why there is none.
 */
export function decode(bytes: Uint8Array, offset: number, end: number, pc: number): Instruction | DecodeFailure {
  const status = decodeInto(SCRATCH, bytes, offset, end, pc);
  if (status === DECODED) return SCRATCH.copy();
  const length = Math.min(consumed === 0 ? MAX_LENGTH : consumed, MAX_LENGTH, end - offset);
  const failure: DecodeFailure = {
    kind: KINDS[status] as DecodeFailure["kind"],
    pc,
    bytes: bytes.slice(offset, offset + length),
  };
  if (failedRow !== null) failure.row = failedRow;
  return failure;
}

/** Tells the two results of decode() apart. */
export function isFailure(result: Instruction | DecodeFailure): result is DecodeFailure {
  return !(result instanceof Instruction);
}

/**
 * As decode(), into a record of the caller's, which may be reused: its operands are overwritten.
 * Returns DECODED, INVALID, UNSUPPORTED or TRUNCATED.
 */
export function decodeInto(into: Instruction, bytes: Uint8Array, offset: number, end: number, pc: number): number {
  failedRow = null;
  const available = end - offset;
  if (available >= WINDOW) {
    const status = decodeWindow(into, bytes, offset, pc);
    return consumed > MAX_LENGTH ? INVALID : status;
  }
  window.fill(0);
  for (let i = 0; i < available; i++) window[i] = bytes[offset + i];
  const status = decodeWindow(into, window, 0, pc);
  if (consumed > MAX_LENGTH) return available < MAX_LENGTH ? TRUNCATED : INVALID;
  return consumed > available ? TRUNCATED : status;
}

/** decodeInto() where 32 bytes from `offset` can be read. */
function decodeWindow(into: Instruction, bytes: Uint8Array, offset: number, pc: number): number {
  let p = offset;
  let rex = 0, has66 = 0, repeat = 0, segment = SEGMENT_NONE, addressBytes = 8, lock = false;
  let byte = bytes[p++];
  for (let prefix = PREFIX[byte]; prefix !== PREFIX_NONE; prefix = PREFIX[byte]) {
    // A REX prefix counts only right before the opcode (SDM volume 2, section 2.2.1).
    rex = 0;
    if (prefix === PREFIX_REX) rex = byte;
    else if (prefix === PREFIX_66) has66 = 1;
    else if (prefix === PREFIX_67) addressBytes = 4;
    else if (prefix === PREFIX_F3) repeat = 1;
    else if (prefix === PREFIX_F2) repeat = 2;
    else if (prefix === PREFIX_LOCK) lock = true;
    else if (prefix === PREFIX_FS) segment = SEGMENT_FS;
    else if (prefix === PREFIX_GS) segment = SEGMENT_GS;
    if (p - offset >= MAX_LENGTH) {
      consumed = MAX_LENGTH + 1;
      return INVALID;
    }
    byte = bytes[p++];
  }

  let slotNumber = byte, state = repeat * 4 + has66 * 2 + (rex >> 3 & 1);
  let vexAt = -1, vvvv = 0;
  if (byte === 0x0f) {
    byte = bytes[p++];
    slotNumber = SLOT_0F + byte;
    if (byte === 0x38) slotNumber = SLOT_0F38 + (byte = bytes[p++]);
    else if (byte === 0x3a) slotNumber = SLOT_0F3A + (byte = bytes[p++]);
  } else if (byte === 0x90 && (rex & 1) !== 0 && repeat !== 1) {
    slotNumber = SLOT_REXB_90;
  } else if (byte === 0xc4 || byte === 0xc5 || byte === 0x62) {
    // VEX and EVEX: #UD after 66, F2, F3, LOCK or REX (SDM volume 2, section 2.3.2).
    vexAt = p - 1;
    const status = unknownVector(bytes, offset, vexAt);
    if (has66 !== 0 || repeat !== 0 || lock || rex !== 0) return INVALID;
    if (byte === 0x62 || status === INVALID) return status;
    // VEX.R, X and B stand inverted, as does vvvv; C5 has R, vvvv, L and pp only.
    let fields = bytes[p++];
    if (byte === 0xc4) {
      rex = 0x40 | (~fields >> 5 & 7);
      slotNumber = SLOT_VEX + (fields & 31) * 256;
      fields = bytes[p++];
      rex |= fields >> 4 & 8;
    } else {
      rex = 0x40 | (~fields >> 5 & 4);
      slotNumber = SLOT_VEX + SLOT_0F;
    }
    vvvv = ~fields >> 3 & 15;
    state = (fields & 3) << 2 | fields >> 1 & 2 | rex >> 3 & 1;
    slotNumber += byte = bytes[p++];
  }

  let slot = SLOTS[slotNumber];
  if (slot === undefined) slot = buildSlot(slotNumber);
  consumed = p - offset;
  if (slot === null) return vexAt < 0 ? INVALID : unknownVector(bytes, offset, vexAt);
  const rexW = rex >> 3 & 1;
  const leaf = slot[state];
  if (leaf === null) return vexAt < 0 ? INVALID : unknownVector(bytes, offset, vexAt);

  let row = leaf.row;
  let modrm = 0;
  if (leaf.cells !== null) {
    modrm = bytes[p++];
    row = leaf.cells[modrm >= 0xc0 ? 8 + (modrm & 63) : modrm >> 3 & 7];
    consumed = p - offset;
    if (row === null) return vexAt < 0 ? INVALID : unknownVector(bytes, offset, vexAt);
  } else if (row!.modrm) {
    modrm = bytes[p++];
  }
  const plan = row!;
  if (vexAt >= 0 && vvvv !== 0 && !plan.usesVvvv) return INVALID;

  // The memory operand, if ModRM names one.
  const isMemory = plan.modrm && modrm < 0xc0 && !plan.registerForm;
  let base = -1, index = -1, scaleLog2 = 0, disp = 0, ripRelative = false;
  if (isMemory) {
    const mod = modrm >> 6;
    const rm = modrm & 7;
    if (rm === 4) {
      const sib = bytes[p++];
      scaleLog2 = sib >> 6;
      index = sib >> 3 & 7 | (rex & 2) << 2;
      base = sib & 7 | (rex & 1) << 3;
      if (index === 4 && plan.vectorIndex === 0) {
        index = -1;
        scaleLog2 = 0;
      }
      if ((sib & 7) === 5 && mod === 0) {
        base = -1;
        disp = bytes[p] | bytes[p + 1] << 8 | bytes[p + 2] << 16 | bytes[p + 3] << 24;
        p += 4;
      }
    } else if (plan.vectorIndex !== 0) {
      return INVALID;
    } else if (rm === 5 && mod === 0) {
      ripRelative = true;
      disp = bytes[p] | bytes[p + 1] << 8 | bytes[p + 2] << 16 | bytes[p + 3] << 24;
      p += 4;
    } else {
      base = rm | (rex & 1) << 3;
    }
    if (mod === 1) {
      disp = bytes[p++] << 24 >> 24;
    } else if (mod === 2) {
      disp = bytes[p] | bytes[p + 1] << 8 | bytes[p + 2] << 16 | bytes[p + 3] << 24;
      p += 4;
    }
  }

  let operandBytes = plan.operandBytes;
  const sizing = plan.sizing;
  if (sizing !== SIZE_FIXED) {
    if (sizing === SIZE_V) operandBytes = rexW !== 0 ? 8 : has66 !== 0 ? 2 : 4;
    else if (sizing === SIZE_Q) operandBytes = has66 !== 0 && rexW === 0 ? 2 : 8;
    else if (sizing === SIZE_Y) operandBytes = rexW !== 0 ? 8 : 4;
    else operandBytes = has66 !== 0 && rexW === 0 ? 2 : 4;
  }

  const specs = plan.specs;
  const operands = into.operands = into.spareOperands(specs.length);
  let relative: Operand | null = null;
  let memory: Operand | null = null;
  for (let i = 0; i < specs.length; i++) {
    const spec = specs[i], operand = operands[i];
    operand.kind = spec.kind;
    operand.bytes = spec.bytes === 0 ? operandBytes : spec.bytes;
    switch (spec.place) {
      case PLACE_RM:
        if (isMemory) {
          operand.kind = OPERAND_MEM;
          operand.bytes = spec.memoryBytes === 0 ? operandBytes : spec.memoryBytes;
          operand.base = base;
          operand.index = plan.vectorIndex === 0 ? index : -1;
          operand.vectorIndex = plan.vectorIndex === 0 ? -1 : index;
          operand.vectorIndexBytes = plan.vectorIndex;
          operand.scaleLog2 = scaleLog2;
          operand.disp = disp;
          operand.segment = segment;
          memory = operand;
        } else {
          setRegister(operand, modrm & 7 | (rex & 1) << 3, rex);
        }
        break;
      case PLACE_REG:
        setRegister(operand, modrm >> 3 & 7 | (rex & 4) << 1, rex);
        break;
      case PLACE_OPCODE:
        setRegister(operand, byte & 7 | (rex & 1) << 3, rex);
        break;
      case PLACE_VVVV:
        operand.reg = vvvv;
        break;
      case PLACE_IS4:
        operand.reg = bytes[p++] >> 4;
        break;
      case PLACE_FIXED:
        operand.reg = spec.value;
        break;
      case PLACE_ONE:
        operand.immLo = 1;
        operand.immHi = 0;
        break;
      case PLACE_IMM8:
        operand.immLo = bytes[p++];
        operand.immHi = 0;
        break;
      case PLACE_IMM8S:
        operand.immLo = bytes[p++] << 24 >> 24;
        operand.immHi = operand.immLo >> 31;
        break;
      case PLACE_IMM16:
        operand.immLo = bytes[p] | bytes[p + 1] << 8;
        operand.immHi = 0;
        p += 2;
        break;
      case PLACE_IMMZ:
      case PLACE_IMMV:
        if (operandBytes === 2) {
          operand.immLo = (bytes[p] | bytes[p + 1] << 8) << 16 >> 16;
          p += 2;
        } else {
          operand.immLo = bytes[p] | bytes[p + 1] << 8 | bytes[p + 2] << 16 | bytes[p + 3] << 24;
          p += 4;
        }
        operand.immHi = operand.immLo >> 31;
        if (operandBytes === 8 && spec.place === PLACE_IMMV) {
          operand.immHi = bytes[p] | bytes[p + 1] << 8 | bytes[p + 2] << 16 | bytes[p + 3] << 24;
          p += 4;
        }
        break;
      case PLACE_REL8:
        operand.immLo = bytes[p++] << 24 >> 24;
        operand.immHi = 0;
        relative = operand;
        break;
      case PLACE_REL32:
        operand.immLo = bytes[p] | bytes[p + 1] << 8 | bytes[p + 2] << 16 | bytes[p + 3] << 24;
        operand.immHi = 0;
        relative = operand;
        p += 4;
        break;
      case PLACE_MOFFS:
        operand.base = -1;
        operand.index = -1;
        operand.vectorIndex = -1;
        operand.scaleLog2 = 0;
        operand.segment = segment;
        operand.disp = bytes[p] | bytes[p + 1] << 8 | bytes[p + 2] << 16 | bytes[p + 3] << 24;
        // Guest addresses end at 4 GiB: the upper half of a 64-bit address can only be a fault or wrap around.
        p += addressBytes;
        break;
    }
  }

  const length = p - offset;
  consumed = length;
  if (lock && !(plan.lockable && isMemory)) return INVALID;
  if (plan.vectorIndex !== 0 && !distinct(operands[0].reg, index, operands[2].reg)) return INVALID;
  if (plan.unsupported) {
    failedRow = plan;
    return UNSUPPORTED;
  }
  if (ripRelative && memory !== null) memory.disp = pc + length + disp | 0;
  if (relative !== null) relative.immLo = pc + length + relative.immLo >>> 0;
  into.pc = pc;
  into.length = length;
  into.row = plan;
  into.operandBytes = operandBytes;
  into.addressBytes = addressBytes;
  into.vex = vexAt >= 0;
  into.lock = lock;
  into.rep = plan.rep;
  into.segment = segment;
  return DECODED;
}

/** What a VEX or EVEX encoding is that no row matches: stepped over. `at` is the place of its first byte. */
function unknownVector(bytes: Uint8Array, offset: number, at: number): number {
  const length = vectorLength(bytes, at);
  consumed = at - offset + Math.abs(length);
  return length <= 0 ? INVALID : UNSUPPORTED;
}

/** Gathers want three different registers: destination, indices and mask. */
function distinct(a: number, b: number, c: number): boolean {
  return a !== b && a !== c && b !== c;
}

/** Register operand by the number that ModRM and REX give; some files ignore REX, and bytes 4..7 hang on it. */
function setRegister(operand: Operand, reg: number, rex: number): void {
  const kind = operand.kind;
  if (kind === OPERAND_GPR) {
    if (operand.bytes === 1 && rex === 0 && reg >= 4) {
      operand.kind = OPERAND_GPR8H;
      reg -= 4;
    }
  } else if (kind === OPERAND_MM || kind === OPERAND_ST || kind === OPERAND_SEG) {
    reg &= 7;
  }
  operand.reg = reg;
}
