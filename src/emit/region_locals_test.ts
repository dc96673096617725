import { describe, expect, it } from "vitest";
import { TYPE_I32, TYPE_I64, TYPE_V128 } from "../ir/ops.ts";
import { VAR_CF, VAR_COUNT, VAR_TYPE, VAR_XMM } from "../ir/variables.ts";
import { R15, RAX, RBX, RSP } from "../machine/state.ts";
import { WasmBytes } from "./bytes.ts";
import { TYPE_CODES } from "./opcodes.ts";
import { RegionLocals } from "./region_locals.ts";
import { REGION_PARAMS } from "./region_signature.ts";

const ALL = -1;

/** Types of all locals, the parameters first, as the list that is written declares them. */
function declared(locals: RegionLocals): number[] {
  const out = new WasmBytes();
  locals.write(out);
  const [runs, ...list] = out.view();
  expect(list.length).toBe(2 * runs);
  const types = [...REGION_PARAMS];
  for (let i = 0; i < list.length; i += 2) for (let n = 0; n < list[i]; n++) types.push(list[i + 1]);
  return types;
}

describe("locals of regions", () => {
  it("have the number of a variable in all regions", () => {
    const few = new RegionLocals(), many = new RegionLocals();
    few.begin(1 << RSP | 1 << R15 | 1 << VAR_CF, 0);
    many.begin(ALL, 0);
    for (const v of [RSP, R15, VAR_CF]) expect(few.ofVar[v]).toBe(many.ofVar[v]);
    for (const v of [RAX, RBX, VAR_XMM]) expect(few.ofVar[v]).toBe(-1);
    expect(few.named("fuel")).toBe(many.named("fuel"));
    expect(few.value(TYPE_I32)).toBe(many.value(TYPE_I32));
  });

  it("are declared with the types of what is in them", () => {
    const locals = new RegionLocals();
    locals.begin(ALL, ALL);
    const values = [TYPE_I32, TYPE_I64, TYPE_V128].flatMap((type) =>
      Array.from({ length: 9 }, () => [locals.value(type), type])
    );
    const named = (["reenter", "next", "return", "slot", "fuel"] as const).map((
      name,
    ) => [locals.named(name), TYPE_I32]);
    const variables = Array.from({ length: VAR_COUNT }, (_, v) => [locals.ofVar[v], VAR_TYPE[v]])
      .filter((_, v) => VAR_TYPE[v] !== 0);
    const list = [...values, ...named, ...variables], types = declared(locals);
    expect(new Set(list.map(([local]) => local)).size).toBe(list.length);
    for (const [local, type] of list) expect(types[local]).toBe(TYPE_CODES[type]);
    const vectors = types.filter((type) => type === TYPE_CODES[TYPE_V128]).length;
    expect(locals.words()).toBe(types.length - 1 + vectors);
  });

  it("end with the last that is used", () => {
    const locals = new RegionLocals();
    locals.begin(0, 0);
    expect(declared(locals)).toHaveLength(REGION_PARAMS.length);
    locals.begin(1 << RAX, 0);
    expect(declared(locals)).toHaveLength(locals.ofVar[RAX] + 1);
  });

  it("of values are free for the next block", () => {
    const locals = new RegionLocals();
    locals.begin(0, 0);
    const first = [locals.value(TYPE_I64), locals.value(TYPE_I64)];
    locals.releaseValues();
    expect([locals.value(TYPE_I64), locals.value(TYPE_I64)]).toEqual(first);
  });
});
