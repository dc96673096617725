import { describe, expect, it } from "vitest";
import { decodeResume } from "../machine/resume_table.ts";
import { programOf } from "../translate/_program.ts";
import { translateProgram } from "../translate/translate.ts";
import { BranchHints, branchHintSection, NO_HINTS } from "./branch_hints.ts";
import { WasmBytes } from "./bytes.ts";
import { W_BR_IF, W_IF } from "./opcodes.ts";
import { placeModule } from "./place_module.ts";
import { readBodies, readSections, readU32, SECTION_CODE, SECTION_CUSTOM } from "./wasm_sections.ts";

const SECTION_NAME = "metadata.code.branch_hint";

/** Of each hint: the function's index, the offset in its body, and whether the branch is likely taken. */
function readHints(content: Uint8Array): [func: number, offset: number, isLikely: number][] {
  let at = 1 + content[0];
  expect(new TextDecoder().decode(content.subarray(1, at))).toBe(SECTION_NAME);
  const number = () => {
    const { value, next } = readU32(content, at);
    at = next;
    return value;
  };
  const hints: [number, number, number][] = [];
  for (let functions = number(); functions > 0; functions--) {
    const func = number();
    for (let n = number(); n > 0; n--) {
      const offset = number();
      expect(number()).toBe(1);
      hints.push([func, offset, number()]);
    }
  }
  expect(at).toBe(content.length);
  return hints;
}

/** The hints of a module, whose section has to be before the code, and that each is of a branch. */
function hintsOf(wasm: Uint8Array, imported: number): [func: number, offset: number, isLikely: number][] {
  const sections = readSections(wasm), code = sections.findIndex(({ id }) => id === SECTION_CODE);
  const { id, start, end } = sections[code - 1];
  expect(id).toBe(SECTION_CUSTOM);
  const hints = readHints(wasm.subarray(start, end)), bodies = readBodies(wasm);
  for (const [func, offset] of hints) {
    expect([W_IF, W_BR_IF]).toContain(wasm[bodies[func - imported].start + offset]);
  }
  return hints;
}

describe("branch hints", () => {
  it("are written as the proposal has them", () => {
    const out = new WasmBytes(), hints = new BranchHints(out);
    out.raw(new Uint8Array(200));
    hints.next(true);
    out.raw(new Uint8Array(5));
    hints.next(false);
    const encoded = hints.take(3);
    hints.begin();
    expect(hints.take(3)).toBe(NO_HINTS);
    const section = branchHintSection(7, [NO_HINTS, encoded, NO_HINTS])!;
    expect(readHints(section.view())).toEqual([[8, 203, 1], [8, 208, 0]]);
    expect(branchHintSection(7, [NO_HINTS, NO_HINTS])).toBeNull();
  });

  it("tell of what hardly ever happens in loops, and where the program ends", () => {
    // A loop, and a branch to UD2.
    const program = programOf("main: 48 85 ff  74 0b  e8 @leaf  48 ff cf  75 f6  c3  0f 0b  leaf: ff 07 c3", {
      data: ["main"],
    });
    const made = translateProgram(program, { name: "hints" });
    const imported = WebAssembly.Module.imports(new WebAssembly.Module(made.wasm)).filter((i) => i.kind === "function");
    const hints = hintsOf(made.wasm, imported.length);
    expect(hints.length).toBeGreaterThan(2);
    // In V8's order: by function, then by offset.
    const inOrder = [...hints].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    expect(hints).toEqual(inOrder);
    const placed = placeModule({ ...made, resume: decodeResume(made.resume) }, { name: "elsewhere", firstSlot: 500 });
    expect(hintsOf(placed.wasm, imported.length)).toEqual(hints);
  });
});
