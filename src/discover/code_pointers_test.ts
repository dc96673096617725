import { expect, test } from "vitest";
import { GUEST_BIAS } from "../machine/state.ts";
import { CodeMap } from "./code_map.ts";
import { pointersInData } from "./code_pointers.ts";

test("pointers in data beyond 2 GiB are found", () => {
  const u8 = new Uint8Array(2 ** 31 + 65536), words = new Uint32Array(u8.buffer);
  const map = new CodeMap([{ start: 0x10000, end: 0x11000 }]);
  const places = [0x20000, 2 ** 31 - 8, 2 ** 31 + 4096].map((linear) => linear + GUEST_BIAS);
  for (const place of places) words[(place - GUEST_BIAS) / 4] = 0x10100;
  const found: [number, number][] = [];
  const ranges = places.map((place) => ({ start: place - 64, end: place + 64 }));
  pointersInData(u8, ranges, map, (target, place) => found.push([target, place]));
  expect(found).toEqual(places.map((place) => [0x10100, place]));
});
