import { describe, expect, test } from "vitest";
import { makeTestElf, TEST_CODE, type TestElf } from "../../elf/_testing.ts";
import { ET_EXEC } from "../../elf/header.ts";
import { loadProgram } from "../../loader/load.ts";
import { FakeHost } from "../../host/fake.ts";
import { FakeMachine } from "../../machine/_fake.ts";
import { GUEST_BIAS } from "../../machine/state.ts";
import { saveGraph } from "../../snapshot/graph.ts";
import { restoreGraph } from "../../snapshot/saved_graph.ts";
import { kernelClasses } from "../../snapshot/kernel_classes.ts";
import { BytesFile, Harness } from "../_harness.ts";
import { ENOENT } from "../abi/errno.ts";
import * as mman from "../abi/mman.ts";
import type { Kernel } from "../kernel.ts";
import { AddressSpace } from "./address_space.ts";
import { CodePlaces } from "./code_places.ts";
import { LOWEST_MAPPING } from "./layout.ts";
import { discard, map, type MapRequest, remap, unmap } from "./mmap.ts";

const PAGE = 0x1000, SPAN = 5 * PAGE;
const RX = mman.PROT_READ | mman.PROT_EXEC, RW = mman.PROT_READ | mman.PROT_WRITE;
const ANONYMOUS = mman.MAP_PRIVATE | mman.MAP_ANONYMOUS;

/** A file of the image, until it is changed. */
class LibraryFile extends BytesFile {
  static override readonly savedFields: readonly string[] = [...BytesFile.savedFields, "inode"];
  constructor(public inode: number, parts: TestElf = {}) {
    super(makeTestElf({ code: Array.from({ length: 2 * PAGE }, () => 0x90), ...parts }), `/lib/${inode}.so`);
    this.refs = 1;
  }
  override imageFile(): number {
    return this.inode;
  }
}

/** Keeps what it is told of code. */
class RecordingMachine extends FakeMachine {
  told: string[] = [];
  codeMapped(file: number, start: number, end: number): void {
    this.told.push(`file ${file} at ${hex(start)}-${hex(end)}`);
  }
  override codeChanged(start: number, end: number): void {
    this.told.push(`changed ${hex(start)}-${hex(end)}`);
  }
}

const hex = (n: number) => n.toString(16);

function setUp() {
  const h = new Harness();
  h.start([() => 0]);
  const k = h.kernel;
  const newSpace = () => {
    const space = new AddressSpace(new RecordingMachine(h.code, 0x40000));
    return Object.assign(space, { mmapStart: LOWEST_MAPPING });
  };
  return { h, k, newSpace };
}

function mapped(k: Kernel, space: AddressSpace, request: Partial<MapRequest>): number {
  const flags = request.file === null || request.file === undefined ? ANONYMOUS : mman.MAP_PRIVATE;
  return map(k, space, { address: 0, length: PAGE, prot: RW, flags, file: null, fileOffset: 0, name: "", ...request });
}

/** All of the room first, then the code over it: as ld.so does. Gives where it begins. */
function load(k: Kernel, space: AddressSpace, file: LibraryFile): number {
  const start = mapped(k, space, { file, length: SPAN, prot: mman.PROT_READ });
  mapped(k, space, {
    file,
    address: start + TEST_CODE,
    length: 2 * PAGE,
    prot: RX,
    flags: mman.MAP_PRIVATE | mman.MAP_FIXED,
    fileOffset: TEST_CODE,
  });
  return start;
}

const told = (space: AddressSpace) => (space.machine as RecordingMachine).told;
const filesOf = (space: AddressSpace) =>
  [...space.codeFiles].map(([file, { start, end }]) => `file ${file} at ${hex(start)}-${hex(end)}`);
const at = (file: number, start: number) =>
  `file ${file} at ${hex(start + TEST_CODE)}-${hex(start + TEST_CODE + 2 * PAGE)}`;

