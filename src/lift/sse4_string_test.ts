/** String comparisons of which the lifter knows something: lengths, or that the operands are one. The others: tests/cpu_test.ts. */
import { describe, expect, it } from "vitest";
import { discoverRegion } from "../discover/discover.ts";
import { printFunction } from "../ir/print.ts";
import { verifyFunction } from "../ir/verify.ts";
import { InterpreterMachine } from "../jit/interpreter_machine.ts";
import { PlainGuestMemory } from "../machine/guest_memory.ts";
import { GUEST_BIAS, STATE_BYTES, STATE_RIP, STATE_XMM, STOP_BREAKPOINT } from "../machine/state.ts";
import { liftRegion } from "./lift.ts";

const PC = 0x20000;
const MOV_EAX = [0xb8], MOV_EDX = [0xba], MOV_RAX = [0x48, 0xb8], MOV_RDX = [0x48, 0xba];
/** To the next instruction: what is behind it knows no constants. */
const JMP = [0xeb, 0x00];
const INT3 = 0xcc;

const EDGES = [
  0n,
  1n,
  7n,
  8n,
  9n,
  15n,
  16n,
  17n,
  -1n,
  -8n,
  -9n,
  -16n,
  1n << 31n,
  -1n << 31n,
  (1n << 32n) + 5n,
  1n << 63n,
];

function little(value: bigint, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Number(value >> BigInt(8 * i) & 0xffn));
}

/** Bytes from 1 to 4 in both operands: some match, in each way. */
function fillOperands({ u8 }: PlainGuestMemory): void {
  for (let i = 0; i < 16; i++) {
    u8[STATE_XMM + i] = [1, 2, 1, 2, 3, 4][i % 6];
    u8[STATE_XMM + 16 + i] = [3, 1, 2, 1, 2, 4, 4, 2][i % 8];
  }
}

/** The state block after the code, but for rip; with a zero at an element of the first operand, if wanted. */
function stateAfter(code: number[], zeroAt = -1): Uint8Array {
  const memory = new PlainGuestMemory(0x30000);
  memory.u8.fill(INT3, PC - GUEST_BIAS, PC - GUEST_BIAS + 64);
  memory.u8.set(code, PC - GUEST_BIAS);
  memory.i32[STATE_RIP >> 2] = PC;
  fillOperands(memory);
  if (zeroAt >= 0) memory.u8[STATE_XMM + zeroAt] = 0;
  expect(new InterpreterMachine(memory).run()).toBe(STOP_BREAKPOINT);
  memory.u8.fill(0, STATE_RIP, STATE_RIP + 8);
  return memory.u8.slice(0, STATE_BYTES);
}

function irOf(code: number[]): string {
  const u8 = new Uint8Array(64).fill(INT3);
  u8.set(code, 16);
  const fn = liftRegion(discoverRegion({ u8, isFunctionStart: () => false, isReadOnly: () => false }, GUEST_BIAS + 16));
  verifyFunction(fn);
  return printFunction(fn);
}

describe("pcmpestri with lengths that are constants", () => {
  for (const wide of [false, true]) {
    it(`gives what it gives for ${wide ? "64" : "32"}-bit lengths that are not`, () => {
      const bytes = wide ? 8 : 4, [toRax, toRdx] = wide ? [MOV_RAX, MOV_RDX] : [MOV_EAX, MOV_EDX];
      const seen = new Set<string>();
      for (const [i, first] of EDGES.entries()) {
        const second = EDGES[(i * 7 + 3) % EDGES.length];
        const lengths = [...toRax, ...little(first, bytes), ...toRdx, ...little(second, bytes)];
        for (const imm of [0x00, 0x01, 0x04, 0x08, 0x09, 0x0c, 0x0d, 0x30, 0x38]) {
          const compare = [0x66, ...(wide ? [0x48] : []), 0x0f, 0x3a, 0x61, 0xc1, imm];
          const state = stateAfter([...lengths, ...compare]);
          expect(state, `${first} ${second} ${imm}`).toEqual(stateAfter([...lengths, ...JMP, ...compare]));
          seen.add(state.toString());
        }
      }
      expect(seen.size).toBeGreaterThan(EDGES.length);
    });
  }

  it("does not compute them", () => {
    const lengths = [...MOV_EAX, ...little(5n, 4), ...MOV_EDX, ...little(-3n, 4)];
    const compare = [0x66, 0x0f, 0x3a, 0x61, 0xc1, 0x00];
    expect(irOf([...lengths, ...compare])).not.toMatch(/select_i32|i32_shl/);
    expect(irOf(compare)).toMatch(/select_i32/);
  });
});

describe("pcmpistri of a register with itself", () => {
  it("gives what it gives for another one with the same bytes", () => {
    const copy = [0x0f, 0x28, 0xc8]; // movaps xmm1, xmm0
    const seen = new Set<string>();
    for (let zeroAt = -1; zeroAt < 16; zeroAt++) {
      for (const imm of [0x00, 0x08, 0x18, 0x19, 0x28, 0x38, 0x3a, 0x48, 0x58, 0x78]) {
        const state = stateAfter([...copy, 0x66, 0x0f, 0x3a, 0x63, 0xc0, imm], zeroAt);
        expect(state, `${zeroAt} ${imm}`).toEqual(
          stateAfter([...copy, ...JMP, 0x66, 0x0f, 0x3a, 0x63, 0xc1, imm], zeroAt),
        );
        seen.add(state.toString());
      }
    }
    expect(seen.size).toBeGreaterThan(32);
  });
});
