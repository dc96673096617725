import { describe, expect, it } from "vitest";
import { PlainGuestMemory } from "../machine/guest_memory.ts";
import { InterpreterMachine } from "../jit/interpreter_machine.ts";
import { GUEST_BIAS, STATE_GPR, STATE_RIP, STATE_XMM } from "../machine/state.ts";

const PC = 0x20000;

const CONDITIONS = ["o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"];

/** Flags after UCOMISD (Intel SDM, UCOMISD): operands, ZF, PF, CF. */
const RELATIONS: readonly (readonly [name: string, a: number, b: number, zf: boolean, pf: boolean, cf: boolean])[] = [
  ["unordered", 1, NaN, true, true, true],
  ["greater", 2, 1, false, false, false],
  ["less", 1, 2, false, false, true],
  ["equal", -0, 0, true, false, false],
];

/** The even condition codes by definition, with OF = SF = AF = 0 (Intel SDM volume 1, appendix B). */
function holds(code: number, zf: boolean, pf: boolean, cf: boolean): boolean {
  const even = [false, cf, zf, cf || zf, false, pf, false, zf][code >> 1];
  return code & 1 ? !even : even;
}

/** Runs a comparison of xmm0 with xmm1 and setcc al; returns al. */
function conditionAfter(compare: number[], code: number, a: number, b: number, bytes: 4 | 8): number {
  const memory = new PlainGuestMemory(0x30000);
  memory.u8.fill(0xcc, PC - GUEST_BIAS);
  memory.u8.set([...compare, 0x0f, 0x90 + code, 0xc0], PC - GUEST_BIAS);
  for (const [place, value] of [[STATE_XMM, a], [STATE_XMM + 16, b]]) {
    if (bytes === 4) memory.view.setFloat32(place, value, true);
    else memory.view.setFloat64(place, value, true);
  }
  memory.i32[STATE_RIP >> 2] = PC;
  new InterpreterMachine(memory).run();
  return memory.u8[STATE_GPR];
}

describe("conditions after a float comparison", () => {
  const forms: readonly (readonly [string, number[], 4 | 8])[] = [
    ["ucomisd", [0x66, 0x0f, 0x2e, 0xc1], 8],
    ["comiss", [0x0f, 0x2f, 0xc1], 4],
  ];
  for (const [name, compare, bytes] of forms) {
    for (const [relation, a, b, zf, pf, cf] of RELATIONS) {
      it(`${name}, ${relation}`, () => {
        const got = CONDITIONS.map((_, code) => conditionAfter(compare, code, a, b, bytes) === 1);
        const want = CONDITIONS.map((_, code) => holds(code, zf, pf, cf));
        expect(Object.fromEntries(CONDITIONS.map((condition, i) => [condition, got[i]])))
          .toEqual(Object.fromEntries(CONDITIONS.map((condition, i) => [condition, want[i]])));
      });
    }
  }
});
