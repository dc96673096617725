/**
 * Region entries of a program as it lies in memory after boot. Certain ones: entry point, the profile, what follows a system
 * call, functions that one file imports from another. Likely ones: addresses of code in data (vtables, GOT, return addresses on stacks). The rest is reached from these by
 * calls, jumps and addresses taken in code, which translate follows region by region.
 *
 * A missing entry costs a miss at run time, a wrong one costs size; neither is an error.
 */
import { GUEST_BIAS } from "../machine/state.ts";
import { DECODED, decodeInto } from "../x86/decode.ts";
import { Instruction } from "../x86/instruction.ts";
import { FLOW_NEXT, FLOW_RETURN } from "../x86/row.ts";
import {
  CodeMap,
  inRanges,
  joinRanges,
  MARK_CONTINUED,
  MARK_EDGE,
  MARK_FUNCTION,
  MARK_INSIDE,
  MARK_INSTRUCTION,
  MARK_LABEL,
  MARK_TAKEN,
} from "./code_map.ts";
import { followsCall } from "../machine/misses.ts";
import { pointersInData } from "./code_pointers.ts";
import { ehFrameOfHeader, type FunctionExtent, readEhFrame, searchEhFrame } from "./eh_frame.ts";
import type { AddressRange, ElfFacts } from "./elf_facts.ts";
import { Survey } from "./survey.ts";

/** An address of code found in a word of memory. */
export interface CodePointer {
  target: number;
  /** Whether it may be a return address: not in what files bring along. */
  mayBeReturnAddress: boolean;
}

/** A program in guest memory. */
export interface ProgramMemory {
  /** Guest address g is byte g - GUEST_BIAS. */
  u8: Uint8Array;
  executable: readonly AddressRange[];
  /** Ranges that cannot change any more: switch tables and constants there are taken at their word. */
  readOnly: readonly AddressRange[];
  /** Everything else that is mapped: data, heap, stacks. Searched for code addresses, as the read-only ranges are. */
  writable: readonly AddressRange[];
  /** Those of the writable ranges that are made read-only after relocation: tables of labels are there. */
  relocated?: readonly AddressRange[];
  /** The program and its libraries. */
  elfs: readonly ElfFacts[];
  /** Addresses at which the dispatcher entered code in the training run. */
  profile: readonly number[];
  /** Code addresses found in memory that is not given here. */
  pointers?: readonly CodePointer[];
  /** Names that files not given here look up in these. */
  imports?: ReadonlySet<string>;
}

/** What is known of a program's code. */
export interface CodeEntries {
  map: CodeMap;
  /** Where to start, ascending. */
  roots: number[];
  /** Where known functions and parts of functions begin, ascending, and where each ends. */
  starts: Uint32Array;
  ends: Uint32Array;
  /** Address behind the function that begins at the address, or the address itself if that is not known. */
  endOf(start: number): number;
  /** True if code that mentions this address may jump or call there. */
  mayBeTaken(address: number): boolean;
  /** Addresses inside functions that are in data: labels of tables, or chance. Ascending. */
  labels: number[];
  /** Known functions, for reports. */
  functions: number;
}

