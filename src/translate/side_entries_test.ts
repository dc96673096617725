/**
 * Regions with side entries, and functions cut into parts: random control flow, entered at each of its blocks and between what sets flags and what reads them, must do the same
 * as code that is compiled block by block as it is reached. The programs are the same at every run.
 */
import { describe, expect, it } from "vitest";
import { CodeMap, codeView } from "../discover/code_map.ts";
import { discoverRegion } from "../discover/discover.ts";
import { blockTargets } from "../discover/successors.ts";
import { cutIntoParts } from "../discover/parts.ts";
import { instructionCount } from "../discover/region.ts";
import { emptyBaseCode } from "../jit/base_code.ts";
import { JitCompiler } from "../jit/lazy_compiler.ts";
import { CodeLibrary, type FileCode } from "../machine/code_cache.ts";
import { NO_CLIENT } from "../machine/no_client.ts";
import { RAX, RBX, RDI, RSI, RSP, STATE_FUEL, STATE_GPR, STATE_RIP, STOP_BREAKPOINT } from "../machine/state.ts";
import { decodeResume } from "../machine/resume_table.ts";
import { decodeTraps } from "../machine/trap_codec.ts";
import { WasmMachine } from "../machine/wasm_machine.ts";
import { DATA, END, programOf, STACK_TOP } from "./_program.ts";
import { translateProgram } from "./translate.ts";

type Program = ReturnType<typeof programOf>;

function random(seed: number): (n: number) => number {
  let x = seed * 2654435761 | 1;
  return (n) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % n;
  };
}

const hex = (n: number) => (n & 255).toString(16).padStart(2, "0");

/**
 * Blocks b0 to bN, each of which does some arithmetic on eax, esi and a word of memory, counts edi down to the end, and branches
 * to random blocks: by flags of this block or of the one before it, by a switch or by running on.
 */
function randomProgram(seed: number, blocks: number): Program {
  const r = random(seed);
  const to = () => `@b${r(blocks)}`;
  // Between what sets flags and what looks at them.
  let count = 0;
  const inside = () => `inside${count++}:`;
  const arithmetic = [
    () => `05 ${hex(r(256))} 00 00 00`, // add eax, n
    () => "01 f0", // add eax, esi
    () => `69 f0 ${hex(3 + 2 * r(50))} 00 00 00`, // imul esi, eax, n
    () => "d1 c0", // rol eax, 1
    () => `83 f6 ${hex(r(128))}`, // xor esi, n
    () => "03 04 25 08 00 04 00", // add eax, [DATA + 8]
    () => "89 34 25 08 00 04 00", // mov [DATA + 8], esi
  ];
  const branches = [
    () => `0f 85 ${to()}`, // jne
    () => `0f 82 ${to()}`, // jb
    () => `a8 ${hex(1 << r(8))} ${inside()} 0f 84 ${to()}`, // test al, bit; je
    () => `a8 ${hex(1 << r(8))} ${inside()} 0f 84 ${to()} 0f 88 ${to()}`, // and by the sign of the same
    () => `3d 00 00 00 40 ${inside()} 89 c3 ${inside()} 0f 87 ${to()}`, // cmp eax, 2^30; mov ebx, eax; ja
    () => `e9 ${to()}`, // jmp
    () => "89 c3 83 e3 07 ff 24 dd 00 00 03 00", // mov ebx, eax; and ebx, 7; jmp [RODATA + 8*rbx]
    () => "", // on to the next block
  ];
  let text = "";
  for (let b = 0; b < blocks; b++) {
    text += `b${b}: ff cf 0f 84 @end `;
    for (let n = r(4); n >= 0; n--) text += `${arithmetic[r(arithmetic.length)]()} `;
    text += `${branches[r(branches.length)]()} `;
  }
  const table = Array.from({ length: 8 }, () => `b${r(blocks)}`);
  return programOf(`${text} e9 @b0 end: cc`, { rodata: table, entry: "b0" });
}

const COUNTS = [1, 2, 7, 60, 1000], LITTLE_FUEL = 17;

/** What a run from an address leaves in registers and memory. */
function results(machine: WasmMachine, program: Program, from: number, count: number): number[] {
  machine.memory.growTo(END);
  machine.memory.u8.set(program.u8);
  const words = machine.memory.i32;
  words[STATE_RIP >> 2] = from;
  // Little fuel, so that loops are left and entered again, too.
  words[STATE_FUEL >> 2] = LITTLE_FUEL;
  machine.client = {
    ...NO_CLIENT,
    wantsYield() {
      machine.memory.i32[STATE_FUEL >> 2] = LITTLE_FUEL;
      return false;
    },
  };
  const set = (register: number, value: number) => words[(STATE_GPR + 8 * register) >> 2] = value;
  set(RSP, STACK_TOP - 64);
  set(RDI, count);
  set(RAX, 0x1234567);
  set(RSI, 99);
  set(RBX, 0);
  expect(machine.run()).toBe(STOP_BREAKPOINT);
  return [RAX, RSI, RDI].map((register) => words[(STATE_GPR + 8 * register) >> 2]).concat(
    words[(DATA + 8 - 0x10000) >> 2],
  );
}

