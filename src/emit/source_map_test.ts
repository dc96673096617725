import { expect, it } from "vitest";
import { decodeSourceMap, encodeSourceMap } from "./source_map.ts";

it("code lines survive as a source map", () => {
  const lines = { offsets: [0, 5, 900, 901, 70000, 0x3ffffff0], lines: [0, 17, -1, 3, 123456, 0] };
  expect(decodeSourceMap(encodeSourceMap(lines))).toEqual(lines);
  expect(decodeSourceMap(`{"mappings":""}`)).toEqual({ offsets: [], lines: [] });
});
