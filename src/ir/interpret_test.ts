import { describe, expect, it } from "vitest";
import { NO_CLIENT } from "../machine/no_client.ts";
import { PlainGuestMemory } from "../machine/guest_memory.ts";
import type { MachineClient } from "../machine/machine.ts";
import {
  GUEST_BIAS,
  STATE_FUEL,
  STATE_GPR,
  STATE_MXCSR,
  STATE_RIP,
  STATE_STOP_INFO,
  STATE_XMM,
  STOP_DIVIDE,
  STOP_SEGV,
  STOP_SYSCALL,
  STOP_UNDEFINED,
  STOP_YIELD,
} from "../machine/state.ts";
import { helperNumber } from "./helpers.ts";
import { interpretRegion, type RegionCpu, UNINTERPRETED } from "./interpret.ts";
import { parseFunction } from "./parse.ts";
import { verifyFunction } from "./verify.ts";

const END = 0x20000;

function cpuWith(client: Partial<MachineClient> = {}): RegionCpu {
  const memory = new PlainGuestMemory(END);
  memory.i32[STATE_FUEL >> 2] = 1000;
  return {
    memory,
    client: { ...NO_CLIENT, syscall: () => 0, ...client },
    helpers: [],
  };
}

/** Runs a region given as text; returns what interpretRegion returns. */
function run(cpu: RegionCpu, ...lines: string[]): number {
  const fn = parseFunction(["region 0x401000", ...lines].join("\n"));
  verifyFunction(fn);
  return interpretRegion(fn, cpu, 1000);
}

/** The entry block with these operations, then an exit. */
function runStraight(cpu: RegionCpu, ...lines: string[]): number {
  return run(cpu, "block0 0x401000:", "at 0x401003", ...lines, "exit 0x500000");
}

const rip = (cpu: RegionCpu) => cpu.memory.i32[STATE_RIP >> 2] >>> 0;
const rax = (cpu: RegionCpu) => cpu.memory.view.getBigUint64(STATE_GPR, true);

describe("the IR interpreter", () => {
  it("knows every operation", () => {
    expect(UNINTERPRETED).toEqual([]);
  });

  it("returns where to go on", () => {
    expect(runStraight(cpuWith())).toBe(0x500000);
    expect(run(cpuWith(), "block0:", "v0 = i32_const -4096", "return v0")).toBe(0xfffff000);
    expect(run(cpuWith(), "block0:", "call 0x402000 0x401005 block1", "block1:", "exit 0x1")).toBe(0x402000);
  });

  it("keeps variables in the state block and wraps 64-bit sums", () => {
    const cpu = cpuWith();
    cpu.memory.view.setBigUint64(STATE_GPR, 0xffffffffffffffffn, true);
    runStraight(cpu, "v0 = getvar rax", "v1 = i64_const 3", "v2 = i64_add v0 v1", "setvar rax v2");
    expect(rax(cpu)).toBe(2n);
  });

  it("takes branches and counts backward edges as fuel", () => {
    const loop = [
      "block0 0x401000:",
      "v0 = getvar rax",
      "v1 = i64_const 1",
      "v2 = i64_add v0 v1",
      "setvar rax v2",
      "v3 = i64_const 5000",
      "v4 = i64_lt_u v2 v3",
      "branch v4 block0 block1",
      "block1:",
      "exit 0x500000",
    ];
    expect(run(cpuWith(), ...loop)).toBe(0x500000);
    const cpu = cpuWith({ wantsYield: () => true });
    expect(run(cpu, ...loop)).toBe(-STOP_YIELD);
    expect(rax(cpu)).toBe(999n);
    expect(rip(cpu)).toBe(0x401000);
    expect(cpu.memory.i32[STATE_FUEL >> 2]).toBe(1000);
  });

  it("leaves a switch for a pc it does not know", () => {
    const text = (pc: string) => [
      "block0:",
      `v0 = i32_const ${pc}`,
      "switch v0 - 0x10:block1 0x20:block2",
      "block1:",
      "exit 0x1",
      "block2:",
      "exit 0x2",
    ];
    expect(run(cpuWith(), ...text("0x20"))).toBe(2);
    expect(run(cpuWith(), ...text("0x30"))).toBe(0x30);
  });

  it("faults on what is outside memory, naming instruction and address, and writes nothing of it", () => {
    const cpu = cpuWith();
    const last = END - GUEST_BIAS - 8;
    expect(runStraight(cpu, `v0 = i32_const ${last}`, "v1 = v128_const " + "ff".repeat(16), "v128_store v0 v1 0"))
      .toBe(-STOP_SEGV);
    expect(rip(cpu)).toBe(0x401003);
    expect(cpu.memory.i32[STATE_STOP_INFO >> 2]).toBe(END - 8);
    expect(cpu.memory.u8[last]).toBe(0);
    // A null dereference: guest address 0 is linear -65536.
    expect(runStraight(cpu, "v0 = i32_const -65536", "v1 = i32_load v0 8")).toBe(-STOP_SEGV);
    expect(cpu.memory.i32[STATE_STOP_INFO >> 2]).toBe(8);
  });

  it("makes divisions trap as #DE", () => {
    const cpu = cpuWith();
    expect(runStraight(cpu, "v0 = i32_const 0", "v1 = i32_div_u v0 v0")).toBe(-STOP_DIVIDE);
    expect(runStraight(cpu, "v0 = i64_const 0x8000000000000000", "v1 = i64_const -1", "v2 = i64_div_s v0 v1"))
      .toBe(-STOP_DIVIDE);
    expect(rip(cpu)).toBe(0x401003);
  });

  it("stops at trap_if and at trap ends", () => {
    expect(runStraight(cpuWith(), "v0 = i32_const 1", "trap_if v0 5")).toBe(-STOP_UNDEFINED);
    expect(runStraight(cpuWith(), "v0 = i32_const 0", "trap_if v0 5")).toBe(0x500000);
    const cpu = cpuWith();
    expect(run(cpu, "block0:", "trap 5 0x401007")).toBe(-STOP_UNDEFINED);
    expect(rip(cpu)).toBe(0x401007);
  });

  it("calls the kernel with rip behind the syscall, and leaves if it is told to", () => {
    const text = ["block0:", "syscall 0x401002 block1", "block1 0x401002:", "exit 0x500000"];
    const seen: number[] = [];
    const going: RegionCpu = cpuWith({ syscall: () => (seen.push(rip(going)), 0) });
    expect(run(going, ...text)).toBe(0x500000);
    expect(seen).toEqual([0x401002]);
    expect(run(cpuWith({ syscall: () => 1 }), ...text)).toBe(-STOP_SYSCALL);
  });

  it("calls helpers by number with missing arguments as 0", () => {
    const cpu = cpuWith();
    const helpers: RegionCpu["helpers"][number][] = [];
    helpers[helperNumber("cpuid")] = (_cpu, a, b) => a * 100 + b;
    cpu.helpers = helpers;
    runStraight(cpu, "v0 = i32_const 7", "v1 = helper cpuid v0", "v2 = i64_extend_i32_s v1", "setvar rax v2");
    expect(rax(cpu)).toBe(700n);
  });
});

