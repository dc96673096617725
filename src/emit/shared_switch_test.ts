import { describe, expect, it } from "vitest";
import { END_RETURN, END_SWITCH_PC, IrFunction } from "../ir/function.ts";
import { analyseCfg } from "./cfg.ts";
import { END_JUMP_SWITCHED, END_SWITCH_SHARED, shareSwitches } from "./shared_switch.ts";

const TARGETS = 10;

/** Blocks 0.. are targets; those of `sites` end in a switch over the first so many of them. */
function interpreter(sites: ReadonlyMap<number, number>): IrFunction {
  const fn = new IrFunction(0x1000);
  for (let b = 0; b < TARGETS; b++) fn.newBlock(0x1000 + b);
  for (let b = 0; b < TARGETS; b++) {
    const count = sites.get(b), succ = Array.from({ length: count ?? 0 }, (_, i) => i);
    const pcs = succ.map((s) => fn.blocks[s].pc);
    Object.assign(
      fn.blocks[b],
      count === undefined ? { kind: END_RETURN } : { kind: END_SWITCH_PC, index: 1, succ, pcs },
    );
  }
  return fn;
}

describe("switches over one table", () => {
  it("become one, with fuel behind it", () => {
    const fn = interpreter(new Map([[0, TARGETS], [3, TARGETS], [4, TARGETS]]));
    shareSwitches(fn);
    const shared = fn.blocks.findIndex(({ kind }) => kind === END_SWITCH_SHARED);
    expect(shared).toBe(TARGETS);
    expect([0, 3, 4].map((b) => [fn.blocks[b].kind, fn.blocks[b].succ])).toEqual(
      Array(3).fill([END_JUMP_SWITCHED, [shared]]),
    );
    expect(fn.blocks[shared].succ).toEqual(fn.blocks.slice(0, TARGETS).map((_, i) => i));
    const { loopHeader, fuel } = analyseCfg(fn);
    expect(loopHeader.includes(1)).toBe(true);
    expect(fuel.includes(1)).toBe(true);
  });

  it("take in a jump that has no index", () => {
    const fn = interpreter(new Map([[0, TARGETS], [3, TARGETS], [4, TARGETS]]));
    const jump = fn.blocks[3], { pcs } = jump;
    jump.index = -1;
    jump.pcs = pcs.slice(1).reverse();
    shareSwitches(fn);
    expect(jump).toMatchObject({ kind: END_JUMP_SWITCHED, succ: [TARGETS], pcs });
  });

  it("leave one alone that may go elsewhere", () => {
    const fn = interpreter(new Map([[0, TARGETS], [3, TARGETS], [4, TARGETS]]));
    Object.assign(fn.blocks[3], { index: -1, pcs: [...fn.blocks[3].pcs, 0x2000] });
    shareSwitches(fn);
    expect(fn.blocks[3].kind).toBe(END_SWITCH_PC);
  });

  it("stay apart over different tables, with few targets, or alone", () => {
    const fn = interpreter(new Map([[0, TARGETS], [3, TARGETS - 1], [4, 4], [5, 4]]));
    shareSwitches(fn);
    expect(fn.blocks.length).toBe(TARGETS);
    expect(fn.blocks.filter(({ kind }) => kind === END_SWITCH_PC).length).toBe(4);
  });
});
