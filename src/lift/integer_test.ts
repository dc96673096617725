/** Idioms of integer code that must stay cheap. That the results are right, tests/cpu_test.ts says. */
import { describe, expect, it } from "vitest";
import { discoverRegion } from "../discover/discover.ts";
import { printFunction } from "../ir/print.ts";
import { verifyFunction } from "../ir/verify.ts";
import { GUEST_BIAS } from "../machine/state.ts";
import { liftRegion } from "./lift.ts";

const START = GUEST_BIAS + 0x1000;

/** IR text of a piece of code (hex, any spacing) that runs into ud2, or ends by itself. */
function lifted(...code: string[]): string {
  const u8 = new Uint8Array(0x2000);
  const hex = (code.join("") + "0f0b").replaceAll(" ", "");
  for (let i = 0; i < hex.length; i += 2) u8[0x1000 + i / 2] = parseInt(hex.slice(i, i + 2), 16);
  const fn = liftRegion(discoverRegion({ u8, isFunctionStart: () => false, isReadOnly: () => false }, START));
  verifyFunction(fn);
  return printFunction(fn).replaceAll(/^ +/gm, "");
}

/** How often an operation occurs. */
function count(text: string, op: string): number {
  return text.split("\n").filter((line) => new RegExp(`(= |^)${op}\\b`).test(line)).length;
}

describe("integer lifting", () => {
  it("takes xor r, r and sub r, r as zero", () => {
    for (const code of ["31 c0", "48 29 c0"]) {
      const text = lifted(code);
      expect(text).not.toMatch(/xor|sub|getvar rax/);
      expect(text).toMatch(/v(\d+) = i64_const 0x0000000000000000\n(.*\n)*setvar rax v\1/);
    }
  });

  it("fuses cmp and jl into one comparison", () => {
    const text = lifted("39 d8", "7c 02", "31 c0", "31 c0"); // cmp eax, ebx; jl; xor: flags die
    expect(text).toMatch(/(v\d+) = i32_lt_s v\d+ v\d+\nbranch \1/);
    expect(text).not.toMatch(/xor|setvar (sf|of)/);
  });

  it("branches on the result of sub, not on its operands", () => {
    const text = lifted("ff c9", "75 02"); // dec ecx; jnz
    expect(text).toMatch(/(v\d+) = i32_add v\d+ v\d+\n(.*\n)*.*i32_ne \1 /);
  });

  it("keeps nothing of a part of a register that is written twice, or was zero", () => {
    // sbb sil, sil; or sil, [rbx]; or esi, eax: what is above sil is kept once, not once a write.
    const twice = lifted("40 18 f6", "40 0a 33", "09 c6");
    expect(count(twice, "i64_and")).toBe(1);
    expect(twice).toMatch(
      /(v\d+) = getvar rsi\n(.*\n)*(v\d+) = i32_wrap_i64 \1\n.*i32_const -256\n(v\d+) = i32_and \3 /,
    );
    // movzx ecx, word [rbx]; neg cx: nothing above.
    const zero = lifted("0f b7 0b", "66 f7 d9");
    expect(count(zero, "i64_and") + count(zero, "i64_or")).toBe(0);
    // movzx ebp, word [rbx]; shr bp, 8; movzx r9d, bp: no mask at all.
    const shifted = lifted("0f b7 2b", "66 c1 ed 08", "44 0f b7 cd");
    expect(count(shifted, "i32_and") + count(shifted, "i64_and")).toBe(0);
  });

  it("passes the condition of setcc straight to movzx", () => {
    const text = lifted("31 c0", "39 d9", "0f 9c c0", "0f b6 c0"); // xor eax, eax; cmp; setl al; movzx eax, al
    expect(text).toMatch(/(v\d+) = i32_lt_s .*\n(.*\n)*(v\d+) = i64_extend_i32_u \1\n(.*\n)*setvar rax \3/);
    expect(count(text, "i32_and")).toBe(0);
  });

  it("adds up what push takes from rsp", () => {
    const text = lifted("50", "53", "48 83 ec 10"); // push rax; push rbx; sub rsp, 16
    expect(text).toMatch(/i64_const 0xffffffffffffffe0\n(v\d+) = i64_add v\d+ v\d+\n(.*\n)*setvar rsp \1/);
    expect(count(text, "i32_wrap_i64")).toBe(1);
  });

  it("divides in 32 bits after cdq and after xor edx, edx", () => {
    expect(lifted("99", "f7 f9")).toMatch(/i32_div_s/);
    expect(lifted("31 d2", "f7 f1")).toMatch(/i32_div_u/);
    expect(lifted("f7 f1")).toMatch(/i64_div_u/);
    expect(count(lifted("99", "f7 f9"), "trap_if")).toBe(0);
  });

  it("divides rax alone after cqo", () => {
    const text = lifted("48 99", "48 f7 f9");
    expect(text).toMatch(/i64_div_s/);
    expect(text).not.toMatch(/helper/);
    expect(lifted("48 f7 f9")).toMatch(/helper sdiv128/);
  });

  it("leaves flags of shifts alone that nobody reads", () => {
    // shl eax, cl; add eax, ebx: the addition overwrites all flags.
    expect(lifted("d3 e0", "01 d8")).not.toMatch(/select/);
    expect(lifted("c1 e0 05", "01 d8")).not.toMatch(/shr_u.*\n.*i32_and/);
  });

  it("lays short rep stos of a known length out in stores", () => {
    const text = lifted("31 c0", "b9 05 00 00 00", "f3 48 ab"); // xor eax, eax; mov ecx, 5; rep stosq
    expect(count(text, "v128_store")).toBe(3);
    expect(count(text, "memory_fill")).toBe(0);
  });

  it("copies in bulk downwards after std", () => {
    const text = lifted("fd", "f3 a4", "fc"); // std; rep movsb; cld
    expect(count(text, "memory_copy")).toBe(1);
    expect(text.split("memory_copy")[0]).not.toMatch(/getvar df/);
  });

  it("computes no parity, no adjust flag and no carry for a loop's add and cmp", () => {
    const text = lifted("48 83 c0 01", "48 39 c2", "75 f7", "48 31 c0");
    expect(text).not.toMatch(/popcnt|setvar (pf|af|cf|of|sf|zf)/);
  });
});
