/** What goldens of single instructions do not show: memory faults, exceptions that wait, the images of environment and state. */
import { describe, expect, it } from "vitest";
import { PlainGuestMemory } from "../machine/guest_memory.ts";
import { helperBodies } from "../machine/helpers/index.ts";
import { InterpreterMachine } from "../jit/interpreter_machine.ts";
import {
  GUEST_BIAS,
  RAX,
  STATE_FCW,
  STATE_FSW,
  STATE_FTW,
  STATE_GPR,
  STATE_RIP,
  STATE_X87,
  STOP_BREAKPOINT,
  STOP_FLOAT,
  STOP_SEGV,
} from "../machine/state.ts";

const PC = 0x20000, DATA = 0x21000, GUEST_END = 0x30000;
const FLD1 = [0xd9, 0xe8], FLDZ = [0xd9, 0xee], FLDPI = [0xd9, 0xeb], FDIVP = [0xde, 0xf9], FADD = [0xd8, 0xc1];
const FSTP_DOUBLE = [0xdd, 0x18], FSTP_WIDE = [0xdb, 0x38], FLDCW = [0xd9, 0x28]; // [rax]
const FNSTENV = [0xd9, 0x30], FLDENV = [0xd9, 0x20], FNSAVE = [0xdd, 0x30], FRSTOR = [0xdd, 0x20]; // [rax]
const FNCLEX = [0xdb, 0xe2], FNSTSW_AX = [0xdf, 0xe0], FINIT = [0x9b, 0xdb, 0xe3];
const FSW_ZE = 4, FSW_SUMMARY = 0x8080;

function machineWith(control: number, ...code: number[][]): InterpreterMachine {
  const memory = new PlainGuestMemory(GUEST_END);
  memory.u8.fill(0xcc, PC - GUEST_BIAS, PC - GUEST_BIAS + 64);
  memory.u8.set(code.flat(), PC - GUEST_BIAS);
  memory.i32[STATE_RIP >> 2] = PC;
  memory.i32[(STATE_GPR >> 2) + RAX * 2] = DATA;
  memory.i32[STATE_FCW >> 2] = control;
  return new InterpreterMachine(memory, helperBodies);
}

const word = ({ memory }: InterpreterMachine, offset: number) => memory.i32[offset >> 2];

describe("exceptions that are not masked", () => {
  it("wait for the next instruction that looks", () => {
    const machine = machineWith(0x37f & ~FSW_ZE, FLD1, FLDZ, FDIVP, FADD);
    expect(machine.run()).toBe(STOP_FLOAT);
    // The division is over, without a result; the addition has not begun.
    expect(word(machine, STATE_RIP)).toBe(PC + 6);
    expect(word(machine, STATE_FSW)).toBe(FSW_SUMMARY | FSW_ZE | 6 << 11);
    expect(word(machine, STATE_FTW)).toBe(0xc0);
  });

  it("do not stop what is called FN..., and are gone after FNCLEX", () => {
    const machine = machineWith(0x37f & ~FSW_ZE, FLD1, FLDZ, FDIVP, FNSTSW_AX, FNCLEX, FADD);
    expect(machine.run()).toBe(STOP_BREAKPOINT);
    expect(word(machine, STATE_GPR) & 0xffff).toBe(FSW_SUMMARY | FSW_ZE | 6 << 11);
    expect(word(machine, STATE_FSW) & 0xff).toBe(0);
  });

  it("wait too if they are unmasked after they were raised", () => {
    const machine = machineWith(0x37f, FLD1, FLDZ, FDIVP, FLDCW, FADD);
    machine.memory.view.setUint16(DATA - GUEST_BIAS, 0x37f & ~FSW_ZE, true);
    expect(machine.run()).toBe(STOP_FLOAT);
    expect(word(machine, STATE_RIP)).toBe(PC + 8);
  });

  it("stop FINIT, which begins with FWAIT", () => {
    expect(machineWith(0x37f & ~FSW_ZE, FLD1, FLDZ, FDIVP, FINIT).run()).toBe(STOP_FLOAT);
  });
});

describe("stores that fault", () => {
  for (const [name, code] of [["fstp m64", FSTP_DOUBLE], ["fstp m80", FSTP_WIDE]] as const) {
    it(`${name} leaves the stack as it was`, () => {
      const machine = machineWith(0x37f, FLDPI, code);
      machine.memory.i32[(STATE_GPR >> 2) + RAX * 2] = 0x1000;
      expect(machine.run()).toBe(STOP_SEGV);
      expect(word(machine, STATE_RIP)).toBe(PC + 2);
      expect([word(machine, STATE_FSW) >> 11 & 7, word(machine, STATE_FTW)]).toEqual([7, 0x80]);
    });
  }
});

describe("images", () => {
  it("FNSTENV writes the environment of the SDM and masks all exceptions", () => {
    const machine = machineWith(0x360, FLD1, FLDZ, FNSTENV);
    expect(machine.run()).toBe(STOP_BREAKPOINT);
    const at = DATA - GUEST_BIAS;
    const image = Array.from({ length: 7 }, (_, i) => machine.memory.view.getUint32(at + i * 4, true));
    // R7 is valid, R6 zero, the others empty.
    expect(image).toEqual([0xffff0360, 0xffff3000, 0xffff1fff, 0, 0, 0, 0xffff0000]);
    expect(word(machine, STATE_FCW)).toBe(0x37f);
  });

  it("FLDENV takes it back", () => {
    const machine = machineWith(0x360, FLD1, FLDZ, FNSTENV, FADD, FLDENV);
    expect(machine.run()).toBe(STOP_BREAKPOINT);
    expect([word(machine, STATE_FCW), word(machine, STATE_FSW), word(machine, STATE_FTW)]).toEqual([
      0x360,
      0x3000,
      0xc0,
    ]);
  });

  it("FNSAVE and FRSTOR keep registers, tags and TOP, and FNSAVE initialises", () => {
    const saved = machineWith(0x27f, FLDPI, FLDZ, FLD1, FNSAVE);
    expect(saved.run()).toBe(STOP_BREAKPOINT);
    expect([word(saved, STATE_FCW), word(saved, STATE_FSW), word(saved, STATE_FTW)]).toEqual([0x37f, 0, 0]);
    const restored = machineWith(0x37f, FRSTOR);
    restored.memory.u8.set(saved.memory.u8.subarray(DATA - GUEST_BIAS, DATA - GUEST_BIAS + 108), DATA - GUEST_BIAS);
    expect(restored.run()).toBe(STOP_BREAKPOINT);
    expect([word(restored, STATE_FCW), word(restored, STATE_FSW), word(restored, STATE_FTW)])
      .toEqual([0x27f, 5 << 11, 0xe0]);
    const registers = (m: InterpreterMachine) => m.memory.u8.slice(STATE_X87, STATE_X87 + 128);
    expect(registers(restored)).toEqual(registers(saved));
  });
});
