import { describe, expect, it } from "vitest";
import { programOf } from "../translate/_program.ts";
import { translateProgram } from "../translate/translate.ts";
import { CodeMap, codeView } from "./code_map.ts";
import { discoverRegion } from "./discover.ts";
import { findEntries } from "./entries.ts";

type Program = ReturnType<typeof programOf>;

/** Labels that begin blocks of main's region. */
function blocksOf(program: Program): string[] {
  const map = new CodeMap(program.executable);
  const region = discoverRegion(codeView(program.u8, map, program.readOnly), program.labels.get("main")!);
  const starts = new Set(region.blocks.map((block) => block.pc));
  return [...program.labels].filter(([, pc]) => starts.has(pc)).map(([name]) => name);
}

/** Puts 32-bit distances from a label into read-only data, two a word. */
function distances(program: Program, from: string, to: string[]): Program {
  const view = new DataView(program.u8.buffer);
  const at = (name: string) => program.labels.get(name)!;
  to.forEach((name, i) => view.setInt32(RODATA_OFFSET + 4 * i, at(name) - at(from), true));
  return program;
}

const RODATA_OFFSET = 0x20000;
// lea rcx, [RODATA] as an address below 4 GiB without a base; then the load, the sum and the jump.
const LEA_TABLE = "48 8d 0c 25 00 00 03 00";

describe("switch tables", () => {
  it("of offsets from a label, as computed gotos have them", () => {
    const program = distances(
      programOf(`
        main: 83 e0 01 ${LEA_TABLE} 48 8d 14 25 =here 48 63 04 81 48 01 d0 ff e0
        here: c3 a: 90 c3 b: c3 other: c3`),
      "here",
      ["a", "b"],
    );
    expect(blocksOf(program)).toEqual(["main", "a", "b"]);
  });

  it("whose address is loaded where only a later way comes from", () => {
    // The jump is reached first by the way on which rcx was set before the function began.
    const text = `
      main: 85 ff 0f 84 @far jump: 83 e0 01 48 63 04 81 48 01 c8 ff e0
      far: ${LEA_TABLE} e9 @jump a: 90 c3 b: c3 other: c3`;
    const program = programOf(text), view = new DataView(program.u8.buffer);
    ["a", "b"].forEach((name, i) => view.setInt32(RODATA_OFFSET + 4 * i, program.labels.get(name)! - 0x30000, true));
    expect(blocksOf(program)).toEqual(["main", "jump", "far", "a", "b"]);
  });
});

describe("switch tables without a check of their bounds", () => {
  it("are not bound by what the index register had before", () => {
    // and eax, 1; movzx eax, byte [rdi]; jmp [RODATA + 8*rax]
    const program = programOf(
      `main: 83 e0 01 0f b6 07 ff 24 c5 00 00 03 00 a: 90 c3 b: 90 c3 c: c3 other: c3`,
      { rodata: ["a", "b", "c"] },
    );
    expect(blocksOf(program)).toEqual(["main", "a", "b", "c"]);
  });

  it("are bound by a check of what the index was widened from", () => {
    // cmp eax, 1; ja other; movsxd rax, eax; jmp [RODATA + 8*rax]
    const program = programOf(
      `main: 83 f8 01 0f 87 @other 48 63 c0 ff 24 c5 00 00 03 00 a: 90 c3 b: 90 c3 c: c3 other: c3`,
      { rodata: ["a", "b", "c"] },
    );
    expect(blocksOf(program)).toEqual(["main", "a", "b", "other"]);
  });

  it("are not followed where that is not wanted", () => {
    const program = programOf(`main: 0f b6 07 ff 24 c5 00 00 03 00 a: 90 c3 b: c3`, { rodata: ["a", "b"] });
    const view = codeView(program.u8, new CodeMap(program.executable), program.readOnly);
    const sizes = [view, { ...view, skipsOpenTables: true }].map((code) =>
      discoverRegion(code, program.labels.get("main")!).blocks.length
    );
    expect(sizes).toEqual([3, 1]);
  });

  it.each([
    ["at the jump", "main: 0f b6 07 ff 24 c5 00 00 03 00"],
    // movzx edx, byte [rdi]; test esi, esi; je other; movsxd rdx, edx; jmp [RODATA + 8*rdx]
    ["before a branch, and widened behind it", "main: 0f b6 17 85 f6 0f 84 @b 48 63 d2 ff 24 d5 00 00 03 00"],
  ])("may lead far away if the index is a byte: %s", (_where, jump) => {
    const far = 0x50000;
    const near = programOf(`${jump} a: 90 c3 b: c3 other: c3`, { rodata: [far, "a", "b"] });
    const program = { ...near, executable: [...near.executable, { start: far, end: far + 16 }] };
    const map = new CodeMap(program.executable);
    const { jumpTables } = discoverRegion(codeView(program.u8, map, program.readOnly), program.labels.get("main")!);
    const [a, b] = [program.labels.get("a")!, program.labels.get("b")!];
    expect([...jumpTables.values()].map(({ targets }) => targets)).toEqual([[a, a, b]]);
    expect(blocksOf(program)).toEqual(["main", "a", "b"]);
  });
});

describe("labels in data of a function with a jump that is not understood", () => {
  // jmp rsi, with the function's extent known.
  const program = programOf(`main: ff e6 a: 90 c3 b: c3 f: c3`, { data: ["a", "b", "f"] });
  const at = (name: string) => program.labels.get(name)!;
  program.elfs[0].functions.push({ name: "main", start: at("main"), size: at("f") - at("main") });
  program.elfs[0].functions.push({ name: "f", start: at("f"), size: 1 });

  it("are told apart from functions", () => {
    expect(findEntries(program)).toMatchObject({ labels: [at("a"), at("b")], roots: [at("main"), at("f")] });
  });

  it("are entries", () => {
    const { entries } = translateProgram(program, { name: "app" });
    expect(entries.sort()).toEqual([at("main"), at("a"), at("b"), at("f")]);
  });
});

describe("what the dynamic linker calls", () => {
  it("is an entry: initial and final functions", () => {
    const program = programOf(`main: c3 last: 90 c3`);
    program.elfs[0].endFunctions.push(program.labels.get("last")!);
    expect(findEntries(program).roots).toEqual([...program.labels.values()]);
  });

  it("is an entry: the half of a procedure linkage that binds", () => {
    const program = programOf(
      `main: c3 first: ff 35 00 00 00 00 ff 25 00 00 00 00
       slot: ff 25 00 00 00 00 bind: 68 00 00 00 00 e9 @first end:`,
      { data: ["bind"] },
    );
    const at = (name: string) => program.labels.get(name)!;
    program.elfs[0].functions.push({ name: "plt", start: at("first"), size: at("end") - at("first") });
    expect(findEntries(program).roots).toEqual([at("main"), at("bind")]);
    expect(translateProgram(program, { name: "app" }).entries).toContain(at("bind"));
  });
});