describe("the place of a file", () => {
  test("is the same in every process, whatever else is mapped and in whatever order", () => {
    const { k, newSpace } = setUp();
    const first = newSpace(), second = newSpace();
    const one = new LibraryFile(1), two = new LibraryFile(2);
    mapped(k, first, { length: 3 * PAGE });
    const places = [load(k, first, one), load(k, first, two)];
    expect(places[1]).toBeGreaterThan(places[0]);
    expect([load(k, second, two), load(k, second, one)]).toEqual([places[1], places[0]]);
    expect(filesOf(second)).toEqual([at(2, places[1]), at(1, places[0])]);
  });

  test("is nobody else's, mapped or not", () => {
    const { k, newSpace } = setUp();
    const first = newSpace(), second = newSpace();
    const one = new LibraryFile(1);
    const place = load(k, first, one);
    unmap(k, first, place, place + SPAN);
    for (const space of [first, second]) {
      for (let i = 0; i < 40; i++) {
        const start = mapped(k, space, { length: PAGE * (1 + i % 3) });
        expect(start >= place + SPAN || start + PAGE * (1 + i % 3) <= place, hex(start)).toBe(true);
      }
      expect(load(k, space, one)).toBe(place);
    }
  });

  test("stays a library's where a larger program comes later: that gets a place of its own", () => {
    const { k, newSpace } = setUp();
    const small = newSpace(), library = new LibraryFile(1), program = new LibraryFile(7);
    const place = LOWEST_MAPPING + PAGE;
    k.codePlaces.add(1, place, place + SPAN);
    expect(load(k, small, library)).toBe(place);
    const run = () => {
      const space = newSpace();
      const file = { description: program, path: "/bin/large", size: program.bytes.length };
      const loaded = loadProgram(k, space, file, 16 * PAGE, () => -ENOENT);
      if (typeof loaded === "number") throw new Error(`loadProgram gives ${loaded}`);
      return { space, base: loaded.base };
    };
    const { space, base } = run();
    expect(base).toBeGreaterThanOrEqual(place + SPAN);
    expect(load(k, space, library)).toBe(place);
    // What comes between does not take it away.
    load(k, small, new LibraryFile(2));
    expect(run().base).toBe(base);
  });

  test("is behind the programs that went low", () => {
    const { k, newSpace } = setUp();
    const program = new LibraryFile(7), space = newSpace();
    const file = { description: program, path: "/bin/first", size: program.bytes.length };
    expect(loadProgram(k, space, file, 16 * PAGE, () => -ENOENT)).toMatchObject({ base: LOWEST_MAPPING });
    const end = Math.max(...space.vmas.filter((v) => v.name === file.path).map((v) => v.end));
    expect(load(k, newSpace(), new LibraryFile(1))).toBeGreaterThanOrEqual(end);
    expect(loadProgram(k, newSpace(), file, 16 * PAGE, () => -ENOENT)).toMatchObject({ base: LOWEST_MAPPING });
  });

  test("is none where a program that went low maps its own file: it goes low again", () => {
    const { k, newSpace } = setUp();
    const program = new LibraryFile(7);
    const file = { description: program, path: "/bin/itself", size: program.bytes.length };
    for (let round = 0; round < 2; round++) {
      const space = newSpace();
      expect(loadProgram(k, space, file, 16 * PAGE, () => -ENOENT)).toMatchObject({ base: LOWEST_MAPPING });
      expect(mapped(k, space, { file: program, length: SPAN, prot: mman.PROT_READ })).toBeGreaterThan(LOWEST_MAPPING);
    }
    expect(k.codePlaces.all()).toEqual([]);
  });

  test("is a dynamic linker's even after it was run by itself", () => {
    const { k, newSpace } = setUp();
    const linker = new LibraryFile(1), program = new LibraryFile(7, { interpreter: "/lib/1.so" });
    const asFile = (description: LibraryFile, path: string) => ({ description, path, size: description.bytes.length });
    loadProgram(k, newSpace(), asFile(linker, "/lib/1.so"), 16 * PAGE, () => -ENOENT);
    const bases = Array.from({ length: 2 }, (_, i) => {
      const space = newSpace();
      if (i === 1) mapped(k, space, { length: 3 * PAGE });
      const loaded = loadProgram(k, space, asFile(program, "/bin/p"), 16 * PAGE, () => asFile(linker, "/lib/1.so"));
      if (typeof loaded === "number") throw new Error(`loadProgram gives ${loaded}`);
      return loaded.interpreterBase;
    });
    expect(k.codePlaces.all().map(({ file, start }) => [file, start])).toEqual([[1, bases[0]]]);
    expect(bases[1]).toBe(bases[0]);
  });

  test("is not for who only hints at it, nor for who grows and may move", () => {
    const { k, newSpace } = setUp();
    const first = newSpace(), space = newSpace();
    const one = new LibraryFile(1);
    mapped(k, first, { length: 4 * PAGE });
    const place = load(k, first, one);
    space.reach(place + SPAN);
    expect(mapped(k, space, { address: place + PAGE })).not.toBe(place + PAGE);
    const below = place - PAGE;
    expect(mapped(k, space, { address: below, flags: ANONYMOUS | mman.MAP_FIXED })).toBe(below);
    const moved = remap(k, space, below, PAGE, 2 * PAGE, mman.MREMAP_MAYMOVE, 0);
    expect(moved >= place + SPAN || moved + 2 * PAGE <= place, hex(moved)).toBe(true);
    // The file itself may have what it wishes for, and who cannot move may grow.
    expect(mapped(k, space, { file: one, address: place + PAGE })).toBe(place + PAGE);
    unmap(k, space, place + PAGE, place + 2 * PAGE);
    expect(mapped(k, space, { address: below, flags: ANONYMOUS | mman.MAP_FIXED })).toBe(below);
    expect(remap(k, space, below, PAGE, 2 * PAGE, 0, 0)).toBe(below);
  });

  test("is left to who insists on it; the file then goes elsewhere in that process only", () => {
    const { k, newSpace } = setUp();
    const first = newSpace(), second = newSpace(), third = newSpace();
    const one = new LibraryFile(1);
    const place = load(k, first, one);
    mapped(k, second, { address: place + PAGE, flags: ANONYMOUS | mman.MAP_FIXED });
    const other = load(k, second, one);
    expect(other).not.toBe(place);
    expect(filesOf(second)).toEqual([at(1, other)]);
    expect(load(k, third, one)).toBe(place);
  });

  test("that is too small is passed over", () => {
    const { k, newSpace } = setUp();
    const one = new LibraryFile(1);
    const place = load(k, newSpace(), one), space = newSpace();
    const larger = mapped(k, space, { file: one, length: SPAN + PAGE, prot: mman.PROT_READ });
    expect(larger).toBeGreaterThanOrEqual(place + SPAN);
  });

  test("is for ELF files of the image that are mapped privately, from their beginning", () => {
    const { k, newSpace } = setUp();
    const data = Object.assign(new LibraryFile(4), { bytes: new Uint8Array(PAGE) });
    const requests: Partial<MapRequest>[] = [
      { file: new LibraryFile(0) },
      { file: new LibraryFile(2), fileOffset: PAGE },
      { file: data },
    ];
    for (const request of requests) mapped(k, newSpace(), request);
    expect(k.codePlaces.all()).toEqual([]);
    load(k, newSpace(), new LibraryFile(1));
    expect(k.codePlaces.all().map((p) => p.file)).toEqual([1]);
  });

  test("places do not overlap, and the first stays", () => {
    const places = new CodePlaces();
    places.add(1, 0x10000, 0x20000);
    places.add(2, 0x1f000, 0x30000);
    places.add(1, 0x40000, 0x50000);
    places.add(3, 0x20000, 0x30000);
    expect(places.all().map((p) => p.file)).toEqual([1, 3]);
    expect(places.overlapping(0x1ffff, 0x20001)).toMatchObject({ file: 1 });
    expect(places.overlapping(0x30000, 0x40000)).toBeUndefined();
  });
});

