import { describe, expect, test } from "vitest";
import { makeTestElf, TEST_CODE, TEST_DATA, type TestElf } from "./_testing.ts";
import { parseHeader } from "./header.ts";
import { applyRelocations } from "./relocations.ts";
import { parseSegments, PT_DYNAMIC } from "./segments.ts";

const R_64 = 1, R_COPY = 5, R_GLOB_DAT = 6, R_JUMP_SLOT = 7, R_RELATIVE = 8, R_DTPMOD64 = 16, R_IRELATIVE = 37;
const BASE = 0x700000;
const FUNCTION = TEST_CODE + 0x10;

/** The words at TEST_DATA, 64 bits each, of a file that was loaded at BASE and relocated; those before as given. */
function relocated(parts: TestElf, count = 4, before: (view: DataView) => void = () => {}): string[] {
  const bytes = makeTestElf({ imports: ["elsewhere"], defined: [{ name: "here", address: FUNCTION }], ...parts });
  const header = parseHeader(bytes);
  const table = bytes.subarray(header.phoff);
  const { vaddr, filesz } = parseSegments(table, header, bytes.length).find((s) => s.type === PT_DYNAMIC)!;
  // Not at the start of the memory: what the loader does has the bias of guest memory.
  const memory = new Uint8Array(bytes.length + 0x2000);
  memory.set(bytes, 0x2000);
  const view = new DataView(memory.buffer);
  before(new DataView(memory.buffer, 0x2000));
  applyRelocations(view, 0x2000, { start: vaddr, end: vaddr + filesz }, BASE);
  return Array.from({ length: count }, (_, i) => hex(view.getBigUint64(0x2000 + TEST_DATA + i * 8, true)));
}

const hex = (n: number | bigint) => `0x${n.toString(16)}`;
const at = (i: number) => TEST_DATA + i * 8;
const IMPORTED = 1, DEFINED = 2;

describe("relocations of a loaded file", () => {
  test("RELATIVE: the base and the addend, whatever the word held", () => {
    const words = relocated(
      {
        data: [0x11111111, 0x22222222, 0x33333333],
        rela: [
          { at: at(0), type: R_RELATIVE, addend: FUNCTION },
          { at: at(1), type: R_RELATIVE, addend: -0x1000 },
        ],
      },
      3,
      (view) => view.setUint32(at(0) + 4, 0xffffffff, true),
    );
    expect(words).toEqual([hex(BASE + FUNCTION), hex(BASE - 0x1000), "0x33333333"]);
  });

  test("64 and GLOB_DAT: symbols that the file defines; others stay as they are", () => {
    const words = relocated({
      data: [0, 0, 0x55, 0x66],
      rela: [
        { at: at(0), type: R_64, symbol: DEFINED, addend: 8 },
        { at: at(1), type: R_GLOB_DAT, symbol: DEFINED, addend: 8 },
        { at: at(2), type: R_64, symbol: IMPORTED, addend: 8 },
        { at: at(3), type: R_GLOB_DAT, symbol: IMPORTED },
      ],
    });
    expect(words).toEqual([hex(BASE + FUNCTION + 8), hex(BASE + FUNCTION), "0x55", "0x66"]);
  });

  test("JUMP_SLOT: a defined function, or the way to the lazy binder", () => {
    const words = relocated({
      data: [0x1234, 0x1234, 0],
      jumpSlots: [
        { at: at(0), type: R_JUMP_SLOT, symbol: DEFINED },
        { at: at(1), type: R_JUMP_SLOT, symbol: IMPORTED },
        { at: at(2), type: R_JUMP_SLOT, symbol: IMPORTED },
      ],
    }, 3);
    expect(words).toEqual([hex(BASE + FUNCTION), hex(BASE + 0x1234), "0x0"]);
  });

  test("IRELATIVE: the resolver's address", () => {
    const list = [{ at: at(0), type: R_IRELATIVE, addend: FUNCTION }];
    expect(relocated({ data: [7], rela: list }, 1)).toEqual([hex(BASE + FUNCTION)]);
    expect(relocated({ data: [7], jumpSlots: list }, 1)).toEqual([hex(BASE + FUNCTION)]);
  });

  test("RELR: words at addresses, and those that bitmaps behind them name", () => {
    const count = 140;
    // at(0); then bits for words 1, 3 and 63; then for 64 and 126; then at(130) by its address.
    const bits = (...words: number[]) => words.reduce((map, i) => map | (1n << BigInt(i + 1)), 1n);
    const words = relocated({
      data: Array.from({ length: count }, (_, i) => i + 1),
      relr: [BigInt(at(0)), bits(0, 2, 62), bits(0, 62), BigInt(at(130)), bits(1)],
    }, count);
    const moved = new Set([0, 1, 3, 63, 64, 126, 130, 132]);
    expect(words).toEqual(Array.from({ length: count }, (_, i) => hex(i + 1 + (moved.has(i) ? BASE : 0))));
  });

  test("what needs other files, or lies outside the memory, is left alone", () => {
    const words = relocated({
      data: [1, 2, 3],
      rela: [
        { at: at(0), type: R_DTPMOD64 },
        { at: at(1), type: R_COPY, symbol: IMPORTED },
        { at: 0x7fff0000, type: R_RELATIVE, addend: 1 },
        { at: at(2), type: R_64, symbol: 0xffffff, addend: 4 },
      ],
      relr: [0x7fff0000n, 0xffffffffffffffffn],
    }, 3);
    expect(words).toEqual(["0x1", "0x2", "0x3"]);
  });
});
