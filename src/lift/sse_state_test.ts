import { describe, expect, it } from "vitest";
import { PlainGuestMemory } from "../machine/guest_memory.ts";
import { InterpreterMachine } from "../jit/interpreter_machine.ts";
import {
  GUEST_BIAS,
  RAX,
  STATE_BYTES,
  STATE_FCW,
  STATE_FSW,
  STATE_FTW,
  STATE_GPR,
  STATE_MXCSR,
  STATE_RIP,
  STATE_X87,
  STATE_XMM,
  STOP_BREAKPOINT,
  STOP_PRIVILEGED,
} from "../machine/state.ts";

const PC = 0x20000, IMAGE = 0x21000;
const FXSAVE = [0x0f, 0xae, 0x00], FXRSTOR = [0x0f, 0xae, 0x08], LDMXCSR = [0x0f, 0xae, 0x10]; // [rax]

function machineWith(code: number[]): InterpreterMachine {
  const memory = new PlainGuestMemory(0x30000);
  memory.u8.fill(0xcc, PC - GUEST_BIAS, PC - GUEST_BIAS + 64);
  memory.u8.set(code, PC - GUEST_BIAS);
  memory.i32[STATE_RIP >> 2] = PC;
  memory.i32[(STATE_GPR >> 2) + RAX * 2] = IMAGE;
  return new InterpreterMachine(memory);
}

/** Distinct bytes in all vector and x87 registers, TOP 3. */
function fillRegisters({ memory }: InterpreterMachine): void {
  for (let i = 0; i < 256; i++) memory.u8[STATE_XMM + i] = i;
  for (let i = 0; i < 128; i++) memory.u8[STATE_X87 + i] = i + 100;
  memory.i32[STATE_FCW >> 2] = 0x37f;
  memory.i32[STATE_FSW >> 2] = 3 << 11;
  memory.i32[STATE_FTW >> 2] = 0xf8;
  memory.i32[STATE_MXCSR >> 2] = 0x1fa0;
}

describe("FXSAVE", () => {
  it("writes the image of the SDM: x87 registers in stack order, bytes beyond 464 untouched", () => {
    const machine = machineWith(FXSAVE);
    fillRegisters(machine);
    const { memory } = machine;
    memory.u8.fill(0xee, IMAGE - GUEST_BIAS, IMAGE - GUEST_BIAS + 512);
    expect(machine.run()).toBe(STOP_BREAKPOINT);
    const image = memory.u8.slice(IMAGE - GUEST_BIAS, IMAGE - GUEST_BIAS + 512);
    const view = new DataView(image.buffer);
    expect([view.getUint16(0, true), view.getUint16(2, true), view.getUint8(4)]).toEqual([0x37f, 3 << 11, 0xf8]);
    expect([view.getUint32(24, true), view.getUint32(28, true)]).toEqual([0x1fa0, 0xffff]);
    // ST0 is R3.
    expect(image.slice(32, 48)).toEqual(
      Uint8Array.from({ length: 16 }, (_, i) => (i < 10 ? memory.u8[STATE_X87 + 48 + i] : 0)),
    );
    expect(image.slice(160, 416)).toEqual(memory.u8.slice(STATE_XMM, STATE_XMM + 256));
    expect(image.slice(464).every((byte) => byte === 0xee)).toBe(true);
  });

  it("is undone by FXRSTOR", () => {
    const saving = machineWith(FXSAVE);
    fillRegisters(saving);
    saving.run();
    const restoring = machineWith(FXRSTOR);
    restoring.memory.u8.set(
      saving.memory.u8.subarray(IMAGE - GUEST_BIAS, IMAGE - GUEST_BIAS + 512),
      IMAGE - GUEST_BIAS,
    );
    expect(restoring.run()).toBe(STOP_BREAKPOINT);
    for (let i = 0; i < 8; i++) saving.memory.u8.fill(0, STATE_X87 + 16 * i + 10, STATE_X87 + 16 * i + 16);
    expect(restoring.memory.u8.slice(STATE_XMM, STATE_BYTES)).toEqual(saving.memory.u8.slice(STATE_XMM, STATE_BYTES));
    expect(restoring.memory.i32[STATE_MXCSR >> 2]).toBe(0x1fa0);
  });
});

describe("LDMXCSR", () => {
  it("raises #GP for reserved bits", () => {
    const machine = machineWith(LDMXCSR);
    machine.memory.view.setUint32(IMAGE - GUEST_BIAS, 0x10000, true);
    expect(machine.run()).toBe(STOP_PRIVILEGED);
    expect(machine.memory.i32[STATE_MXCSR >> 2]).toBe(0);
  });

  it("goes on after a change of rounding", () => {
    const machine = machineWith(LDMXCSR);
    machine.memory.view.setUint32(IMAGE - GUEST_BIAS, 0x7f80, true);
    expect(machine.run()).toBe(STOP_BREAKPOINT);
    expect(machine.memory.i32[STATE_RIP >> 2]).toBe(PC + 4);
  });
});
