import { describe, expect, it } from "vitest";
import { programOf } from "../translate/_program.ts";
import { MARK_EDGE, MARK_FUNCTION } from "./code_map.ts";
import { findEntries } from "./entries.ts";

describe("findEntries", () => {
  const symbol = (start: number, size: number, name = "f") => ({ name, start, size });

  it("takes addresses in data for entries only where code begins", () => {
    const program = programOf(`main: 31 c0  c3  f: b8 01 00 00 00  c3`, { data: ["f", 0x20001, 0x20004] });
    const { labels } = program;
    expect(findEntries(program).roots).toEqual([labels.get("main"), labels.get("f")]);
  });

  it("takes labels inside a known function for entries only if they are return addresses on a stack", () => {
    const program = programOf(`main: e8 @f  back: 85 c0  label: c3  f: 31 c0  c3`);
    const { labels, u8 } = program;
    const at = (name: string) => labels.get(name)!;
    program.elfs[0].functions.push(symbol(at("main"), at("f") - at("main"), "main"), symbol(at("f"), 3));
    const view = new DataView(u8.buffer);
    view.setUint32(0x40000 - 0x10000, at("label"), true); // .data
    view.setUint32(0x57000 - 0x10000, at("back"), true); // stack
    view.setUint32(0x57010 - 0x10000, at("label"), true);
    expect(findEntries(program).roots).toEqual([at("main"), at("back")]);
  });

  it("knows functions by symbols and by calls, and their far parts by name", () => {
    const program = programOf(`main: e8 @f  0f 84 @cold  c3  f: c3  cold: 0f 0b  other: c3`);
    const at = (name: string) => program.labels.get(name)!;
    program.elfs[0].functions.push(symbol(at("cold"), 2, "main.cold"), symbol(at("other"), 1, "other"));
    const { map } = findEntries(program);
    expect(map.withMarks(MARK_FUNCTION)).toEqual([at("main"), at("f"), at("other")]);
    expect(map.get(at("cold"))).toBe(map.get(at("cold")) | MARK_EDGE);
  });

  it("takes a function that only one other jumps to for a part of it", () => {
    const program = programOf(`main: 85 c0  0f 84 @far  c3  far: 0f 0b`);
    const at = (name: string) => program.labels.get(name)!;
    program.elfs[0].functions.push(symbol(at("main"), at("far") - at("main"), "main"), symbol(at("far"), 2, "far"));
    expect(findEntries(program).map.withMarks(MARK_FUNCTION)).toEqual([at("main")]);
  });

  it("takes functions that other files import for entries", () => {
    const program = programOf(`main: c3  f: c3  g: c3`);
    const at = (name: string) => program.labels.get(name)!;
    program.elfs[0].functions.push(symbol(at("f"), 1, "f"), symbol(at("g"), 1, "g"));
    program.elfs[0].imports.push("g", "absent");
    expect(findEntries(program).roots).toEqual([at("main"), at("g")]);
  });

  it("marks padding behind functions, and not what follows it", () => {
    const program = programOf(`main: 90  c3  pad: 66 90  more: cc  f: f3 0f 1e fa  c3`);
    const at = (name: string) => program.labels.get(name)!;
    program.elfs[0].functions.push(symbol(at("main"), 2, "main"));
    expect(findEntries(program).map.withMarks(MARK_EDGE)).toEqual([at("main"), at("pad"), at("more")]);
  });

  it("leaves out resolvers of functions whose variant is chosen", () => {
    const text = `main: 31 c0  c3  resolve: b8 00 00 00 00  c3  chosen: 90  c3`;
    const before = programOf(text, { rodata: [0x40010, 37, "resolve"] });
    const after = programOf(text, { rodata: [0x40010, 37, "resolve"], data: [0, 0, "chosen"] });
    for (const p of [before, after]) p.elfs[0].functions.push(symbol(p.labels.get("chosen")!, 2, "chosen"));
    const names = (p: typeof before) =>
      findEntries(p).roots.map((pc) => [...p.labels].find(([, address]) => address === pc)![0]);
    expect(names(before)).toEqual(["main", "resolve"]);
    expect(names(after)).toEqual(["main", "chosen"]);
  });
});
