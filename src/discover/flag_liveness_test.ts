import { describe, expect, it } from "vitest";
import { FLAG_ZF, FLAGS_ARITH } from "../machine/state.ts";
import { programOf } from "../translate/_program.ts";
import { flagsReadAt } from "./flag_liveness.ts";

/** Flags that the code of `f` is taken to read. */
function readAt(code: string): number {
  const { u8, labels } = programOf(`main: c3  f: ${code}  end: c3`);
  return flagsReadAt(u8, labels.get("f")!);
}

describe("flags that a function reads", () => {
  it("are none where it writes them first, calls or returns", () => {
    expect(readAt("53  48 83 ec 10  0f 94 c0  c3")).toBe(0); // push; sub rsp; sete; ret
    expect(readAt("e8 @end  0f 94 c0")).toBe(0);
    expect(readAt("89 f8  c3")).toBe(0);
  });

  it("are those that it reads, or may read where its way divides", () => {
    expect(readAt("0f 94 c0  c3")).toBe(FLAG_ZF);
    expect(readAt("74 00  c3")).toBe(FLAGS_ARITH);
  });

  it("are none for an entry of the procedure linkage table, all for another jump", () => {
    expect(readAt("f3 0f 1e fa  f2 ff 25 00 10 00 00")).toBe(0); // endbr64; bnd jmp [rip + 0x1000]
    expect(readAt("58  ff 25 00 10 00 00")).toBe(FLAGS_ARITH); // pop rax; jmp [rip + 0x1000]
    expect(readAt("ff e0")).toBe(FLAGS_ARITH); // jmp rax
    expect(readAt("ff 24 c5 00 00 03 00")).toBe(FLAGS_ARITH); // jmp [rax*8 + 0x30000]
  });
});