describe("float arithmetic of the interpreter", () => {
  /** Bits of xmm0's low half after an operation on two f64 given by their bits. */
  function f64(operation: string, a: string, b: string, mxcsr = 0x1f80): string {
    const cpu = cpuWith();
    cpu.memory.i32[STATE_MXCSR >> 2] = mxcsr;
    runStraight(
      cpu,
      `v0 = i64_const 0x${a}`,
      `v1 = i64_const 0x${b}`,
      "v2 = f64_reinterpret_i64 v0",
      "v3 = f64_reinterpret_i64 v1",
      `v4 = ${operation} v2 v3`,
      "v5 = i64_reinterpret_f64 v4",
      "setvar rax v5",
    );
    return rax(cpu).toString(16).padStart(16, "0");
  }

  it("quiets the first operand's NaN, else the second's, else makes the negative default NaN", () => {
    expect(f64("f64_add", "7ff0000012345678", "fff8000000000001")).toBe("7ff8000012345678");
    expect(f64("f64_add", "3ff0000000000000", "fff0000000000001")).toBe("fff8000000000001");
    expect(f64("f64_sub", "7ff0000000000000", "7ff0000000000000")).toBe("fff8000000000000");
    expect(f64("f64_div", "0000000000000000", "0000000000000000")).toBe("fff8000000000000");
  });

  it("rounds as MXCSR says", () => {
    const third = (mxcsr: number) => f64("f64_div", "3ff0000000000000", "4008000000000000", mxcsr);
    expect(third(0x1f80)).toBe("3fd5555555555555");
    expect(third(0x3f80)).toBe("3fd5555555555555"); // down
    expect(third(0x5f80)).toBe("3fd5555555555556"); // up
    expect(f64("f64_sub", "3ff0000000000000", "3ff0000000000000", 0x3f80)).toBe("8000000000000000");
    expect(f64("f64_mul", "7fefffffffffffff", "4000000000000000", 0x7f80)).toBe("7fefffffffffffff"); // to zero
    expect(f64("f64_mul", "0000000000000001", "3fe0000000000000", 0x5f80)).toBe("0000000000000001");
  });

  it("takes pmin and pmax from the operand, NaN or not", () => {
    const cpu = cpuWith();
    runStraight(
      cpu,
      "v0 = v128_const 0000000000000080" + "010000000000f07f",
      "v1 = v128_const 0000000000000000" + "0000000000000000",
      "v2 = f64x2_pmin v0 v1",
      "setvar xmm0 v2",
    );
    expect(cpu.memory.view.getBigUint64(STATE_XMM, true)).toBe(0x8000000000000000n);
    expect(cpu.memory.view.getBigUint64(STATE_XMM + 8, true)).toBe(0x7ff0000000000001n);
  });
});