function reference(): WasmMachine {
  return new WasmMachine({ library: new CodeLibrary(emptyBaseCode()), compiler: new JitCompiler(), interpreter: null });
}

function translated(program: Program, profile: number[], maxRegionInstructions?: number): WasmMachine {
  const t = translateProgram({ ...program, profile }, {
    name: "app",
    ...(maxRegionInstructions === undefined ? {} : { maxRegionInstructions }),
  });
  const [{ start, end }] = program.executable;
  const traps = decodeTraps(t.traps);
  const module = new WebAssembly.Module(t.wasm), resume = decodeResume(t.resume);
  const code: FileCode = { ...t, module, resume, ...traps, file: 1, start, end };
  const library = new CodeLibrary(emptyBaseCode(), t.entries.length, () => ({ code }));
  // Nothing to fall back on: an entry that is missing is an error.
  const machine = new WasmMachine({ library, compiler: null, interpreter: null });
  machine.codeMapped(1, start, end);
  return machine;
}

describe.each([3, 8, 25])("random control flow of %i blocks", (blocks) => {
  it.each([1, 2, 3, 4, 5, 6])("entered at each block, in one region and in parts (program %i)", (seed) => {
    const program = randomProgram(seed * 100 + blocks, blocks);
    const starts = [...program.labels].filter(([label]) => label !== "end").map(([, pc]) => pc);
    const oracle = reference();
    const expected = starts.map((from) => COUNTS.map((count) => results(oracle, program, from, count)));
    for (const size of [undefined, 2, 9, 30]) {
      const machine = translated(program, starts, size);
      const actual = starts.map((from) => COUNTS.map((count) => results(machine, program, from, count)));
      expect(actual, `regions of ${size ?? "any number of"} instructions`).toEqual(expected);
    }
  });
});

describe("a region that is cut into parts", () => {
  const sizes = [1, 4, 10, 1000];

  it.each([1, 2, 3, 4])(
    "every block is in one part, and every edge between parts leads to an entry (program %i)",
    (seed) => {
      const program = randomProgram(seed, 20);
      const map = new CodeMap(program.executable);
      const region = discoverRegion(codeView(program.u8, map, program.readOnly), program.labels.get("b0")!);
      const all = region.blocks.map((block) => block.pc).sort((a, b) => a - b);
      expect(all.length).toBeGreaterThan(10);
      for (const size of sizes) {
        const parts = cutIntoParts(region, size);
        expect(parts.flatMap(({ blocks }) => blocks.map((block) => block.pc))).toEqual(all);
        expect(parts.filter(({ part }) => part.entries.has(region.entryPc)).length).toBe(1);
        for (const { part, blocks } of parts) {
          const largest = Math.max(...blocks.map((block) => block.instructions.length));
          const count = blocks.reduce((n, block) => n + block.instructions.length, 0);
          expect(count).toBeLessThan(size + largest);
          const own = new Set(blocks.map((block) => block.pc));
          expect([...part.entries].every((pc) => own.has(pc))).toBe(true);
          for (const target of blocks.flatMap((block) => blockTargets(block, region))) {
            if (own.has(target) || !all.includes(target)) continue;
            const other = parts.find((p) => p.blocks.some((block) => block.pc === target))!;
            expect(other.part.entries.has(target)).toBe(true);
          }
        }
      }
    },
  );

  it("is made a region from any entry, cut where others are", () => {
    const program = randomProgram(7, 20);
    const map = new CodeMap(program.executable);
    const code = codeView(program.u8, map, program.readOnly);
    const region = discoverRegion(code, program.labels.get("b0")!);
    for (const { part, blocks } of cutIntoParts(region, 25)) {
      // An entry in the middle of a block, as the profile may have.
      const long = blocks.find((block) => block.instructions.length > 2);
      if (long !== undefined) part.entries.add(long.instructions[1].pc);
      const whole = blocks.flatMap((block) => block.instructions.map((insn) => insn.pc));
      for (const entry of part.entries) {
        const made = part.region(entry, code);
        expect(made.blocks[0].pc).toBe(entry);
        expect([...made.sideEntries, entry].sort((a, b) => a - b)).toEqual([...part.entries].sort((a, b) => a - b));
        const starts = made.blocks.map((block) => block.pc);
        expect([...part.entries].every((pc) => starts.includes(pc))).toBe(true);
        const pcs = made.blocks.flatMap((block) => block.instructions.map((insn) => insn.pc));
        expect(pcs.sort((a, b) => a - b)).toEqual(whole);
        expect(instructionCount(made)).toBe(whole.length);
      }
    }
  });
});
