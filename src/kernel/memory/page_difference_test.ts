import { expect, test } from "vitest";
import { jitMachine } from "../../cli/engines.ts";
import { FakeMachine } from "../../machine/_fake.ts";
import type { Machine } from "../../machine/machine.ts";
import { COMPARE_BYTES, COMPARE_START, GUEST_BIAS } from "../../machine/state.ts";
import { lowerBytes } from "../fs/_lower_bytes.ts";
import { FILE_BLOCK_BYTES, FileContents } from "../fs/file_contents.ts";
import { nextDifference } from "./page_difference.ts";

const PAGE = 4096, START = 0x23000, PAGES = 40;

/** Pages (numbered from START) of the machine's memory that differ from the contents from page `offset` on. */
function differing(machine: Machine, contents: FileContents, offset: number, end = START + PAGES * PAGE): number[] {
  const found: number[] = [];
  for (let at = START; (at = nextDifference(machine, at, end, contents, offset * PAGE - START)) < end; at += PAGE) {
    found.push((at - START) / PAGE);
  }
  return found;
}

const machines: [string, () => Machine][] = [
  ["compiled", () => jitMachine(() => {})],
  ["plain", () => new FakeMachine()],
];

for (const [name, make] of machines) {
  test(`pages that differ from a file are found: blocks, holes, short blocks, bytes of the image (${name})`, () => {
    const image = new Uint8Array(3 * FILE_BLOCK_BYTES).fill(7);
    const contents = new FileContents(lowerBytes(image), image.length);
    const text = new TextEncoder().encode("changed");
    contents.write(text, 0, 7, FILE_BLOCK_BYTES + 100);
    contents.truncate(2 * FILE_BLOCK_BYTES + 5000);
    contents.size = 4 * FILE_BLOCK_BYTES;
    for (const offset of [0, 5, 15, 16]) {
      const machine = make(), { memory } = machine;
      memory.growTo(GUEST_BIAS + START + PAGES * PAGE);
      contents.read(memory.u8, START, PAGES * PAGE, offset * PAGE);
      expect(differing(machine, contents, offset)).toEqual([]);
      const changed = [0, 1, 7, 8, 20, 21, 33, 39];
      for (const page of changed) memory.u8[START + page * PAGE + (page * 997) % PAGE] ^= 1;
      expect(differing(machine, contents, offset)).toEqual(changed);
      // What a machine needed for it is cleared again.
      expect(memory.u8.subarray(COMPARE_START, COMPARE_START + COMPARE_BYTES).some((byte) => byte !== 0)).toBe(false);
    }
  });

  test(`a small file: what lies past its end is not looked at (${name})`, () => {
    const contents = new FileContents();
    contents.write(new TextEncoder().encode("small"), 0, 5, 0);
    const machine = make(), { memory } = machine;
    memory.growTo(GUEST_BIAS + START + PAGE);
    contents.read(memory.u8, START, 5, 0);
    memory.u8[START + 6] = 1;
    expect(differing(machine, contents, 0, START + 5)).toEqual([]);
    memory.u8[START + 4] = 1;
    expect(differing(machine, contents, 0, START + 5)).toEqual([0]);
  });
}
