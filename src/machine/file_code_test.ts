/**
 * Code made ahead of time for files. The module of a file gives MADE_AHEAD here, while memory holds code that gives IN_MEMORY:
 * the result tells which of them ran.
 */
import { describe, expect, test } from "vitest";
import { emptyBaseCode } from "../jit/base_code.ts";
import { JitCompiler } from "../jit/lazy_compiler.ts";
import { CODE, END, programOf, STACK_TOP } from "../translate/_program.ts";
import { translateProgram } from "../translate/translate.ts";
import { BodyPool } from "./body_pool.ts";
import { CodeLibrary, type FileCode, FIRST_SLOT } from "./code_cache.ts";
import { NO_CLIENT } from "./no_client.ts";
import {
  GUEST_BIAS,
  RAX,
  RDI,
  RSP,
  STATE_BYTES,
  STATE_GPR,
  STATE_RIP,
  STOP_BREAKPOINT,
  STOP_SYSCALL,
} from "./state.ts";
import { decodeResume } from "./resume_table.ts";
import { decodeTraps } from "./trap_codec.ts";
import { WasmMachine, type WasmShared } from "./wasm_machine.ts";

const PAGE = 0x1000;
const FILE = 11, OTHER_FILE = 12, LATER_FILE = 13;
const MADE_AHEAD = 1, OTHER_AHEAD = 2, LATER_AHEAD = 3, IN_MEMORY = 4;
/** Where FILE and OTHER_FILE have code, and where LATER_FILE has. */
const PLACE = { start: CODE, end: CODE + PAGE }, LATER_PLACE = { start: CODE + 4 * PAGE, end: CODE + 5 * PAGE };
/** Of the test itself: calls PLACE. */
const CALLER = CODE + 8 * PAGE;
const MAPPED = [{ start: CODE, end: END }];

const gives = (n: number) => [0xb8, n, 0, 0, 0, 0xc3];

function moduleOf(file: number, { start, end }: typeof PLACE, result: number, firstSlot: number): FileCode {
  const u8 = new Uint8Array(END - GUEST_BIAS);
  u8.set(gives(result), start - GUEST_BIAS);
  const entry = { ...programOf("main: c3").elfs[0], entry: start };
  const program = { u8, executable: [{ start, end }], readOnly: [], writable: [], elfs: [entry], profile: [] };
  const { name, wasm, entries, ...t } = translateProgram(program, { name: `file${file}`, firstSlot });
  const module = new WebAssembly.Module(wasm), resume = decodeResume(t.resume);
  return { name, module, entries, firstSlot, resume, ...decodeTraps(t.traps), file, start, end };
}

const CODES = [
  moduleOf(FILE, PLACE, MADE_AHEAD, FIRST_SLOT),
  moduleOf(OTHER_FILE, PLACE, OTHER_AHEAD, FIRST_SLOT + 1),
  moduleOf(LATER_FILE, LATER_PLACE, LATER_AHEAD, FIRST_SLOT + 2),
];

function shared(pool?: BodyPool): WasmShared {
  const find = (file: number, start: number, end: number) => ({
    code: CODES.find((code) => code.file === file && code.start === start && code.end === end),
  });
  const library = new CodeLibrary(emptyBaseCode(), CODES.length, find);
  return { library, compiler: new JitCompiler(), interpreter: null, ...(pool === undefined ? {} : { pool }) };
}

/** mov ebx, address; call rbx; int3 */
function writeCaller(m: WasmMachine, target: number): void {
  m.memory.u8.set([0xbb, 0, 0, 0, 0, 0xff, 0xd3, 0xcc], CALLER - GUEST_BIAS);
  m.memory.view.setUint32(CALLER + 1 - GUEST_BIAS, target, true);
}

function newMachine(parts = shared()): WasmMachine {
  const m = new WasmMachine(parts, END, "/program");
  fill(m);
  return m;
}

function fill(m: WasmMachine): void {
  m.memory.growTo(END);
  for (const { start } of [PLACE, LATER_PLACE]) m.memory.u8.set(gives(IN_MEMORY), start - GUEST_BIAS);
}

