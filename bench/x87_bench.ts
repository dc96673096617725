/** What x87 helpers cost: `deno bench -A bench/x87_bench.ts`. One iteration is 1000 instructions. */
import { X87_DESTINATION_SHIFT, X87_F64, X87_ST } from "../src/ir/x87_operands.ts";
import { PlainGuestMemory } from "../src/machine/guest_memory.ts";
import type { HelperBody, HelperCpu } from "../src/machine/helpers/types.ts";
import { x87Helpers } from "../src/machine/helpers/x87.ts";
import { GUEST_LOWEST, STATE_FCW, STATE_FTW, STATE_SCRATCH, STATE_X87 } from "../src/machine/state.ts";

const memory = new PlainGuestMemory(GUEST_LOWEST);
const cpu = { memory } as HelperCpu;

/** ST(0) = 1.1, ST(1) = 3.3, as 80-bit numbers whose bits are not round. */
function reset(): void {
  memory.view.setInt32(STATE_FCW, 0x37f, true);
  memory.view.setInt32(STATE_FTW, 3, true);
  for (const [i, significand] of [0x8ccccccccccccccdn, 0xd333333333333333n].entries()) {
    memory.view.setBigUint64(STATE_X87 + i * 16, significand, true);
    memory.view.setUint16(STATE_X87 + i * 16 + 8, 0x3fff + i, true);
  }
  memory.view.setFloat64(STATE_SCRATCH, 1.7, true);
}

function bench(name: string, body: HelperBody, a: number, b: number, after?: HelperBody, c = 0): void {
  Deno.bench(name, { group: "x87" }, () => {
    reset();
    for (let i = 0; i < 1000; i++) {
      body(cpu, a, b);
      after?.(cpu, c, 0);
    }
  });
}

const toFirst = X87_ST | 0 << X87_DESTINATION_SHIFT, toThird = X87_ST | 1 << X87_DESTINATION_SHIFT;
const h = x87Helpers;
bench("fadd st0, st1", h.x87_fadd, toFirst, 1);
bench("fmul st1, st0", h.x87_fmul, toThird, 0);
bench("fdiv st0, st1 and back", h.x87_fdiv, toFirst, 1, h.x87_fdivr, toFirst);
bench("fld m64, fstp m64", h.x87_load, X87_F64, 0, (cpu, a, b) => {
  h.x87_store(cpu, a, b);
  return h.x87_pop(cpu, 1, 0);
}, X87_F64);
bench("fcomi", h.x87_fcom, X87_ST | 1 << 12, 1);
bench("fsqrt", h.x87_fsqrt, 0, 0);
bench("fprem", h.x87_fprem, 0, 0);
bench("fsin", h.x87_fsin, 0, 0);
bench("fyl2x, and its operand again", h.x87_fyl2x, 0, 0, () => (reset(), 0));
