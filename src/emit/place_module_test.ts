import { describe, expect, it } from "vitest";
import { emptyBaseCode } from "../jit/base_code.ts";
import { CodeLibrary, type FileCode } from "../machine/code_cache.ts";
import { decodeResume, isReturnSite } from "../machine/resume_table.ts";
import { RAX, RSP, STATE_GPR, STATE_RIP, STOP_BREAKPOINT, STOP_SEGV } from "../machine/state.ts";
import { decodeTraps, moveTraps } from "../machine/trap_codec.ts";
import { WasmMachine } from "../machine/wasm_machine.ts";
import { END, programOf, STACK_TOP } from "../translate/_program.ts";
import { translateProgram, type Translation } from "../translate/translate.ts";
import { placeModule } from "./place_module.ts";

// Enough of them that slots and counts need more than a byte.
const FUNCTIONS = 150;
const program = programOf(
  `main: 48 c7 c0 =f0  ff d0  after: 83 c0 01  bad: 8b 18  cc
   ${
    Array.from({ length: FUNCTIONS }, (_, i) => `f${i}: b8 ${i.toString(16).padStart(2, "0")} 00 00 00 c3`).join(" ")
  }`,
  { data: Array.from({ length: FUNCTIONS }, (_, i) => `f${i}`) },
);
const at = (label: string) => program.labels.get(label)!;
const translation = translateProgram(program, { name: "code" });

function place(name: string, firstSlot: number, sideEntries: number[] = []): Translation {
  const placed = placeModule({ ...translation, resume: decodeResume(translation.resume) }, {
    name,
    firstSlot,
    sideEntries,
  });
  const { wasm, entries, movedBy } = placed;
  return { ...translation, name, firstSlot, wasm, entries, traps: moveTraps(translation.traps, movedBy) };
}

/** Runs from an address until it stops; eax and rip. */
function run(t: Translation, from: number, eax = 0) {
  const [{ start, end }] = program.executable;
  const code: FileCode = {
    ...t,
    module: new WebAssembly.Module(t.wasm),
    resume: { pcs: new Uint32Array(0), entries: new Uint32Array(0), codes: new Uint32Array(0) },
    ...decodeTraps(t.traps),
    file: 1,
    start,
    end,
  };
  const library = new CodeLibrary(emptyBaseCode(), t.firstSlot + t.entries.length, () => ({ code }));
  const machine = new WasmMachine({ library, compiler: null, interpreter: null });
  machine.memory.growTo(END);
  machine.memory.u8.set(program.u8);
  machine.codeMapped(1, start, end);
  const words = machine.memory.i32;
  words[STATE_RIP >> 2] = from;
  words[(STATE_GPR + 8 * RAX) >> 2] = eax;
  words[(STATE_GPR + 8 * RSP) >> 2] = STACK_TOP - 64;
  return { stop: machine.run(), rax: words[(STATE_GPR + 8 * RAX) >> 2], rip: words[STATE_RIP >> 2] };
}

describe("placeModule", () => {
  it.each([["code", 1], ["code12", 63], ["x", 64], ["x", 100_000]])(
    "gives what would have been made for the place: %s, slot %i",
    (name, firstSlot) => {
      const { wasm, entries, traps } = translateProgram(program, { name, firstSlot });
      expect(place(name, firstSlot)).toMatchObject({ entries, traps });
      expect(place(name, firstSlot).wasm).toEqual(wasm);
    },
  );

  it("adds entries, and faults are still told by their address", () => {
    const after = at("after"), resume = decodeResume(translation.resume);
    expect([...resume.pcs].filter((_, i) => isReturnSite(resume.codes[i]))).toContain(after);
    expect(translation.entries).not.toContain(after);
    const placed = place("more", 300, [after]);
    expect(placed.entries.at(-1)).toBe(after);
    expect(run(placed, after, 0x30000 - 1)).toMatchObject({ stop: STOP_BREAKPOINT, rax: 0x30000 });
    expect(run(placed, after, 15)).toMatchObject({ stop: STOP_SEGV, rip: at("bad") });
    expect(run(placed, at("f149"), 0).rax).toBe(149);
  });

  it("has no entry where no region can go on", () => {
    expect(() => place("more", 1, [at("bad")])).toThrow("no region can go on there");
  });

  it("places a module without regions", () => {
    const empty = programOf("main: 83 c0 01", { entry: "main" });
    const t = translateProgram({ ...empty, elfs: [], executable: [] }, { name: "a" });
    const again = translateProgram({ ...empty, elfs: [], executable: [] }, { name: "bc", firstSlot: 70 });
    const placed = placeModule({ ...t, resume: decodeResume(t.resume) }, { name: "bc", firstSlot: 70 });
    expect(placed.wasm).toEqual(again.wasm);
  });
});