/** What the code at an address gives. */
function call(m: WasmMachine, target = PLACE.start): number {
  writeCaller(m, target);
  // The caller has changed.
  m.codeChanged(CALLER, CALLER + 8);
  return run(m);
}

function run(m: WasmMachine, from = CALLER): number {
  const words = m.memory.i32;
  words[STATE_RIP >> 2] = from;
  words[(STATE_GPR + 8 * RSP) >> 2] = STACK_TOP - 64;
  expect(m.run()).toBe(STOP_BREAKPOINT);
  return words[(STATE_GPR + 8 * RAX) >> 2];
}

/** Each of these holds before a machine has run for the first time, and after. */
describe.each([["before the first run", false], ["after it", true]])("what is mapped %s", (_when, hasRun) => {
  const machine = (parts?: WasmShared) => {
    const m = newMachine(parts);
    if (hasRun) expect(call(m, LATER_PLACE.start)).toBe(IN_MEMORY);
    return m;
  };

  test("a module is for its file, at its place, with its size", () => {
    const m = machine();
    m.codeMapped(FILE, PLACE.start, PLACE.end);
    expect(call(m)).toBe(MADE_AHEAD);
    const other = machine();
    other.codeMapped(OTHER_FILE, PLACE.start, PLACE.end);
    expect(call(other)).toBe(OTHER_AHEAD);
    const unknown = machine();
    unknown.codeMapped(99, PLACE.start, PLACE.end);
    expect(call(unknown)).toBe(IN_MEMORY);
    const longer = machine();
    longer.codeMapped(FILE, PLACE.start, PLACE.end + PAGE);
    expect(call(longer)).toBe(IN_MEMORY);
    const elsewhere = machine();
    elsewhere.codeMapped(FILE, LATER_PLACE.start, LATER_PLACE.end);
    expect([call(elsewhere), call(elsewhere, LATER_PLACE.start)]).toEqual([IN_MEMORY, IN_MEMORY]);
  });

  test("changed code is no longer the module's, until the file is mapped again", () => {
    const m = machine();
    m.codeMapped(FILE, PLACE.start, PLACE.end);
    m.codeChanged(PLACE.end - 1, PLACE.end + PAGE);
    expect(call(m)).toBe(IN_MEMORY);
    for (let i = 0; i < 3; i++) {
      m.codeMapped(FILE, PLACE.start, PLACE.end);
      expect(call(m)).toBe(MADE_AHEAD);
      m.codeChanged(PLACE.start, PLACE.end);
      expect(call(m)).toBe(IN_MEMORY);
      m.codeMapped(OTHER_FILE, PLACE.start, PLACE.end);
      expect(call(m)).toBe(OTHER_AHEAD);
      m.codeChanged(PLACE.start, PLACE.end);
    }
  });

  test("another file over it, with and without a module", () => {
    const m = machine();
    m.codeMapped(FILE, PLACE.start, PLACE.end);
    m.codeMapped(OTHER_FILE, PLACE.start, PLACE.end);
    expect(call(m)).toBe(OTHER_AHEAD);
    m.codeMapped(99, PLACE.start - PAGE, PLACE.start + 1);
    expect(call(m)).toBe(IN_MEMORY);
  });

  test("changes beside it do not matter", () => {
    const m = machine();
    m.codeMapped(FILE, PLACE.start, PLACE.end);
    m.codeChanged(PLACE.end, PLACE.end + PAGE);
    m.codeChanged(PLACE.start - PAGE, PLACE.start);
    expect(call(m)).toBe(MADE_AHEAD);
  });

  test("fork: the child has the parent's code, and its changes are its own", () => {
    const m = machine();
    m.codeMapped(FILE, PLACE.start, PLACE.end);
    const child = m.fork(MAPPED);
    child.codeMapped(LATER_FILE, LATER_PLACE.start, LATER_PLACE.end);
    expect([call(child), call(child, LATER_PLACE.start)]).toEqual([MADE_AHEAD, LATER_AHEAD]);
    child.codeChanged(PLACE.start, PLACE.end);
    const grandchild = child.fork(MAPPED);
    expect([call(child), call(grandchild), call(m)]).toEqual([IN_MEMORY, IN_MEMORY, MADE_AHEAD]);
    expect([call(grandchild, LATER_PLACE.start), call(m, LATER_PLACE.start)]).toEqual([LATER_AHEAD, IN_MEMORY]);
  });
});