describe("code made ahead fits", () => {
  const fixed = mman.MAP_PRIVATE | mman.MAP_FIXED;
  const PLACE = 0x100000;

  /** What a machine is told of one mapping. */
  function toldOf(request: Partial<MapRequest>): string[] {
    const { k, newSpace } = setUp();
    const space = newSpace();
    expect(
      mapped(k, space, { prot: RX, flags: fixed, address: PLACE, length: 2 * PAGE, fileOffset: TEST_CODE, ...request }),
    )
      .toBe(request.address ?? PLACE);
    const all = told(space);
    expect(filesOf(space)).toEqual(all.filter((line) => line.startsWith("file")));
    return all;
  }
  const changed = (start: number, end: number) => `changed ${hex(start)}-${hex(end)}`;

  test("all of the executable segment, and that only", () => {
    const file = new LibraryFile(1);
    expect(toldOf({ file })).toEqual([`file 1 at ${hex(PLACE)}-${hex(PLACE + 2 * PAGE)}`]);
    expect(toldOf({ file, length: 3 * PAGE })).toEqual([
      changed(PLACE + 2 * PAGE, PLACE + 3 * PAGE),
      `file 1 at ${hex(PLACE)}-${hex(PLACE + 2 * PAGE)}`,
    ]);
  });

  test.each<[string, Partial<MapRequest>]>([
    ["a part of it", { file: new LibraryFile(1), length: PAGE }],
    ["a later part of it", { file: new LibraryFile(1), fileOffset: TEST_CODE + PAGE }],
    ["the file from its beginning", { file: new LibraryFile(1), fileOffset: 0 }],
    ["its data", { file: new LibraryFile(1), fileOffset: TEST_CODE + 2 * PAGE }],
    ["a shared mapping", { file: new LibraryFile(1), flags: mman.MAP_SHARED | mman.MAP_FIXED }],
    ["a file that was changed", { file: new LibraryFile(0) }],
    ["a program linked for another address", { file: new LibraryFile(1, { type: ET_EXEC }) }],
    ["a file that is not ELF", {
      file: Object.assign(new LibraryFile(1), { bytes: new Uint8Array(4 * PAGE).fill(0xc3) }),
    }],
    ["a damaged ELF file", { file: Object.assign(new LibraryFile(1), { bytes: makeTestElf({}).subarray(0, 70) }) }],
    ["a file that was cut off", {
      file: Object.assign(new LibraryFile(1), { bytes: new LibraryFile(1).bytes.subarray(0, 0x3ff0) }),
    }],
    ["anonymous memory", { file: null, flags: ANONYMOUS | mman.MAP_FIXED, fileOffset: 0 }],
  ])("not %s", (_what, request) => {
    const length = request.length ?? 2 * PAGE;
    expect(toldOf(request)).toEqual([changed(PLACE, PLACE + length)]);
  });

  test("a program at the address that it is linked for", () => {
    const address = 0x400000 + TEST_CODE;
    expect(toldOf({ file: new LibraryFile(1, { type: ET_EXEC }), address })).toEqual([
      `file 1 at ${hex(address)}-${hex(address + 2 * PAGE)}`,
    ]);
  });
});

