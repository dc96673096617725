import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { makeElf } from "../kernel/_harness.ts";
import { parseHeader } from "./header.ts";
import { buildId, readNotes } from "./notes.ts";
import { parseInterpreter, parseSegments, PT_LOAD } from "./segments.ts";
import { type ElfSymbol, parseSymbols, SymbolIndex } from "./symbols.ts";

test("a program of this machine's own parses, if there is one", () => {
  let file: Uint8Array;
  try {
    file = readFileSync("/bin/sh");
  } catch {
    return;
  }
  const header = parseHeader(file);
  const segments = parseSegments(file.subarray(header.phoff), header, file.length);
  expect(segments.filter((s) => s.type === PT_LOAD).length).toBeGreaterThan(1);
  expect(Array.isArray(parseSymbols(file, header))).toBe(true);
});

test("any damage to a header gives an error of the input or a program, never a crash", () => {
  const good = makeElf({ interpreter: "/lib/ld.so" });
  for (let i = 4; i < 64 + 4 * 56; i++) {
    for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
      const bytes = good.slice();
      bytes[i] = value;
      try {
        const header = parseHeader(bytes);
        const table = bytes.subarray(header.phoff);
        const segments = parseSegments(table, header, bytes.length);
        for (const s of segments) expect(s.offset + s.filesz).toBeLessThanOrEqual(bytes.length);
      } catch (e) {
        expect((e as Error).name, `byte ${i} = ${value}: ${e}`).toBe("TranslatorError");
      }
    }
  }
});

test("an interpreter path must end", () => {
  expect(parseInterpreter(new TextEncoder().encode("/lib/ld.so\0"))).toBe("/lib/ld.so");
  expect(() => parseInterpreter(new TextEncoder().encode("/lib"))).toThrow(/PT_INTERP/);
});

test("notes are read up to the first that does not fit", () => {
  const note = [4, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0x47, 0x4e, 0x55, 0, 0xab, 0xcd, 0, 0];
  const notes = readNotes(new Uint8Array([...note, 9, 0, 0, 0, 255, 255]));
  expect(notes).toEqual([{ owner: "GNU", type: 3, bytes: new Uint8Array([0xab, 0xcd]) }]);
  expect(buildId(notes)).toBe("abcd");
});

test("an address is described by the function that contains it", () => {
  const f = (name: string, address: number, size: number): ElfSymbol => ({ name, address, size, isFunction: true });
  const index = new SymbolIndex([f("main", 0x1000, 0x20), f("asm", 0x1100, 0), f("end", 0x1200, 4)], 0x400000);
  expect(index.describe(0x401000)).toBe("main");
  expect(index.describe(0x401012)).toBe("main+0x12");
  expect(index.describe(0x401030)).toBe("0x401030");
  expect(index.describe(0x401104)).toBe("asm+0x4");
});
