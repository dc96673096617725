import { beforeEach, describe, expect, it } from "vitest";
import { makeTestElf, TEST_CODE } from "../elf/_testing.ts";
import { ET_EXEC } from "../elf/header.ts";
import { emptyBaseCode } from "../jit/base_code.ts";
import { CodeLibrary } from "../machine/code_cache.ts";
import { decodeResume } from "../machine/resume_table.ts";
import { GUEST_BIAS, RAX, RSP, STATE_GPR, STATE_RIP, STOP_BREAKPOINT } from "../machine/state.ts";
import { WasmMachine } from "../machine/wasm_machine.ts";
import type { Tree } from "../rootfs/tree.ts";
import { AheadCode } from "./ahead_code.ts";
import { fileMemory } from "./file_memory.ts";
import {
  type BegunFile,
  type FileTask,
  type FileTranslator,
  type KeptTranslation,
  translateFile,
} from "./file_task.ts";
import { hintsLeft } from "./known_code.ts";

const BASE = 0x500000, CODE = BASE + TEST_CODE, END = CODE + 0x1000, LONELY = TEST_CODE + 0x20;
// mov eax, 6; call next; next: pop rcx; inc eax; int3; and at LONELY a function that only f1 is.
const code = [0xb8, 6, 0, 0, 0, 0xe8, 0x01, 0, 0, 0, 0xcc, 0xff, 0xc0, 0xc3];
code.push(...new Array(LONELY - TEST_CODE - code.length).fill(0xcc), 0xc3);
/** A library of so many functions that only those are compiled that somebody looks up. */
const library = makeTestElf({
  code,
  soname: "a.so",
  defined: Array.from({ length: 70 }, (_, i) => ({ name: `f${i}`, address: i === 1 ? LONELY : TEST_CODE })),
});
const user = makeTestElf({ code: [0xc3], imports: ["f0", "elsewhere"], soname: "b.so" });
const program = makeTestElf({
  code: [0xc3],
  type: ET_EXEC,
  defined: [{ name: "main", address: 0x400000 + TEST_CODE }],
});
const LATE = makeTestElf({ code: [0xc3], imports: ["f1"], soname: "d.so" });
const FILES = [library, user, program, new Uint8Array(64), LATE];
const [LIBRARY, USER, PROGRAM, DAMAGED, LATE_USER] = FILES.keys();

const tree = { read: (file: number) => FILES[file] } as unknown as Tree;
let begun: FileTask[], others: [BegunFile | undefined, FileTask | undefined][], waits: number, clock: number;
/** What there is from another time: the translation of a task, and of what it is. */
let kept: (task: FileTask) => KeptTranslation | undefined;
const translator: FileTranslator = {
  kept: (task) => kept(task),
  begin(task, _isUrgent, done, first) {
    begun.push(task);
    others.push([done, first]);
    return {
      wait() {
        waits++;
        clock += 1000;
        return translateFile(task);
      },
    };
  },
};

const LIBRARY_TASK: FileTask = {
  bytes: library,
  path: "a",
  start: CODE,
  level: "x86-64-v2",
  profile: [],
  pointers: [],
  imports: [],
};

const memoryOfLibrary = () => fileMemory(library, "a", CODE, LIBRARY_TASK).u8;

let ahead: AheadCode, codes: CodeLibrary;
beforeEach(() => {
  begun = [];
  others = [];
  kept = () => undefined;
  waits = clock = 0;
  ahead = new AheadCode(tree, translator, "x86-64-v2", () => clock);
  codes = new CodeLibrary(emptyBaseCode(), 0, ahead.finder(() => codes));
});

