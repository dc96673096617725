import { expect, test } from "vitest";
import { ET_DYN } from "../elf/header.ts";
import { DATA, ENTRY, Harness, makeElf } from "../kernel/_harness.ts";
import { SYS_exit_group } from "../kernel/abi/syscall_numbers.ts";
import * as auxv from "../kernel/abi/auxv.ts";
import type { FakeCpu } from "../machine/_fake.ts";
import { RSP } from "../machine/state.ts";

/** What a program sees of its stack. */
function readStack(cpu: FakeCpu) {
  const text = (at: number) => {
    let s = "";
    for (let i = at; cpu.memory.u8[i - 0x10000] !== 0; i++) s += String.fromCharCode(cpu.memory.u8[i - 0x10000]);
    return s;
  };
  let at = cpu.get(RSP);
  const next = () => cpu.read64((at += 8) - 8);
  const argc = next();
  const argv: string[] = [], envp: string[] = [], aux = new Map<number, number>();
  for (let p = next(); p !== 0; p = next()) argv.push(text(p));
  for (let p = next(); p !== 0; p = next()) envp.push(text(p));
  for (let key = next(); key !== 0; key = next()) aux.set(key, next());
  return { argc, argv, envp, aux, text, rsp: cpu.get(RSP) };
}

function bootAndLook(h: Harness, path: string, entry: number, argv = [path], envp: string[] = []) {
  let seen: ReturnType<typeof readStack> | undefined;
  h.code.place(entry, [(cpu) => {
    seen = readStack(cpu);
    cpu.syscall(SYS_exit_group, 0);
  }]);
  h.startPath(path, argv, envp);
  expect(h.runToEnd()).toBe(0);
  return seen!;
}

test("a static program starts at its entry with argc, argv, envp and auxv on an aligned stack", () => {
  const h = new Harness();
  h.files.set("/bin/a", { bytes: makeElf() });
  const s = bootAndLook(h, "/bin/a", ENTRY, ["a", "bé"], ["X=1"]);
  expect(s.argc).toBe(2);
  expect(s.argv[0]).toBe("a");
  expect(s.envp).toEqual(["X=1"]);
  expect(s.rsp % 16).toBe(0);
  expect(s.aux.get(auxv.AT_ENTRY)).toBe(ENTRY);
  expect(s.aux.get(auxv.AT_PHDR)).toBe(0x400040);
  expect(s.aux.get(auxv.AT_PHNUM)).toBe(3);
  expect(s.aux.get(auxv.AT_BASE)).toBe(0);
  expect(s.text(s.aux.get(auxv.AT_EXECFN)!)).toBe("/bin/a");
  expect(s.text(s.aux.get(auxv.AT_PLATFORM)!)).toBe("x86_64");
});

test("segments land at their addresses, .bss is zero, the heap and the stack follow", () => {
  const h = new Harness();
  const p = h.start([]);
  const u8 = p.machine.memory.u8;
  expect(u8[ENTRY - 0x10000]).toBe(0xc3);
  expect(u8[DATA - 0x10000]).toBe(0xdd);
  expect(u8[DATA + 0xeff - 0x10000]).toBe(0xdd);
  expect(u8.subarray(DATA + 0xf00 - 0x10000, DATA + 0x3f00 - 0x10000).every((b) => b === 0)).toBe(true);
  expect(p.space.brkStart).toBe(0x406000);
  expect(p.space.stackTop).toBe(0x406000 + 4 * 1024 * 1024 + 8 * 1024 * 1024);
  expect(p.space.vmas.map((v) => v.prot)).toEqual([1, 5, 3, 3, 3]);
  expect(p.exe).toBe("/bin/test");
});

test("a position-independent program goes low", () => {
  const h = new Harness();
  h.files.set("/bin/pie", { bytes: makeElf({ type: ET_DYN }) });
  const s = bootAndLook(h, "/bin/pie", 0x21000);
  expect(s.aux.get(auxv.AT_ENTRY)).toBe(0x21000);
  expect(s.aux.get(auxv.AT_BASE)).toBe(0);
});

test("a dynamic program starts in its dynamic linker", () => {
  const h = new Harness();
  h.files.set("/bin/dyn", { bytes: makeElf({ type: ET_DYN, interpreter: "/lib/ld.so" }) });
  h.files.set("/lib/ld.so", { bytes: makeElf({ type: ET_DYN }) });
  const p = h.startPath("/bin/dyn");
  const base = p.space.vmas.find((v) => v.name === "/lib/ld.so")!.start;
  h.code.place(base + 0x1000, [(cpu) => {
    const s = readStack(cpu);
    expect(s.aux.get(auxv.AT_BASE)).toBe(base);
    expect(s.aux.get(auxv.AT_ENTRY)).toBe(0x21000);
    cpu.syscall(SYS_exit_group, 3);
  }]);
  expect(h.runToEnd()).toBe(3 << 8);
});

test("a script runs its interpreter with one argument, the script's path and the rest", () => {
  const h = new Harness();
  h.files.set("/bin/sh", { bytes: makeElf() });
  h.files.set("/run.sh", { bytes: new TextEncoder().encode("#! /bin/sh  -e -u \necho\n") });
  const s = bootAndLook(h, "/run.sh", ENTRY, ["run.sh", "x", "y"]);
  expect(s.argv).toEqual(["/bin/sh", "-e -u", "/run.sh", "x", "y"]);
  expect(h.process.exe).toBe("/bin/sh");
});

test("what is no x86-64 program is refused with a reason", () => {
  const cases: [string, (b: Uint8Array) => Uint8Array | void, RegExp][] = [
    ["32-bit", (b) => void (b[4] = 1), /32-bit/],
    ["arm64", (b) => void (b[18] = 183), /arm64/],
    ["truncated", (b) => b.slice(0, 0x1800), /truncated/],
    ["header only", (b) => b.slice(0, 40), /truncated/],
    ["overlap", (b) => void new DataView(b.buffer).setUint32(64 + 56 + 16, 0x400000, true), /overlap/],
    ["beyond 4 GiB", (b) => void new DataView(b.buffer).setUint32(64 + 112 + 20, 7, true), /4 GiB/],
    ["entry outside", (b) => void new DataView(b.buffer).setUint32(24, 0x100, true), /entry point/],
    ["too low", (b) => void new DataView(b.buffer).setUint32(64 + 16, 0, true), /linked at 0x0/],
  ];
  for (const [name, damage, message] of cases) {
    const h = new Harness();
    const bytes = makeElf();
    h.files.set("/bin/bad", { bytes: damage(bytes) ?? bytes });
    expect(() => h.startPath("/bin/bad"), name).toThrow(message);
  }
});

test("a missing program and a missing dynamic linker are named", () => {
  const h = new Harness();
  expect(() => h.startPath("/nowhere")).toThrow(/not in the image/);
  h.files.set("/bin/dyn", { bytes: makeElf({ type: ET_DYN, interpreter: "/lib/missing" }) });
  expect(() => h.startPath("/bin/dyn")).toThrow(/not in the image/);
});
