import { expect, it } from "vitest";
import { decodeTraps, encodeTraps } from "./trap_codec.ts";

it("trap tables survive encoding", () => {
  const table = {
    trapOffsets: Uint32Array.of(0, 1, 130, 131, 0x10000, 0xfffffff0),
    trapPcs: Uint32Array.of(0x400000, 0x400004, 0x3fffc0, 0x400040, 0xfffff000, 0x10),
  };
  expect(decodeTraps(encodeTraps(table))).toEqual(table);
  const none = { trapOffsets: new Uint32Array(0), trapPcs: new Uint32Array(0) };
  expect(decodeTraps(encodeTraps(none))).toEqual(none);
});

it("a trap costs about two bytes", () => {
  const trapOffsets = Uint32Array.from({ length: 1000 }, (_, i) => 40 * i);
  const trapPcs = Uint32Array.from({ length: 1000 }, (_, i) => 0x400000 + 6 * i);
  expect(encodeTraps({ trapOffsets, trapPcs }).length).toBeLessThan(2020);
});
