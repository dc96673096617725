import { describe, expect, it } from "vitest";
import { makeTestElf, TEST_CODE } from "../elf/_testing.ts";
import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from "../kernel/abi/mman.ts";
import { BytesFile } from "../kernel/_harness.ts";
import { AddressSpace } from "../kernel/memory/address_space.ts";
import { Vma } from "../kernel/memory/vma.ts";
import { FakeMachine } from "../machine/_fake.ts";
import type { ProgramRecord } from "../machine/code_cache.ts";
import { GUEST_BIAS } from "../machine/state.ts";
import { directoryNode, fileNode, freeze } from "../rootfs/node.ts";
import { lookup } from "../rootfs/lookup.ts";
import { codeFiles } from "./code_files.ts";

const ATTRIBUTES = { mode: 0o755, uid: 0, gid: 0, mtime: 0, mtimeNs: 0 };
/** call next; nop: so that what follows may be a return address. */
const CODE = [0xe8, 0, 0, 0, 0, 0x90, 0xc3];
const HEAP = 0x30000, DATA = 0x32000, END = 0x40000;
const A = 0x100000, B = 0x200000, ELSEWHERE = 0x300000;

const root = directoryNode(ATTRIBUTES);
for (const [name, imports] of [["b.so", ["of_a"]], ["a.so", []]] as const) {
  root.children.set(name, { node: fileNode(ATTRIBUTES, makeTestElf({ code: CODE, imports })), layer: 0 });
}
const tree = freeze(root);
const a = lookup(tree, "/a.so")!, b = lookup(tree, "/b.so")!;

/** A space in which these files have their code at these addresses, and words are in its heap and in a file's data. */
function spaceWith(mapped: [file: number, start: number][], heap: number[] = [], data: number[] = []): AddressSpace {
  const space = new AddressSpace(new FakeMachine(undefined, END));
  for (const [file, start] of mapped) space.codeMapped(file, start + TEST_CODE, start + TEST_CODE + 0x1000);
  const own = new Vma(HEAP, HEAP + 0x1000, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE);
  const ofFile = new Vma(DATA, DATA + 0x1000, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  ofFile.file = new BytesFile(new Uint8Array(0));
  for (const vma of [own, ofFile]) space.insert(vma);
  const put = (start: number, words: number[]) =>
    words.forEach((word, i) => space.machine.memory.view.setUint32(start - GUEST_BIAS + i * 8, word, true));
  put(HEAP, heap);
  put(DATA, data);
  return space;
}

function record(misses: number[], files: [file: number, start: number][]): ProgramRecord {
  return {
    misses: new Map(misses.map((pc) => [pc, { count: 1, kind: "file not compiled" }])),
    resumed: new Map(),
    files: new Map(files.map(([file, start]) => [file, { start: start + TEST_CODE, end: start + TEST_CODE + 0x1000 }])),
  };
}

function found(...args: [AddressSpace[], ProgramRecord[], ProgramRecord[]]) {
  return codeFiles(tree, ...args).map(({ path, start, hints }) => ({
    path,
    start,
    profile: [...hints.profile],
    pointers: [...hints.pointers].map((p) => [p.target, p.mayBeReturnAddress]),
  }));
}

describe("codeFiles", () => {
  it("names what is mapped or was mapped in training, by path, and nothing else", () => {
    const live = spaceWith([[b, B]]);
    expect(found([live], [record([], [[a, A]])], []).map((f) => f.path)).toEqual(["/b.so"]);
    expect(found([live], [], [record([], [[a, A]])])).toMatchObject([
      { path: "/a.so", start: A + TEST_CODE },
      { path: "/b.so", start: B + TEST_CODE },
    ]);
  });

  it("gives each file the entries of runs in which it was at the same place", () => {
    const live = spaceWith([[a, A], [b, B]]);
    const inA = A + TEST_CODE + 5, inB = B + TEST_CODE + 6;
    const boot = [record([inB, inA, 0x999000], [[a, A], [b, B]]), record([A + TEST_CODE], [[a, ELSEWHERE]])];
    const training = [record([inA, A + TEST_CODE + 6], [[a, A]])];
    expect(found([live], boot, training).map((f) => f.profile)).toEqual([[inA, A + TEST_CODE + 6], [inB]]);
  });

  it("compiles a file that is in two places for the first, with what is known of that", () => {
    const pointer = (start: number) => start + TEST_CODE;
    const first = spaceWith([[a, A]], [pointer(A)]),
      second = spaceWith([[a, ELSEWHERE]], [pointer(ELSEWHERE), pointer(A)]);
    expect(found([first, second], [record([pointer(ELSEWHERE)], [[a, ELSEWHERE]])], [])).toEqual([
      { path: "/a.so", start: pointer(A), profile: [], pointers: [[pointer(A), true]] },
    ]);
  });

  it("takes code addresses from all writable memory; only what files bring is no return address", () => {
    const afterCall = A + TEST_CODE + 5, other = A + TEST_CODE + 6;
    const live = spaceWith([[a, A]], [afterCall, A - 8, A + TEST_CODE + 0x1000], [other, afterCall]);
    expect(found([live], [], [])[0].pointers).toEqual([[afterCall, true], [other, false]]);
  });

  it("tells what other files look up", () => {
    const [first, second] = codeFiles(tree, [spaceWith([[a, A], [b, B]])], [], []);
    expect([...first.hints.imports]).toEqual(["of_a"]);
    expect([...second.hints.imports]).toEqual(["of_a"]);
  });
});