/** Finds entries and marks functions. */
export function findEntries(program: ProgramMemory): CodeEntries {
  const { u8 } = program;
  const map = new CodeMap(program.executable);
  const extents = functionExtents(program).filter((e) => map.has(e.start));
  for (const e of extents) map.add(e.start, e.isPart ? MARK_EDGE : MARK_FUNCTION | MARK_EDGE);
  const survey = new Survey(u8, map, extents, constantRanges(program));
  const roots = new Set<number>();
  const started = program.elfs.flatMap((e) => [e.entry, ...e.endFunctions]);
  for (const pc of [...started, ...program.profile]) if (map.has(pc)) roots.add(pc);
  for (const pc of started) map.add(pc, MARK_FUNCTION | MARK_EDGE | MARK_TAKEN);
  survey.sweep();
  for (const pc of roots) survey.follow(pc);

  const imported = new Set([...program.elfs.flatMap((e) => e.imports), ...program.imports ?? []]);
  for (const { name, start } of program.elfs.flatMap((e) => e.functions)) {
    if (!imported.has(name) || !map.has(start)) continue;
    map.add(start, MARK_TAKEN);
    roots.add(start);
  }

  const judge = new Judge(u8, map, survey);
  const inData: number[] = [];
  for (const { target, mayBeReturnAddress } of program.pointers ?? []) {
    if (map.has(target) && judge.isLikelyCode(target, mayBeReturnAddress)) inData.push(target);
  }
  // Writable data first: it has more pointers to functions, and these tell which words of .rodata are switch tables.
  const files = joinRanges([...program.readOnly, ...program.elfs.flatMap((e) => e.loaded)]);
  pointersInData(u8, [...program.writable, ...program.readOnly], map, (target, place) => {
    // Return addresses are on stacks and in jmp_bufs, not in what files bring along.
    if (judge.isLikelyCode(target, !inRanges(files, place, place + 8))) inData.push(target);
  });
  for (const pc of inData) {
    map.add(pc, MARK_TAKEN);
    roots.add(pc);
  }
  for (const pc of survey.taken) if (judge.isLikelyCode(pc, false)) map.add(pc, MARK_TAKEN);
  for (const pc of program.profile) map.add(pc, MARK_CONTINUED);

  // A function that only one other jumps to is a far part of that one, whatever its unwind information says.
  for (const e of extents) {
    if (map.get(e.start) & MARK_FUNCTION && survey.hasOneJumper(e.start)) map.remove(e.start, MARK_FUNCTION);
  }
  markPadding(u8, map, extents);
  return entriesOf({
    map,
    roots: [...roots].sort((a, b) => a - b),
    starts: Uint32Array.from(extents, (e) => e.start),
    ends: Uint32Array.from(extents, (e) => e.end),
    labels: [...judge.labels].sort((a, b) => a - b),
    functions: map.withMarks(MARK_FUNCTION).length,
  });
}

/** What is found, without what follows from it. */
export type EntryFacts = Omit<CodeEntries, "endOf" | "mayBeTaken">;

export function entriesOf(facts: EntryFacts): CodeEntries {
  const { map, starts, ends } = facts;
  return {
    ...facts,
    endOf: (start) => {
      let low = 0, high = starts.length;
      while (low < high) {
        const mid = (low + high) >> 1;
        if (starts[mid] < start) low = mid + 1;
        else high = mid;
      }
      return starts[low] === start ? ends[low] : start;
    },
    mayBeTaken: (address) => (map.get(address) & MARK_TAKEN) !== 0,
  };
}

/** Data that switch tables are read from. */
export function constantRanges({ readOnly, relocated = [] }: ProgramMemory): AddressRange[] {
  return [...readOnly, ...relocated];
}

/** Extents from unwind information and symbols, one a start, ascending. */
export function functionExtents(
  { u8, elfs, readOnly }: Pick<ProgramMemory, "u8" | "elfs" | "readOnly">,
): FunctionExtent[] {
  const byStart = new Map<number, FunctionExtent>();
  const add = (e: FunctionExtent) => {
    const known = byStart.get(e.start);
    if (known === undefined) byStart.set(e.start, e);
    else known.end = Math.max(known.end, e.end);
  };
  for (const elf of elfs) {
    for (const frame of ehFrames(u8, elf, readOnly)) readEhFrame(u8, frame.start, frame.end).forEach(add);
  }
  for (const elf of elfs) {
    for (const f of elf.functions) {
      add({ start: f.start, end: f.start + Math.max(f.size, 1), isPart: f.name.includes(".cold") });
    }
  }
  return [...byStart.values()].sort((a, b) => a.start - b.start);
}

function ehFrames(u8: Uint8Array, elf: ElfFacts, readOnly: readonly AddressRange[]): AddressRange[] {
  if (elf.ehFrame !== null) return [elf.ehFrame];
  const start = elf.ehFrameHeader > 0 ? ehFrameOfHeader(u8, elf.ehFrameHeader) : 0;
  if (start > 0) return [{ start, end: u8.length + GUEST_BIAS }];
  // A file without either: only worth the search when it has no symbols.
  if (elf.functions.length > 0 || elf.ehFrameHeader > 0) return [];
  return readOnly.map((r) => ({ start: searchEhFrame(u8, r.start, r.end), end: r.end })).filter((r) => r.start > 0);
}

