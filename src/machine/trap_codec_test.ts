import { expect, it } from "vitest";
import { decodeTraps, encodeTraps } from "./trap_codec.ts";
import { noTraps } from "./trap_table.ts";

it("trap tables survive encoding", () => {
  const table = {
    trapOffsets: Uint32Array.of(0, 1, 130, 131, 0x10000, 0xfffffff0),
    trapPcs: Uint32Array.of(0x400000, 0x400004, 0x3fffc0, 0x400040, 0xfffff000, 0x10),
    trapSites: Uint32Array.of(0, 0, 1, 2, 2, 1),
    sites: {
      starts: Uint32Array.of(0x400000, 0xfffffff0, 0x10),
      stale: Uint32Array.of(0xffffffff, 0, 0x80000001),
      staleHigh: Uint32Array.of(0, 0xffff, 0xfffffffe),
    },
  };
  expect(decodeTraps(encodeTraps(table))).toEqual(table);
  expect(decodeTraps(encodeTraps(noTraps()))).toEqual(noTraps());
});

it("a trap costs about three bytes, a site four or five", () => {
  const trapOffsets = Uint32Array.from({ length: 1000 }, (_, i) => 40 * i);
  const trapPcs = Uint32Array.from({ length: 1000 }, (_, i) => 0x400000 + 6 * i);
  const trapSites = Uint32Array.from({ length: 1000 }, (_, i) => i >> 1);
  const sites = {
    starts: Uint32Array.from({ length: 500 }, (_, i) => 0x400000 + 12 * i),
    stale: Uint32Array.from({ length: 500 }, (_, i) => i % 7 << 3),
    staleHigh: new Uint32Array(500),
  };
  expect(encodeTraps({ trapOffsets, trapPcs, trapSites, sites }).length).toBeLessThan(1000 * 3 + 500 * 4);
});
