/** Intel-syntax text of a decoded instruction, close to `objdump -d -M intel`. For reports, tests and people. */
import {
  type Instruction,
  type Operand,
  OPERAND_GPR,
  OPERAND_GPR8H,
  OPERAND_IMM,
  OPERAND_MEM,
  OPERAND_MM,
  OPERAND_REL,
  OPERAND_SEG,
  OPERAND_ST,
  OPERAND_XMM,
  REP_REP,
  REP_REPNE,
  SEGMENT_FS,
  SEGMENT_GS,
  SEGMENT_NONE,
} from "./instruction.ts";

const GPR64 = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"];
const GPR32 = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];
const GPR16 = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
const GPR8 = ["al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"];
const GPR8H = ["ah", "ch", "dh", "bh"];
const SEGMENTS = ["es", "cs", "ss", "ds", "fs", "gs"];

const MEMORY_SIZES: Record<number, string> = {
  1: "BYTE",
  2: "WORD",
  4: "DWORD",
  8: "QWORD",
  10: "TBYTE",
  16: "XMMWORD",
  32: "YMMWORD",
};

/** Name of a general register: registerName(0, 4) is "eax". */
export function registerName(reg: number, bytes: number): string {
  if (reg < 8) return (bytes === 8 ? GPR64 : bytes === 4 ? GPR32 : bytes === 2 ? GPR16 : GPR8)[reg];
  return `r${reg}${bytes === 8 ? "" : bytes === 4 ? "d" : bytes === 2 ? "w" : "b"}`;
}

function vectorName(reg: number, bytes: number): string {
  return `${bytes === 32 ? "y" : "x"}mm${reg}`;
}

/** The low `bytes` of an immediate, unsigned, in hexadecimal. */
function immediate(lo: number, hi: number, bytes: number): string {
  if (bytes < 4) return "0x" + (lo & (bytes === 1 ? 0xff : 0xffff)).toString(16);
  if (bytes === 4 || hi === 0) return "0x" + (lo >>> 0).toString(16);
  return "0x" + (hi >>> 0).toString(16) + (lo >>> 0).toString(16).padStart(8, "0");
}

function address(operand: Operand, addressBytes: number): string {
  const { base, index, disp, segment } = operand;
  const prefix = segment === SEGMENT_FS ? "fs:" : segment === SEGMENT_GS ? "gs:" : "";
  let inside = base >= 0 ? registerName(base, addressBytes) : "";
  if (index >= 0) {
    inside += `${inside === "" ? "" : "+"}${registerName(index, addressBytes)}*${1 << operand.scaleLog2}`;
  }
  if (operand.vectorIndex >= 0) {
    const index = vectorName(operand.vectorIndex, operand.vectorIndexBytes);
    inside += `${inside === "" ? "" : "+"}${index}*${1 << operand.scaleLog2}`;
  }
  if (inside === "") return `${prefix}[0x${(disp >>> 0).toString(16)}]`;
  if (disp !== 0) inside += disp < 0 ? `-0x${(-disp).toString(16)}` : `+0x${disp.toString(16)}`;
  return `${prefix}[${inside}]`;
}

function operandText(operand: Operand, instruction: Instruction): string {
  switch (operand.kind) {
    case OPERAND_GPR:
      return registerName(operand.reg, operand.bytes);
    case OPERAND_GPR8H:
      return GPR8H[operand.reg];
    case OPERAND_XMM:
      return vectorName(operand.reg, operand.bytes);
    case OPERAND_MM:
      return `mm${operand.reg}`;
    case OPERAND_ST:
      return `st(${operand.reg})`;
    case OPERAND_SEG:
      return SEGMENTS[operand.reg];
    case OPERAND_IMM:
      return immediate(operand.immLo, operand.immHi, operand.bytes);
    case OPERAND_REL:
      return "0x" + (operand.immLo >>> 0).toString(16);
    case OPERAND_MEM: {
      const size = instruction.row.mnemonic === "lea" ? undefined : MEMORY_SIZES[operand.bytes];
      return (size === undefined ? "" : size + " PTR ") + address(operand, instruction.addressBytes);
    }
    default:
      return "?";
  }
}

/** Mnemonics that carry their operand size as a suffix, as the manual writes them: movsb, stosq. */
const STRINGS = new Set(["movs", "stos", "lods", "cmps", "scas", "ins", "outs"]);
const SUFFIXES: Record<number, string> = { 1: "b", 2: "w", 4: "d", 8: "q" };

function name(instruction: Instruction): string {
  const { row, operandBytes, addressBytes } = instruction;
  const mnemonic = row.text ?? row.mnemonic;
  if (STRINGS.has(mnemonic) && instruction.operands.length === 0) {
    const segment =
      instruction.segment === SEGMENT_NONE || mnemonic === "stos" || mnemonic === "scas" || mnemonic === "ins"
        ? ""
        : instruction.segment === SEGMENT_FS
        ? "fs "
        : "gs ";
    const address = addressBytes === 4 ? "addr32 " : "";
    const compares = mnemonic === "cmps" || mnemonic === "scas";
    const repeat = instruction.rep === REP_REP
      ? (compares ? "repe " : "rep ")
      : instruction.rep === REP_REPNE
      ? "repne "
      : "";
    return segment + address + repeat + mnemonic + SUFFIXES[operandBytes];
  }
  if (mnemonic === "jrcxz" && addressBytes === 4) return "jecxz";
  if (mnemonic.startsWith("loop") && addressBytes === 4) return "addr32 " + mnemonic;
  return mnemonic;
}

/** "lock add DWORD PTR [rbp+rcx*4-0x10], 0x5". */
export function print(instruction: Instruction): string {
  let text = (instruction.lock ? "lock " : "") + name(instruction);
  let separator = " ";
  for (const operand of instruction.operands) {
    text += separator + operandText(operand, instruction);
    separator = ", ";
  }
  return text;
}