describe("AheadCode", () => {
  const place = (n: number): [start: number, end: number] => {
    const start = 0x600000 + n * 0x10000 + TEST_CODE;
    return [start, start + 0x1000];
  };

  it("has a library translated when its code is needed, with what the files around it look up", () => {
    codes.find(LIBRARY, CODE, END);
    codes.find(USER, ...place(0));
    expect(begun.map((task) => task.bytes)).toEqual([user]);
    expect(ahead.runOf(LIBRARY, CODE)).toEqual([]);
    const later = codes.find(LIBRARY, CODE, END)!.later!, made = later.wait()!;
    expect(begun[1]).toMatchObject({ bytes: library, imports: ["f0"], profile: [], pointers: [] });
    expect(made).toMatchObject({ file: LIBRARY, start: CODE, end: END });
    expect([...Array.from(made.entries)]).toContain(CODE);
    expect([...Array.from(made.entries)]).not.toContain(BASE + LONELY);
    expect((codes.find(LIBRARY, CODE, END)!.later!).wait()).toBe(made);
    expect([waits, ahead.waited]).toEqual([1, 1000]);
    expect(ahead.runOf(USER, place(0)[0])).toEqual([]);
  });

  it("has a program translated as soon as it is mapped, with all that extensions may look up", () => {
    codes.find(PROGRAM, 0x400000 + TEST_CODE, 0x400000 + TEST_CODE + 0x1000);
    expect(begun).toMatchObject([{ bytes: program, imports: ["main"] }]);
    expect(waits).toBe(0);
  });

  /** A booting guest's view of the library, and the memory that it is in. */
  function boot() {
    const find = ahead.finder(() => codes, true), later = find(LIBRARY, CODE, END)!.later!;
    return { find, later, u8: memoryOfLibrary() };
  }
  it("gives a booting guest functions by themselves, and begins with its files when it has booted", () => {
    const { find, later, u8 } = boot();
    find(USER, ...place(0));
    expect(later.isWorthWaiting()).toBe(false);
    expect(later.functionAt(CODE, u8, codes)!.entries).toEqual([CODE]);
    expect(later.functionAt(CODE + 1, u8, codes)).toBeNull();
    expect([begun.length, waits]).toEqual([0, 0]);
    ahead.catchUp();
    expect(begun).toMatchObject([{ bytes: library, imports: ["f0"] }, { bytes: user }]);
    const [[done, first], [nothing]] = others;
    expect([done?.isOfTask, done?.made.map(({ region }) => region.entryPc), nothing]).toEqual([
      true,
      [CODE],
      undefined,
    ]);
    expect(first).toBe(begun[0]);
    // The next guest waits.
    const after = codes.find(LIBRARY, CODE, END)!.later!;
    expect([after.isWorthWaiting(), after.functionAt(CODE, u8, codes)]).toEqual([true, null]);
  });

  it("asks in the end for what was looked up meanwhile, too", () => {
    const { find, later, u8 } = boot();
    find(USER, ...place(0));
    later.functionAt(CODE, u8, codes);
    find(LATE_USER, ...place(1));
    ahead.catchUp();
    const at = begun.findIndex((task) => task.bytes === library), [done, first] = others[at];
    expect([begun[at].imports, first?.imports, done?.isOfTask]).toEqual([["f0", "f1"], ["f0"], false]);
    expect(ahead.begun(LIBRARY, CODE)?.task).toBe(begun[at]);
    expect(begun.length).toBe(3);
  });

  it("begins with the files of a guest that takes long", () => {
    const { later, u8 } = boot();
    later.functionAt(CODE, u8, codes);
    clock += 9000;
    later.functionAt(CODE, u8, codes);
    expect(begun).toEqual([]);
    clock += 2000;
    later.functionAt(CODE, u8, codes);
    expect(begun).toMatchObject([{ bytes: library }]);
  });

  it.each([true, false])("has a booting guest run what is kept; it is the file's in the end: %s", (isOfTask) => {
    const own = translateFile({ ...LIBRARY_TASK, imports: ["f0"] });
    kept = (task) => task.bytes === library ? { translation: own, isOfTask } : undefined;
    const { find, later } = boot();
    find(USER, ...place(0));
    expect(later.isWorthWaiting()).toBe(true);
    expect(Array.from(later.wait()!.entries)).toEqual(own.entries);
    expect(waits).toBe(0);
    ahead.catchUp();
    expect(begun.filter((task) => task.bytes === library)).toMatchObject(isOfTask ? [] : [{ imports: ["f0"] }]);
    expect(ahead.begun(LIBRARY, CODE)!.ticket!.wait().entries).toEqual(own.entries);
  });

  it("leaves what it cannot read, and what is too large, to be compiled when it is reached", () => {
    expect(codes.find(DAMAGED, CODE, END)).toBeUndefined();
    expect(codes.find(LIBRARY, CODE, CODE + (64 << 20))).toBeUndefined();
    expect(begun).toEqual([]);
  });

  it("lets machines run the code, which is waited for once", () => {
    const machine = new WasmMachine({ library: codes, compiler: null, interpreter: null });
    machine.memory.growTo(END);
    machine.memory.u8.set(memoryOfLibrary());
    machine.codeMapped(LIBRARY, CODE, END);
    const words = machine.memory.i32;
    words[STATE_RIP >> 2] = CODE;
    words[(STATE_GPR + 8 * RSP) >> 2] = BASE + 0x800;
    const child = machine.fork([{ start: BASE, end: END }]);
    for (const m of [machine, child]) {
      expect(m.run()).toBe(STOP_BREAKPOINT);
      expect(m.memory.i32[(STATE_GPR + 8 * RAX) >> 2]).toBe(7);
      expect(m.misses.size).toBe(0);
    }
    expect(waits).toBe(1);
    expect(machine.memory.u8[CODE - GUEST_BIAS]).toBe(0xb8);
    // What was run is noted, until the next guest.
    expect(ahead.runOf(LIBRARY, CODE)).toContain(CODE);
    ahead.finder(() => codes);
    expect([ahead.runOf(LIBRARY, CODE), ahead.runOf(DAMAGED, CODE)]).toEqual([[], undefined]);
  });
});

describe("hintsLeft", () => {
  const task: FileTask = { ...LIBRARY_TASK, imports: ["f0"] };
  const { entries, resume } = translateFile(task), table = decodeResume(resume), afterCall = CODE + 10;
  const none = { profile: [], pointers: [], imports: [] };
  const left = (hints: Partial<Parameters<typeof hintsLeft>[3]>) =>
    hintsLeft(task, entries, table, { ...none, ...hints });
  const nothing = { ...none, sideEntries: [] };

  it("knows entries, names of entries, and what is no code", () => {
    const pointers = [{ target: CODE, mayBeReturnAddress: false }, { target: CODE + 1, mayBeReturnAddress: false }];
    expect(left({ profile: [CODE, BASE, END + 5], pointers, imports: ["f0", "f2", "elsewhere"] })).toEqual(nothing);
  });

  it("makes entries of where regions go on", () => {
    expect([...table.pcs]).toContain(afterCall);
    const pointers = [{ target: afterCall, mayBeReturnAddress: true }];
    expect(left({ profile: [afterCall] })).toEqual({ ...nothing, sideEntries: [afterCall] });
    expect(left({ pointers })).toEqual({ ...nothing, sideEntries: [afterCall] });
  });

  it("leaves code that was not found", () => {
    const pointers = [{ target: BASE + LONELY, mayBeReturnAddress: false }];
    expect(left({ imports: ["f1"] })).toEqual({ ...nothing, imports: ["f1"] });
    expect(left({ pointers })).toEqual({ ...nothing, pointers });
    expect(left({ profile: [BASE + LONELY] })).toEqual({ ...nothing, profile: [BASE + LONELY] });
  });
});
