import { expect, it } from "vitest";
import { decodeTraps, encodeTraps } from "./trap_codec.ts";
import { NO_PARENT, noTraps } from "./trap_table.ts";

it("trap tables survive encoding", () => {
  const table = {
    trapOffsets: Uint32Array.of(0, 1, 130, 131, 0x10000, 0xfffffff0),
    trapPcs: Uint32Array.of(0x400000, 0x400004, 0x3fffc0, 0x400040, 0xfffff000, 0x10),
    trapSites: Uint32Array.of(0, 0, 1, 2, 2, 1),
    sites: Int32Array.from([
      [0x400000, -1, 0, 0, NO_PARENT, 0, 0],
      [-16, 0, 0xffff, -2048, 0, 16, -1],
      [16, -0x7fffffff, -2, 0, 0, 0, 0x100],
      [0x400040, 0, 0, 8, 2, 0, 0],
    ].flat()),
  };
  expect(decodeTraps(encodeTraps(table))).toEqual(table);
  expect(decodeTraps(encodeTraps(noTraps()))).toEqual(noTraps());
});

it("a trap costs about three bytes, a site about as many", () => {
  const trapOffsets = Uint32Array.from({ length: 1000 }, (_, i) => 40 * i);
  const trapPcs = Uint32Array.from({ length: 1000 }, (_, i) => 0x400000 + 6 * i);
  const trapSites = Uint32Array.from({ length: 1000 }, (_, i) => i >> 1);
  const sites = Array.from({ length: 500 }, (_, i) => [0x400000 + 12 * i, i % 7 << 3, 0, 0, i % 3 ? i - 1 : -1, 0, 0]);
  const table = { trapOffsets, trapPcs, trapSites, sites: Int32Array.from(sites.flat()) };
  expect(encodeTraps(table).length).toBeLessThan(1000 * 3 + 500 * 4);
});