describe("what ends it", () => {
  function loaded() {
    const { h, k, newSpace } = setUp();
    const space = newSpace();
    const file = new LibraryFile(1), start = load(k, space, file);
    const code = start + TEST_CODE;
    expect(filesOf(space)).toEqual([at(1, start)]);
    (space.machine as RecordingMachine).told = [];
    return { h, k, space, file, start, code, newSpace };
  }

  test.each<[string, (x: ReturnType<typeof loaded>) => void]>([
    ["munmap of all", ({ k, space, start }) => unmap(k, space, start, start + SPAN)],
    ["munmap of a page of it", ({ k, space, code }) => unmap(k, space, code + PAGE, code + 2 * PAGE)],
    ["another mapping over a page", ({ k, space, code }) => {
      mapped(k, space, { address: code + PAGE, flags: ANONYMOUS | mman.MAP_FIXED });
    }],
    ["mprotect that makes a page writable", ({ space, code }) => void space.protect(code, code + PAGE, RX | RW)],
    ["mprotect that makes a page data", ({ space, code }) => void space.protect(code, code + PAGE, RW)],
    ["mremap of it", ({ k, space, code }) => {
      const flags = mman.MREMAP_MAYMOVE | mman.MREMAP_FIXED;
      expect(remap(k, space, code, 2 * PAGE, 2 * PAGE, flags, 0x200000)).toBe(0x200000);
    }],
    ["MADV_DONTNEED of it", ({ k, space, code }) => discard(k, space, code, code + PAGE)],
  ])("%s", (_what, act) => {
    const x = loaded();
    act(x);
    expect(filesOf(x.space)).toEqual([]);
    expect(told(x.space).some((line) => line.startsWith("changed"))).toBe(true);
    expect(told(x.space).filter((line) => line.startsWith("file"))).toEqual([]);
  });

  test("not what happens beside it", () => {
    const { k, space, start, code } = loaded();
    unmap(k, space, start, code);
    space.protect(code + 2 * PAGE, start + SPAN, RW);
    mapped(k, space, { address: code + 2 * PAGE, flags: ANONYMOUS | mman.MAP_FIXED });
    expect(filesOf(space)).toEqual([at(1, start)]);
  });

  test("the file mapped again in its place fits again", () => {
    const { k, space, file, start } = loaded();
    unmap(k, space, start, start + SPAN);
    expect(load(k, space, file)).toBe(start);
    expect(filesOf(space)).toEqual([at(1, start)]);
    expect(told(space).at(-1)).toBe(at(1, start));
  });

  test("a second mapping of the file is any code, until the first has gone", () => {
    const { k, space, file, start } = loaded();
    const second = load(k, space, file);
    expect(second).not.toBe(start);
    expect(filesOf(space)).toEqual([at(1, start)]);
    expect(told(space)).toEqual([`changed ${hex(second + TEST_CODE)}-${hex(second + TEST_CODE + 2 * PAGE)}`]);
    unmap(k, space, second, second + SPAN);
    expect(filesOf(space)).toEqual([at(1, start)]);
    unmap(k, space, start, start + SPAN);
    expect(load(k, space, file)).toBe(start);
    expect(filesOf(space)).toEqual([at(1, start)]);
  });

  test("grown executable memory may have code that was not there before", () => {
    const { k, space, file } = loaded();
    const PLACE = 0x300000;
    mapped(k, space, {
      file,
      address: PLACE,
      prot: RX,
      flags: mman.MAP_PRIVATE | mman.MAP_FIXED,
      fileOffset: TEST_CODE,
    });
    (space.machine as RecordingMachine).told = [];
    expect(remap(k, space, PLACE, PAGE, 2 * PAGE, 0, 0)).toBe(PLACE);
    expect(told(space)).toEqual([`changed ${hex(PLACE + PAGE)}-${hex(PLACE + 2 * PAGE)}`]);
  });

  test("fork copies what fits, and each side goes its way", () => {
    const { k, space, start } = loaded();
    const child = space.fork(k);
    expect(filesOf(child)).toEqual([at(1, start)]);
    child.protect(start + TEST_CODE, start + TEST_CODE + PAGE, RW);
    expect([filesOf(child), filesOf(space)]).toEqual([[], [at(1, start)]]);
  });
});

