import { describe, expect, it } from "vitest";
import { IrFunction } from "./function.ts";
import { OP } from "./ops.ts";
import { parseFunction } from "./parse.ts";
import { printFunction } from "./print.ts";
import { findProblems, verifyFunction } from "./verify.ts";

const EVERYTHING = `\
region 0x401000
block0 0x401000:
  at 0x401000
  v0 = getvar rax
  v1 = i64_const 0xffffffff00000001
  v2 = i64_add v0 v1
  setvar rax v2
  at 0x401004
  v3 = i32_wrap_i64 v2
  v4 = i32_load v3 -65536
  i32_store v3 v4 8
  v5 = helper cpuid
  v6 = v128_const 000102030405060708090a0b0c0d0e0f
  v7 = getvar xmm1
  v8 = i8x16_shuffle v6 v7 0001020304050607101112131415161f
  v9 = i32x4_extract_lane v8 3
  trap_if v9 3
  branch v4 block1 block2
block1 0xfffff000:
  at 0xfffff000
  v10 = i32_const -5
  switch v10 v10 0x401000:block0 0xfffff000:block1
block2:
  call 0x402000 0x401010 block3
block3 0x401010:
  at 0x401010
  v11 = i32_const 7
  call_indirect v11 0x401012 block4
block4 0x401012:
  syscall 0x401014 block5
block5 0x401014:
  exit 0x403000
block6:
  trap 5 0x401000
block7:
  at 0x401020
  v12 = i32_const 0
  return v12
block8:
  v13 = i32_const 1
  exit_indirect v13
`.replace("block8:\n  v13", "block8:\n  at 0x401020\n  v13");

/** Problems of a region with these lines in its entry block. */
function problemsOf(...lines: string[]): string[] {
  return findProblems(parseFunction(["region 0x1000", "block0 0x1000:", ...lines].join("\n"))).map((p) => p.reason);
}

describe("IR text", () => {
  it("is the same after reading it and printing it again", () => {
    expect(printFunction(parseFunction(EVERYTHING))).toBe(EVERYTHING);
  });

  it("numbers values densely when the columns have holes", () => {
    const fn = new IrFunction(0x1000);
    fn.newBlock(0x1000);
    fn.add(OP.i32_const, 1, 0, 0, 0x1000);
    fn.blocks[0].first = fn.add(OP.i32_const, 2, 0, 0, 0x1000);
    Object.assign(fn.blocks[0], { end: 2, kind: 6, value: 1 });
    expect(printFunction(fn)).toContain("v0 = i32_const 2\n  return v0");
  });

  it("names the line it cannot read", () => {
    expect(() => parseFunction("region 0x1\nblock0:\n  v0 = i32_nonsense")).toThrow(/line 3.*no operation named/);
  });
});

describe("the verifier", () => {
  it("accepts a region with every kind of end", () => {
    verifyFunction(parseFunction(EVERYTHING));
  });

  it("wants arguments of the operation's types", () => {
    expect(problemsOf("v0 = i32_const 1", "v1 = i64_add v0 v0", "exit 0x1")).toHaveLength(2);
  });

  it("wants a setvar to fit the variable", () => {
    expect(problemsOf("v0 = i32_const 1", "setvar rax v0", "exit 0x1")[0]).toMatch(
      /setvar rax .* wants i64, v0 is i32/,
    );
  });

  it("rejects values of other blocks", () => {
    const fn = parseFunction("region 0x1\nblock0:\nv0 = i32_const 1\njump block1\nblock1:\nreturn v0");
    expect(findProblems(fn)).toMatchObject([{ block: 1, reason: expect.stringMatching(/not defined before/) }]);
  });

  it("wants blocks to end, and to end in blocks that exist", () => {
    expect(problemsOf("v0 = i32_const 1")).toEqual(["the block has no end"]);
    expect(problemsOf("jump block7")).toEqual(["successor block7 does not exist"]);
  });

  it("shows the block in the cause of its error", () => {
    try {
      verifyFunction(parseFunction("region 0x1\nblock0:\nv0 = i64_const 1\nreturn v0"));
      expect.unreachable();
    } catch (error) {
      expect(((error as Error).cause as Error).message).toContain("return v0");
    }
  });
});
