/**
 * What the code of one ELF file asks of the processor and of the kernel, as far as a linear look at its functions tells. Nothing
 * says here which of the functions ever run.
 */
import { functionExtents } from "../discover/entries.ts";
import { LIFTS } from "../lift/families.ts";
import { GUEST_BIAS } from "../machine/state.ts";
import { fileMemory } from "../translate/file_memory.ts";
import { decode, DECODED, decodeInto, isFailure } from "../x86/decode.ts";
import { V3_FEATURES } from "../x86/features.ts";
import { Instruction, OPERAND_GPR, OPERAND_IMM } from "../x86/instruction.ts";
import { FLOW_CALL, FLOW_CALL_INDIRECT, FLOW_SYSCALL } from "../x86/row.ts";
import { parseHeader } from "../elf/header.ts";
import { parseSegments, PF_X, PT_LOAD } from "../elf/segments.ts";
import { pageDown } from "../kernel/abi/mman.ts";

/** Instructions of one kind: in how many functions, and how many. */
export interface Uses {
  functions: number;
  instructions: number;
}

export interface CodeSurvey {
  /** Bytes of executable segments. */
  codeBytes: number;
  /**
   * Functions by unwind information and symbols; 0 where these say little. Code that neither names is read, too, and counts as no
   * function.
   */
  functions: number;
  instructions: number;
  /** SYSCALL sites by number, and those whose number is not known. */
  syscalls: Map<number, number>;
  otherSyscalls: number;
  /** Instructions that --cpu x86-64-v3 has, by feature, and functions with any of them. */
  v3: Map<string, Uses>;
  v3Functions: number;
  /** Instructions that no --cpu has, by name. */
  unsupported: Map<string, Uses>;
  /** Whether it asks the processor what it has. */
  asksCpuid: boolean;
}

/** Reads a whole file's code. Throws a TranslatorError if it is no ELF file. */
export function surveyCode(bytes: Uint8Array, path: string): CodeSurvey {
  const header = parseHeader(bytes, { file: path });
  const table = bytes.subarray(header.phoff, header.phoff + header.phnum * header.phentsize);
  const executable = parseSegments(table, header, bytes.length, { file: path })
    .filter((s) => s.type === PT_LOAD && s.memsz > 0 && s.flags & PF_X);
  const survey = new Sweep();
  survey.result.codeBytes = executable.reduce((n, s) => n + s.filesz, 0);
  if (executable.length === 0) return survey.result;
  // Any place will do for what may be anywhere.
  const start = pageDown(executable[0].vaddr) + (header.type === 2 ? 0 : GUEST_BIAS);
  const { u8, elfs, readOnly, executable: ranges } = fileMemory(bytes, path, start, {
    profile: [],
    pointers: [],
    imports: [],
  });
  const inside = (pc: number) => ranges.some((r) => pc >= r.start && pc < r.end);
  const extents = functionExtents({ u8, elfs, readOnly }).filter((e) =>
    inside(e.start) && e.end <= u8.length + GUEST_BIAS
  );
  // A few functions of assembly with unwind information say little of a file without any else (Go).
  const known = extents.reduce((n, e) => n + e.end - e.start, 0);
  if (known * 2 >= survey.result.codeBytes) survey.result.functions = extents.length;
  const base = start - pageDown(executable[0].vaddr);
  for (const { vaddr, filesz } of executable) {
    let at = base + vaddr;
    const end = at + filesz;
    for (const extent of extents) {
      if (extent.start < at || extent.end > end) continue;
      survey.readFunction(u8, at, extent.start, false);
      survey.readFunction(u8, extent.start, extent.end, true);
      at = extent.end;
    }
    survey.readFunction(u8, at, end, false);
  }
  return survey.result;
}

class Sweep {
  readonly result: CodeSurvey = {
    codeBytes: 0,
    functions: 0,
    instructions: 0,
    syscalls: new Map(),
    otherSyscalls: 0,
    v3: new Map(),
    v3Functions: 0,
    unsupported: new Map(),
    asksCpuid: false,
  };
  readonly #insn = new Instruction();
  /** Names met in the function that is being read. */
  readonly #met = new Set<Uses>();
  #counts = true;
  /** What is known to be in eax, or -1. */
  #eax = -1;

  /** Reads a function, or what lies between functions. */
  readFunction(u8: Uint8Array, start: number, end: number, isFunction: boolean): void {
    const insn = this.#insn;
    this.#met.clear();
    this.#counts = isFunction;
    this.#eax = -1;
    let hasV3 = false;
    for (let pc = start; pc < end;) {
      if (decodeInto(insn, u8, pc - GUEST_BIAS, end - GUEST_BIAS, pc) !== DECODED) {
        pc += this.#noteFailure(u8, pc, end);
        continue;
      }
      this.result.instructions++;
      const { row } = insn;
      if (V3_FEATURES.has(row.feature) && !row.otherwise) {
        hasV3 = true;
        this.#count(this.result.v3, row.feature);
      } else if (!LIFTS.has(row.mnemonic)) this.#count(this.result.unsupported, row.mnemonic);
      if (row.mnemonic === "cpuid") this.result.asksCpuid = true;
      if (row.flow === FLOW_SYSCALL) this.#noteSyscall();
      else this.#followEax();
      pc = insn.nextPc;
    }
    if (hasV3 && isFunction) this.result.v3Functions++;
  }

  /** Bytes that are no instruction of ours: gives how many to pass over. */
  #noteFailure(u8: Uint8Array, pc: number, end: number): number {
    const failure = decode(u8, pc - GUEST_BIAS, end - GUEST_BIAS, pc);
    this.#eax = -1;
    if (!isFailure(failure) || failure.kind !== "unsupported") return 1; // data among the code
    const { bytes, row } = failure;
    const name = row?.mnemonic ?? (bytes[0] === 0x62 ? "AVX-512" : "");
    if (name !== "") this.#count(this.result.unsupported, name);
    return Math.max(bytes.length, 1);
  }

  #count(uses: Map<string, Uses>, name: string): void {
    let found = uses.get(name);
    if (found === undefined) uses.set(name, found = { functions: 0, instructions: 0 });
    found.instructions++;
    if (this.#counts && !this.#met.has(found)) found.functions++;
    this.#met.add(found);
  }

  #noteSyscall(): void {
    const { syscalls } = this.result;
    if (this.#eax < 0) this.result.otherSyscalls++;
    else syscalls.set(this.#eax, (syscalls.get(this.#eax) ?? 0) + 1);
    this.#eax = -1;
  }

  /** `mov eax, N` and `xor eax, eax` tell what is in eax; whatever else writes to it does not. */
  #followEax(): void {
    const { row, operands } = this.#insn;
    if (row.flow === FLOW_CALL || row.flow === FLOW_CALL_INDIRECT) this.#eax = -1;
    const [to, from] = operands;
    if (to === undefined || to.kind !== OPERAND_GPR || to.reg !== 0) return;
    if (row.mnemonic === "cmp" || row.mnemonic === "test" || row.mnemonic === "push") return;
    if (row.mnemonic === "mov" && from.kind === OPERAND_IMM && to.bytes >= 4) this.#eax = from.immLo;
    else if (row.mnemonic === "xor" && from.kind === OPERAND_GPR && from.reg === 0) this.#eax = 0;
    else this.#eax = -1;
  }
}
