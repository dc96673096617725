import { describe, expect, it } from "vitest";
import { makeTestElf, TEST_CODE } from "../elf/_testing.ts";
import { digest, fixtureTask } from "./_fixture_task.ts";
import { type BegunFile, type FileTask, translateFile } from "./file_task.ts";
import { FunctionSource } from "./function_source.ts";

const slots = { slotOf: (pc: number) => pc & 0xfff, hasSlot: () => false };

/** What a guest that asked for the functions at these addresses has left to be done. */
function begun(source: FunctionSource, pcs: readonly number[], task: FileTask): BegunFile {
  for (const pc of pcs) source.patchAt(pc, source.memory.u8, slots);
  return source.begunFor(task);
}

/** The same with one region made wrongly: a translation that takes it over shows that. */
function damaged({ made: [first, ...others], ...rest }: BegunFile): BegunFile {
  const body = first.region.body.slice();
  body[body.length - 1] ^= 1;
  return { ...rest, made: [{ ...first, region: { ...first.region, body } }, ...others] };
}

describe("functions by themselves", () => {
  const task = fixtureTask("net/unix_paths.elf"), source = new FunctionSource(task), whole = translateFile(task);

  it("are modules that tell which code they were made from", () => {
    const pc = whole.entries.find((pc) => source.patchAt(pc, source.memory.u8, slots) !== null)!;
    const patch = source.patchAt(pc, source.memory.u8, slots)!;
    expect([patch.entries[0], patch.traits, patch.guard, patch.surroundings]).toEqual([pc, 0, 0, null]);
    expect(WebAssembly.Module.exports(patch.module)).toEqual([]);
    const words = new Int32Array(source.memory.u8.slice().buffer);
    expect(patch.ranges.some((range) => range.differs(words))).toBe(false);
    const other = new FunctionSource(task);
    other.memory.u8.fill(0x90);
    expect(patch.ranges.every((range) => range.differs(new Int32Array(other.memory.u8.buffer)))).toBe(true);
  });

  it("are none where no function begins", () => {
    expect(source.patchAt(whole.entries[0] + 1, source.memory.u8, slots)).toBeNull();
    expect(source.patchAt(8, source.memory.u8, slots)).toBeNull();
  });

  it("are what the translation has, which takes them over", () => {
    const some = begun(source, whole.entries.filter((_, i) => i % 3 === 0), task);
    expect(some.made.length).toBeGreaterThan(whole.entries.length / 10);
    expect(digest(translateFile(task, undefined, some))).toEqual(digest(whole));
    expect(digest(translateFile(task, undefined, damaged(some)))).not.toEqual(digest(whole));
  });

  it("are not taken over where other hints might make others of them", () => {
    const other = { ...task, profile: [whole.entries[5] + 1] }, some = begun(source, whole.entries, other);
    expect(some.isOfTask).toBe(false);
    expect(digest(translateFile(other, undefined, damaged(some)))).toEqual(digest(translateFile(other)));
  });

  it("throw for a file that is not for the place", () => {
    expect(() => new FunctionSource({ ...task, start: task.start + 4096 })).toThrow("code is not for");
  });
});

describe("functions of a library", () => {
  const BASE = 0x500000, LONELY = TEST_CODE + 0x20, code = new Array(0x30).fill(0xcc);
  code.splice(0, 3, 0xff, 0xc0, 0xc3); // inc eax; ret
  code.splice(LONELY - TEST_CODE, 1, 0xc3);
  const bytes = makeTestElf({
    code,
    soname: "a.so",
    defined: [{ name: "f", address: TEST_CODE }, { name: "g", address: LONELY }],
  });
  const [first, more] = [["f"], ["f", "g"]].map((imports): FileTask => (
    { bytes, path: "a", start: BASE + TEST_CODE, level: "x86-64-v2", profile: [], pointers: [], imports }
  ));

  it("are taken over where more is asked for in the end", () => {
    const some = begun(new FunctionSource(first), [BASE + TEST_CODE], more), whole = digest(translateFile(more));
    expect([some.isOfTask, some.made.length]).toEqual([false, 1]);
    expect(whole).not.toEqual(digest(translateFile(first)));
    expect(digest(translateFile(more, undefined, some))).toEqual(whole);
    expect(digest(translateFile(more, undefined, damaged(some)))).not.toEqual(whole);
  });
});
