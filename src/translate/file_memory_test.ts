import { describe, expect, it } from "vitest";
import { makeTestElf, TEST_CODE, TEST_DATA } from "../elf/_testing.ts";
import { ET_EXEC } from "../elf/header.ts";
import { GUEST_BIAS } from "../machine/state.ts";
import { fileMemory } from "./file_memory.ts";

const HINTS = { profile: [], pointers: [], imports: [] };
const PLACE = 0x500000;

describe("fileMemory", () => {
  it("puts a library where its code is mapped, relocated for that place", () => {
    const code = [0xb8, 1, 2, 3, 4, 0xc3];
    const file = makeTestElf({
      code,
      data: [0, 0x77],
      rela: [{ at: TEST_DATA, type: 8, addend: TEST_CODE }],
      defined: [{ name: "f", address: TEST_CODE }],
    });
    const memory = fileMemory(file, "/lib/a.so", PLACE + TEST_CODE, HINTS);
    const byte = (address: number) => memory.u8[address - GUEST_BIAS];
    expect(code.map((_, i) => byte(PLACE + TEST_CODE + i))).toEqual(code);
    expect(byte(PLACE)).toBe(0x7f);
    const view = new DataView(memory.u8.buffer);
    expect(view.getUint32(PLACE + TEST_DATA - GUEST_BIAS, true)).toBe(PLACE + TEST_CODE);
    expect(view.getUint32(PLACE + TEST_DATA + 8 - GUEST_BIAS, true)).toBe(0x77);
    expect(memory.executable).toEqual([{ start: PLACE + 0x1000, end: PLACE + 0x2000 }]);
    expect(memory.readOnly).toEqual([{ start: PLACE, end: PLACE + 0x1000 }]);
    expect(memory.writable).toEqual([{ start: PLACE + 0x3000, end: PLACE + 0x4000 }]);
    expect(memory.elfs[0].entry).toBe(PLACE + TEST_CODE);
    expect(memory.elfs[0].functions).toEqual([{ name: "f", start: PLACE + TEST_CODE, size: 0 }]);
  });

  it("passes hints on", () => {
    const pointers = [{ target: PLACE + TEST_CODE, mayBeReturnAddress: true }];
    const memory = fileMemory(makeTestElf({}), "a", PLACE + TEST_CODE, { profile: [1, 2], pointers, imports: ["f"] });
    expect([memory.profile, memory.pointers, [...memory.imports!]]).toEqual([[1, 2], pointers, ["f"]]);
  });

  it("points to where a lazily bound jump slot leads, though the file has the function itself", () => {
    const file = makeTestElf({
      data: [0x1016],
      defined: [{ name: "f", address: TEST_CODE }],
      jumpSlots: [{ at: TEST_DATA, type: 7, symbol: 1 }],
    });
    const memory = fileMemory(file, "a", PLACE + TEST_CODE, HINTS);
    expect(new DataView(memory.u8.buffer).getUint32(PLACE + TEST_DATA - GUEST_BIAS, true)).toBe(PLACE + TEST_CODE);
    expect(memory.pointers).toEqual([{ target: PLACE + 0x1016, mayBeReturnAddress: false }]);
  });

  it("leaves a program where it is linked, and refuses another place", () => {
    const file = makeTestElf({ type: ET_EXEC });
    expect(fileMemory(file, "a", 0x400000 + TEST_CODE, HINTS).elfs[0].entry).toBe(0x400000 + TEST_CODE);
    expect(() => fileMemory(file, "/bin/a", PLACE, HINTS)).toThrow(/\/bin\/a.*not for 0x500000/);
  });

  it("refuses what has no code", () => {
    const file = makeTestElf({});
    file[64 + 56 + 4] = 4; // flags of the second segment: read only
    expect(() => fileMemory(file, "/lib/data.so", PLACE, HINTS)).toThrow(/no executable segment/);
    expect(() => fileMemory(new Uint8Array(100), "/lib/zero", PLACE, HINTS)).toThrow(/not an ELF file/);
  });
});