test("a snapshot keeps places and what fits; a restored machine is told of both", () => {
  const { h, k } = setUp();
  const { space } = h.process;
  const one = new LibraryFile(1), two = new LibraryFile(2), three = new LibraryFile(3);
  const places = [one, two, three].map((file) => load(k, space, file));
  // One whose code has changed, and one that is gone: its place stays.
  space.protect(places[1] + TEST_CODE, places[1] + TEST_CODE + PAGE, RX | RW);
  unmap(k, space, places[2], places[2] + SPAN);

  const registry = kernelClasses();
  registry.add("LibraryFile", LibraryFile);
  registry.add("BytesFile", BytesFile);
  registry.addExternal("vfs", k.vfs);
  registry.addExternal("fs", h.process.fs);
  const restored = restoreGraph(saveGraph(k, registry), registry) as Kernel;
  restored.attach(new FakeHost(5), k.syscalls);
  expect(restored.codePlaces.all()).toEqual(k.codePlaces.all());
  const machine = new RecordingMachine(h.code, h.process.machine.memory.guestEnd);
  machine.memory.u8.set(h.process.machine.memory.u8.subarray(0, machine.memory.u8.length));
  machine.memory.growTo(h.process.machine.memory.guestEnd + GUEST_BIAS);
  const again = restored.processes.get(1)!.space;
  again.attachLater(machine.memory.guestEnd, () => machine);
  expect(again.machine).toBe(machine);
  expect(filesOf(again)).toEqual(filesOf(space));
  expect(machine.told).toContain(at(1, places[0]));
  expect(machine.told.filter((line) => line.startsWith("file 2"))).toEqual([]);
  // What is executable and fits nothing is told first: a machine may have known code for it.
  expect(machine.told.some((line) => line.startsWith(`changed ${hex(places[1] + TEST_CODE)}`))).toBe(true);
  const isChange = (line: string) => line.startsWith("changed");
  expect(machine.told.findLastIndex(isChange)).toBeLessThan(machine.told.indexOf(at(1, places[0])));
  // A library that was gone comes back to its place.
  expect(load(restored, again, new LibraryFile(3))).toBe(places[2]);
});
