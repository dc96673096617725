import { describe, expect, it } from "vitest";
import { discoverRegion } from "../discover/discover.ts";
import { GUEST_BIAS, RSP } from "../machine/state.ts";
import { VAR_GPR } from "../ir/variables.ts";
import { liftRegion } from "../lift/lift.ts";
import { assemble, CODE } from "../translate/_program.ts";
import { analyseReentry } from "./reentry.ts";
import { solveVarFlow } from "./var_flow.ts";

/** Blocks that store a register at their end, of a function as it is emitted. */
function storing(text: string, register: number): number {
  const { bytes } = assemble(text, CODE);
  const u8 = new Uint8Array(CODE - GUEST_BIAS + bytes.length);
  u8.set(bytes, CODE - GUEST_BIAS);
  const fn = liftRegion(discoverRegion({ u8, isFunctionStart: (pc) => pc === CODE, isReadOnly: () => true }, CODE));
  const { cfg } = analyseReentry(fn, true);
  const { early } = solveVarFlow(fn, cfg);
  return [...cfg.order].filter((b) => early.low[b] >> (VAR_GPR + register) & 1).length;
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