describe("a system call of the code itself", () => {
  /** mov ebx, PLACE; call rbx; mov edi, eax; syscall; call rbx; int3 */
  const CODE_BYTES = [0xbb, 0, 0, 0, 0, 0xff, 0xd3, 0x0f, 0x05, 0xbb, 0, 0, 0, 0, 0xff, 0xd3, 0xcc];

  function runAround(m: WasmMachine, act: () => void): number {
    m.memory.u8.set(CODE_BYTES, CALLER - GUEST_BIAS);
    for (const at of [CALLER + 1, CALLER + 10]) m.memory.view.setUint32(at - GUEST_BIAS, PLACE.start, true);
    m.client = { ...NO_CLIENT, syscall: () => (act(), 0) };
    return run(m);
  }

  test("maps a file where code was compiled as it was reached", () => {
    const m = newMachine();
    expect(runAround(m, () => m.codeMapped(FILE, PLACE.start, PLACE.end))).toBe(MADE_AHEAD);
  });

  test("unmaps a file", () => {
    const m = newMachine();
    m.codeMapped(FILE, PLACE.start, PLACE.end);
    expect(runAround(m, () => m.codeChanged(PLACE.start, PLACE.end))).toBe(IN_MEMORY);
  });

  test("puts another file there", () => {
    const m = newMachine();
    m.codeMapped(FILE, PLACE.start, PLACE.end);
    const replace = () => {
      m.codeChanged(PLACE.start, PLACE.end);
      m.codeMapped(OTHER_FILE, PLACE.start, PLACE.end);
    };
    expect(runAround(m, replace)).toBe(OTHER_AHEAD);
  });
});

describe("a pooled body keeps modules only where nothing else is", () => {
  /** A machine whose pool has a body with the module of FILE in it. */
  function withUsedBody(): { parent: WasmMachine; pool: BodyPool } {
    const pool = new BodyPool(1 << 26);
    const parent = newMachine(shared(pool));
    expect(call(parent, LATER_PLACE.start)).toBe(IN_MEMORY);
    const child = parent.fork(MAPPED);
    child.codeMapped(FILE, PLACE.start, PLACE.end);
    expect(call(child)).toBe(MADE_AHEAD);
    child.dispose(MAPPED);
    expect(pool.bytes).toBeGreaterThan(0);
    return { parent, pool };
  }

  test("a child of a process that has other code there", () => {
    const { parent } = withUsedBody();
    expect(call(parent.fork(MAPPED))).toBe(IN_MEMORY);
  });

  test("a child of a process that has changed the file's code", () => {
    const { parent } = withUsedBody();
    parent.codeMapped(FILE, PLACE.start, PLACE.end);
    expect(call(parent)).toBe(MADE_AHEAD);
    parent.codeChanged(PLACE.start, PLACE.end);
    expect(call(parent.fork(MAPPED))).toBe(IN_MEMORY);
  });

  test("the same program started again, with other code there", () => {
    const { parent, pool } = withUsedBody();
    const again = parent.blank("/program");
    expect(pool.bytes).toBe(0);
    again.memory.growTo(END);
    fill(again);
    again.codeChanged(PLACE.start, PLACE.end);
    expect(call(again)).toBe(IN_MEMORY);
  });

  test("and is used as it is where the file is mapped again", () => {
    const { parent } = withUsedBody();
    const again = parent.blank("/program");
    fill(again);
    again.codeMapped(FILE, PLACE.start, PLACE.end);
    expect(call(again)).toBe(MADE_AHEAD);
    again.codeChanged(PLACE.start, PLACE.end);
    expect(call(again)).toBe(IN_MEMORY);
  });

  test("a module that is for another file there", () => {
    const { parent } = withUsedBody();
    const again = parent.blank("/program");
    fill(again);
    again.codeMapped(OTHER_FILE, PLACE.start, PLACE.end);
    expect(call(again)).toBe(OTHER_AHEAD);
  });
});