/** Decides whether an address that was found somewhere is code that may be entered there. */
class Judge {
  readonly #insn = new Instruction();
  /** Instructions inside functions that were asked about, and are no entries by themselves. */
  readonly labels: Set<number> = new Set();

  constructor(readonly u8: Uint8Array, readonly map: CodeMap, readonly survey: Survey) {}

  isLikelyCode(pc: number, mayBeReturnAddress: boolean): boolean {
    const marks = this.map.get(pc);
    if (marks & (MARK_FUNCTION | MARK_CONTINUED) || this.#bindsLazily(pc)) return true;
    const extent = this.survey.extentOf(pc);
    if (extent >= 0) {
      // Inside a function: return addresses on stacks count. The rest are labels of switch tables, which regions find by
      // themselves, or no code addresses at all.
      if (this.survey.extents[extent].start === pc) return true;
      if ((marks & MARK_INSTRUCTION) === 0) return false;
      if (mayBeReturnAddress && followsCall(this.u8, pc)) return true;
      this.labels.add(pc);
      return false;
    }
    if (marks & MARK_LABEL) return false;
    // Where nothing says how far functions reach, code that somebody has the address of begins one.
    if ((marks & MARK_INSTRUCTION) === 0 && (marks & MARK_INSIDE || !this.#decodesToReturn(pc))) return false;
    if (mayBeReturnAddress && (marks & MARK_INSTRUCTION) !== 0 && followsCall(this.u8, pc)) return true;
    this.map.add(pc, MARK_FUNCTION | MARK_EDGE);
    this.survey.follow(pc);
    return true;
  }

  /** True for the half of an entry of the procedure linkage table that has the dynamic linker look for the function. */
  #bindsLazily(pc: number): boolean {
    const { u8 } = this;
    let at = pc - GUEST_BIAS;
    if (u8[at] === 0xf3 && u8[at + 1] === 0x0f && u8[at + 2] === 0x1e && u8[at + 3] === 0xfa) at += 4; // endbr64
    if (u8[at] !== 0x68) return false; // push imm32
    const jump = u8[at + 5] === 0xf2 ? at + 6 : at + 5; // with a bnd prefix
    return u8[jump] === 0xe9;
  }

  /** True if a straight run of valid instructions leads from here to a jump, call or return. */
  #decodesToReturn(pc: number): boolean {
    for (let n = 0; n < 64 && this.map.has(pc); n++) {
      if (!this.#decode(pc)) return false;
      const { flow, mnemonic } = this.#insn.row;
      // Zero bytes decode as `add [rax],al`.
      if (mnemonic === "add" && this.u8[pc - GUEST_BIAS] === 0) return false;
      if (flow !== FLOW_NEXT) return flow <= FLOW_RETURN;
      pc = this.#insn.nextPc;
    }
    return false;
  }

  #decode(pc: number): boolean {
    return decodeInto(this.#insn, this.u8, pc - GUEST_BIAS, this.u8.length, pc) === DECODED;
  }
}

/** Longest alignment padding between functions. */
const MAX_PADDING = 64;

/** Padding behind functions is no code: what a call that never returns would "return" to. */
function markPadding(u8: Uint8Array, map: CodeMap, extents: readonly FunctionExtent[]): void {
  const insn = new Instruction();
  for (let i = 0; i < extents.length; i++) {
    const { end } = extents[i];
    if (extents[i].end - extents[i].start <= 1) continue; // a symbol of unknown size
    const next = i + 1 < extents.length ? extents[i + 1].start : end + MAX_PADDING;
    const limit = Math.min(next, end + MAX_PADDING);
    let pc = end;
    while (pc < limit && map.has(pc) && (map.get(pc) & MARK_EDGE) === 0) {
      const byte = u8[pc - GUEST_BIAS];
      let length = 1;
      if (byte !== 0xcc && byte !== 0) {
        if (decodeInto(insn, u8, pc - GUEST_BIAS, u8.length, pc) !== DECODED || insn.row.mnemonic !== "nop") break;
        if (insn.row.text === "endbr64") break;
        length = insn.length;
      }
      map.add(pc, MARK_EDGE);
      pc += length;
    }
  }
}
