import { describe, expect, it } from "vitest";
import { readBodies, readSections } from "../emit/wasm_sections.ts";
import { readBranchHints } from "../emit/branch_hints.ts";
import { decodeResume, encodeResume } from "../machine/resume_table.ts";
import { decodeTraps } from "../machine/trap_codec.ts";
import { siteOf, type TrapTable } from "../machine/trap_table.ts";
import { programOf } from "./_program.ts";
import { covered, divide, entriesRun } from "./divided.ts";
import { placeTranslation } from "./placed.ts";
import { translateProgram, type Translation } from "./translate.ts";

// loop has loads that may fault, and a branch with a hint; into has its loop, too. again is an address that is taken.
// Functions are too long to be taken into their callers.
const LONG = "ff c0 ".repeat(30);
const program = programOf(
  `main: e8 @f  c3   into: b9 07 00 00 00  e9 @again   g: 8b 07  c3   f: 8b 06  ${LONG} e8 @h  89 07  c3
   h: ${LONG} 8b 0f  8b 56 10  c3   loop: b9 00 01 00 00  again: 8b 04 0f  ff c9  75 f9  c3`,
  { data: ["into", "g", "f", "h", "loop", "again"] },
);
const at = (label: string) => program.labels.get(label)!;
const made = translateProgram(program, { name: "code", firstSlot: 1 });
const [AFTER_H] = [...decodeResume(made.resume).pcs].filter((pc) => pc > at("f") && pc < at("h"));
const whole = placeTranslation(made, { name: "whole", firstSlot: 10, sideEntries: [AFTER_H] });

/** Some bytes of the code at each trap, by the guest's address and the run that it is in. */
function codeAtTraps({ wasm }: Pick<Translation, "wasm">, table: TrapTable): Map<string, string> {
  const { trapOffsets, trapPcs, trapSites } = table;
  return new Map([...trapOffsets].map((offset, i) => {
    const { parent: _parent, ...site } = siteOf(table, trapSites[i]);
    return [`${trapPcs[i].toString(16)} ${JSON.stringify(site)}`, [...wasm.subarray(offset, offset + 3)].join(" ")];
  }));
}

const names = (pcs: readonly number[]) =>
  pcs.map((pc) => [...program.labels].find(([, address]) => address === pc)?.[0] ?? "side entry").sort();

describe("divide", () => {
  const [run, rest] = divide(whole, [at("f")], ["a", "b"], 0)!;

  it("has each entry in one part, in slots of the whole, a side entry where its region is", () => {
    expect([names(run.entries), names(rest.entries)]).toEqual([["f", "side entry"], [
      "again",
      "g",
      "h",
      "into",
      "loop",
      "main",
    ]]);
    expect([run.name, run.firstSlot, rest.name, rest.firstSlot]).toEqual(["a", 10, "b", 12]);
  });

  it("has the traps of each region where it is", () => {
    const before = codeAtTraps(whole, decodeTraps(whole.traps));
    const parts = [run, rest].map((part) => codeAtTraps(part, decodeTraps(part.traps)));
    expect(parts.map(({ size }) => size > 0)).toEqual([true, true]);
    expect(new Map([...parts[0], ...parts[1]])).toEqual(before);
  });

  it("has the places to go on at where their regions are", () => {
    const rows = [run, rest].map(({ resume }) => [...decodeResume(resume).pcs]);
    expect(rows[0]).toEqual([AFTER_H]);
    expect([...rows[0], ...rows[1]].sort()).toEqual([...decodeResume(whole.resume).pcs].sort());
  });

  it("has hints of what is there alone", () => {
    const hinted = [whole, run, rest].map(({ wasm }) => readBranchHints(wasm).size);
    expect(hinted[0]).toBeGreaterThan(0);
    expect(hinted[1] + hinted[2]).toBe(hinted[0]);
    const sections = readSections(rest.wasm);
    expect(sections.filter(({ id }) => id === 0).length).toBe(2);
  });

  it("has an entry with the region that goes on at its address", () => {
    const { pcs, entries, codes } = decodeResume(whole.resume), row = pcs.findIndex((pc) => pc > at("g"));
    const column = (values: Uint32Array, value: number) => Uint32Array.from([...values].toSpliced(row, 0, value));
    const resume = encodeResume({
      pcs: column(pcs, at("g")),
      entries: column(entries, at("main")),
      codes: column(codes, 2),
    });
    const first = (pc: number) => names(divide({ ...whole, resume }, [pc], ["a", "b"], 0)![0].entries);
    expect([first(at("main")), first(at("g"))]).toEqual([["g", "main"], ["g"]]);
  });

  it("finds the region of an address where it goes on", () => {
    expect(divide(whole, [AFTER_H], ["a", "b"], 0)![0].entries).toEqual(run.entries);
  });

  it("is not done for nothing", () => {
    expect(divide(whole, [], ["a", "b"], 0)).toBeNull();
    expect(divide(whole, whole.entries, ["a", "b"], 0)).toBeNull();
    expect(divide(whole, [at("f")], ["a", "b"])).toBeNull();
  });
});

describe("covered", () => {
  const { wasm, memory, traps } = covered(whole);

  it("has the same code, a note before it, and traps where they are", () => {
    expect(codeAtTraps({ wasm }, traps())).toEqual(codeAtTraps(whole, decodeTraps(whole.traps)));
    expect(readBodies(wasm).length).toBe(readBodies(whole.wasm).length);
    expect(WebAssembly.validate(wasm)).toBe(true);
  });

  it("tells what was noted", () => {
    expect(entriesRun(memory, whole.entries)).toEqual([]);
    new Uint8Array(memory.buffer).set([0, 1, 0, 1]);
    expect(entriesRun(memory, whole.entries)).toEqual([whole.entries[1], whole.entries[3]]);
  });
});