describe("a module that is not worth waiting for at first", () => {
  /**
   * pre: two loops; ret  f: xor eax, eax; test edi, edi; jz pre; loop: call s; dec edi; jnz loop; ret  s: inc eax; syscall; ret
   * h: int3, in the file at PLACE. Only what compiles code by itself takes pre for a function, so that the module has other numbers
   * for where f goes on.
   */
  const SOURCE = `pre: a: ff ce  75 fc  b: ff cb  75 fc  c3
    f: 31 c0  85 ff  0f 84 @pre  loop: e8 @s  ff cf  75 f7  c3   s: ff c0  0f 05  c3   h: cc`;
  const program = programOf(SOURCE, { entry: "f", data: ["h"] });
  const [PRE, F, S, H] = ["pre", "f", "s", "h"].map((label) => program.labels.get(label)!);

  /** A machine that compiles the file's code as it is reached, until that is waited for. */
  function patient() {
    const { name, wasm, entries, firstSlot, resume, traps } = translateProgram(program, { name: "late" });
    const module = new WebAssembly.Module(wasm), { start, end } = PLACE;
    const made = { name, module, entries, firstSlot, resume: decodeResume(resume), ...decodeTraps(traps) };
    const code: FileCode = { ...made, file: FILE, start, end };
    const later = {
      isDue: false,
      waits: 0,
      asked: [] as number[],
      isWorthWaiting: () => later.isDue,
      functionAt: (pc: number) => (later.asked.push(pc), null),
      wait: () => (later.waits++, code),
    };
    const library = new CodeLibrary(emptyBaseCode(), entries.length, () => ({ later }));
    const compiler = new JitCompiler({ isFunctionStart: (pc) => pc === PRE });
    const m = new WasmMachine({ library, compiler, interpreter: null }, END, "/program");
    m.memory.growTo(END);
    m.memory.u8.set(program.u8);
    m.codeMapped(FILE, start, end);
    return { m, later };
  }

  test("is not waited for before, and nothing that it has counts as missing; functions are asked for first", () => {
    const { m, later } = patient();
    m.client = { ...NO_CLIENT, syscall: () => 0 };
    m.memory.i32[(STATE_GPR + 8 * RDI) >> 2] = 3;
    expect(call(m, F)).toBe(3);
    expect([...m.misses.keys()].filter((pc) => pc >= PLACE.start && pc < PLACE.end)).toEqual([F]);
    expect([later.waits, later.asked.filter((pc) => pc === F || pc === S)]).toEqual([0, [F, S]]);
    later.isDue = true;
    run(m, H);
    expect(later.waits).toBe(1);
    expect(call(m, S)).toBe(4);
  });

  test("takes over a task that stopped in what was compiled", () => {
    const { m, later } = patient();
    let stops = 0;
    m.client = { ...NO_CLIENT, syscall: () => ++stops };
    m.memory.i32[(STATE_GPR + 8 * RDI) >> 2] = 3;
    writeCaller(m, F);
    const words = m.memory.i32;
    words[STATE_RIP >> 2] = CALLER;
    words[(STATE_GPR + 8 * RSP) >> 2] = STACK_TOP - 64;
    expect([m.run(), later.waits]).toEqual([STOP_SYSCALL, 0]);
    const registers = m.memory.u8.slice(0, STATE_BYTES);
    later.isDue = true;
    // Another task gets to what is not there.
    run(m, H);
    expect(later.waits).toBe(1);
    m.memory.u8.set(registers);
    expect([m.run(), m.run(), m.run(), stops]).toEqual([STOP_SYSCALL, STOP_SYSCALL, STOP_BREAKPOINT, 3]);
    expect(words[(STATE_GPR + 8 * RAX) >> 2]).toBe(3);
  });
});
