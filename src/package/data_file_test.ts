import { expect, it } from "vitest";
import { dataOfModule, decodeDataFile, encodeDataFile } from "./data_file.ts";

const blobs = new Map([["a", Uint8Array.of(1, 2, 3)], ["empty", new Uint8Array(0)], [
  "big",
  new Uint8Array(70_000).fill(7),
]]);

it("blobs come back as they were written", () => {
  expect(decodeDataFile(encodeDataFile(blobs))).toEqual(blobs);
});

it("the file is a valid wasm module with the blobs as custom sections", () => {
  const module = new WebAssembly.Module(encodeDataFile(blobs));
  expect(dataOfModule(module, ["a", "empty", "big", "missing"])).toEqual(blobs);
});

it("a file cut anywhere in its last blob is refused with its name", () => {
  const file = encodeDataFile(blobs);
  for (const length of [0, 7, 9, 12, 30, file.length - 1]) {
    expect(() => decodeDataFile(file.slice(0, length), "x.data.wasm")).toThrow(/^x\.data\.wasm/);
  }
});
