import { describe, expect, it } from "vitest";
import { discoverRegion } from "../discover/discover.ts";
import { GUEST_BIAS, RAX, RBX, RSP } from "../machine/state.ts";
import { VAR_GPR } from "../ir/variables.ts";
import { liftRegion } from "../lift/lift.ts";
import { assemble, CODE } from "../translate/_program.ts";
import { END_LANDING } from "./cfg.ts";
import { analyseReentry } from "./reentry.ts";
import { solveVarFlow } from "./var_flow.ts";

/** The flow of a function as it is emitted, and its blocks. */
function flowOf(text: string) {
  const { bytes } = assemble(text, CODE);
  const u8 = new Uint8Array(CODE - GUEST_BIAS + bytes.length);
  u8.set(bytes, CODE - GUEST_BIAS);
  const fn = liftRegion(discoverRegion({ u8, isFunctionStart: (pc) => pc === CODE, isReadOnly: () => true }, CODE));
  const { cfg } = analyseReentry(fn, true);
  return { flow: solveVarFlow(fn, cfg), order: [...cfg.order], blocks: fn.blocks };
}

/** How many blocks store a register at their end. */
function storing(text: string, register: number): number {
  const { flow: { early }, order } = flowOf(text);
  return order.filter((b) => early.low[b] >> (VAR_GPR + register) & 1).length;
}

/** The addresses, from the function's start on, of blocks that load a register at their start. */
function loading(text: string, register: number): number[] {
  const { flow: { late }, order, blocks } = flowOf(text);
  return order.filter((b) => late.low[b] >> (VAR_GPR + register) & 1).map((b) => blocks[b].pc - CODE);
}

describe("stores before control goes on inside a region", () => {
  it("are made once: rsp where a loop's way round and the return of its call meet, not in all blocks behind", () => {
    // sub rsp, 24; for (;;) { if (rdi[0] == 0) g(); rdi = rdi[1]; if (rdi == 0) break; rsi = rdi[2]; } add rsp, 24
    const blocks = storing(
      `f: 48 83 ec 18
       turn: 48 83 3f 00 75 05 e8 @g 48 8b 7f 08 48 85 ff 74 06 48 8b 77 10 eb e6
       48 83 c4 18 c3
       g: c3`,
      RSP,
    );
    expect(blocks).toBe(1);
  });

  it("are not needed where rsp does not move", () => {
    expect(storing(`f: 48 8b 3f 48 85 ff 75 f8 c3`, RSP)).toBe(0);
  });
});

describe("what a call gives back", () => {
  /** Whether the block at an address has a register in its local at its start. */
  const isCarried = (text: string, at: number, register: number) => {
    const { flow: { liveIn }, order, blocks } = flowOf(text);
    const b = order.find((b) => blocks[b].pc === CODE + at && blocks[b].kind !== END_LANDING)!;
    return (liveIn.low[b] >> (VAR_GPR + register) & 1) === 1;
  };

  it("is in rax's local behind the call, where some way reads it", () => {
    // g(); if (rbx) rcx = rax[0]; return
    expect(isCarried(`f: e8 @g 48 85 db 74 03 48 8b 08 c3 g: c3`, 5, RAX)).toBe(true);
    expect(loading(`f: e8 @g 48 85 db 74 03 48 8b 08 c3 g: c3`, RAX)).toEqual([]);
  });

  it("is not, where nobody reads it", () => {
    // g(); return 0
    expect(isCarried(`f: e8 @g 31 c0 c3 g: c3`, 5, RAX)).toBe(false);
  });
});

describe("loads of what only some of the ways from a call read", () => {
  it("are made by these", () => {
    // g(); if (eax) rdi = rbx[0]; return
    expect(loading(`f: e8 @g 85 c0 74 03 48 8b 3b c3 g: c3`, RBX)).toEqual([9]);
  });

  it("are made behind the call if all ways read it", () => {
    // g(); if (eax) rdi = rbx[0]; rdi = rbx[0]; return
    expect(loading(`f: e8 @g 85 c0 74 03 48 8b 3b 48 8b 3b c3 g: c3`, RBX)).toEqual([]);
  });

  it("are not made where the register may have been changed", () => {
    // g(); if (eax) rbx = 0; if (eax) rdi = rbx[0]; return
    expect(loading(`f: e8 @g 85 c0 74 02 31 db 85 c0 74 03 48 8b 3b c3 g: c3`, RBX)).toEqual([]);
  });
});
