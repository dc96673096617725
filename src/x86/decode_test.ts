import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FLAG_CF, FLAG_DF, FLAG_OF, FLAGS_ARITH } from "../machine/state.ts";
import { decode, DECODED, decodeInto, INVALID, isFailure, TRUNCATED, UNSUPPORTED } from "./decode.ts";
import { flagsKilled, flagsMayChange, flagsNeeded, flagsUndefined } from "./flag_use.ts";
import {
  type DecodeFailure,
  Instruction,
  OPERAND_GPR8H,
  OPERAND_IMM,
  OPERAND_MEM,
  REP_REP,
  REP_REPNE,
  SEGMENT_FS,
} from "./instruction.ts";
import { print } from "./print.ts";

const PC = 0x401000;

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.replaceAll(" ", "").match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

function decoded(hex: string): Instruction {
  const bytes = bytesOf(hex);
  const result = decode(bytes, 0, bytes.length, PC);
  if (isFailure(result)) throw new Error(`${hex}: ${result.kind}`);
  return result;
}

function failure(hex: string): DecodeFailure {
  const bytes = bytesOf(hex);
  const result = decode(bytes, 0, bytes.length, PC);
  if (!isFailure(result)) throw new Error(`${hex} decodes: ${print(result)}`);
  return result;
}

describe("decode()", () => {
  it("agrees with the golden lines", () => {
    const lines = readFileSync(new URL("../../fixtures/decoder/decoder.txt", import.meta.url), "utf8").trim().split(
      "\n",
    );
    expect(lines.map((line) => `${line.split(" = ")[0]} = ${print(decoded(line.split(" = ")[0]))}`)).toEqual(lines);
  });

  it("resolves rip-relative operands and branch targets to absolute addresses", () => {
    const load = decoded("488b05 10000000").operands[1];
    expect([load.kind, load.base, load.index, load.disp]).toEqual([OPERAND_MEM, -1, -1, PC + 7 + 0x10]);
    // The immediate behind the displacement counts too.
    expect(decoded("c705 10000000 78563412").operands[0].disp).toBe(PC + 10 + 0x10);
    expect(decoded("ebfe").operands[0].immLo).toBe(PC);
    expect(decoded("e8 00f0ff7f").operands[0].immLo).toBe(PC + 5 + 0x7ffff000);
  });

  it("extends immediates to 64 bits as the instruction defines", () => {
    const immediate = (hex: string) => {
      const operand = decoded(hex).operands.find((o) => o.kind === OPERAND_IMM)!;
      return [operand.immLo, operand.immHi, operand.bytes];
    };
    expect(immediate("4883c0ff")).toEqual([-1, -1, 8]);
    expect(immediate("48b8 efcdab89 67452301")).toEqual([0x89abcdef | 0, 0x01234567, 8]);
    expect(immediate("6aff")).toEqual([-1, -1, 8]);
    expect(immediate("c1e0ff")).toEqual([255, 0, 1]);
    expect(immediate("d1e0")).toEqual([1, 0, 1]);
    expect(immediate("c20080")).toEqual([0x8000, 0, 2]);
  });

  it("tells ah from spl by the REX prefix", () => {
    expect(decoded("00e0").operands[1]).toMatchObject({ kind: OPERAND_GPR8H, reg: 0, bytes: 1 });
    expect(decoded("4000e0").operands[1]).toMatchObject({ reg: 4, bytes: 1 });
  });

  it("ignores a REX prefix that a legacy prefix follows", () => {
    expect(print(decoded("486601d8"))).toBe("add ax, bx");
  });

  it("gives prefixes that implicit operands need", () => {
    expect(decoded("f3a4")).toMatchObject({ rep: REP_REP, operandBytes: 1, addressBytes: 8 });
    expect(decoded("f266af")).toMatchObject({ rep: REP_REPNE, operandBytes: 2 });
    expect(decoded("6467ad")).toMatchObject({ segment: SEGMENT_FS, addressBytes: 4 });
    // F2 repeats MOVS as F3 does.
    expect(decoded("f2a4").rep).toBe(REP_REP);
  });

  it("allows LOCK only on read-modify-write of memory", () => {
    expect(decoded("f00101").lock).toBe(true);
    for (const hex of ["f001c1", "f00301", "f08b01", "f03901", "f090"]) expect(failure(hex).kind).toBe("invalid");
  });

  it("tells invalid from unsupported, with the length of the latter", () => {
    for (const hex of ["06", "0fb8c0", "8ec8", "0f0a", "fff8"]) {
      expect(failure(hex).kind, hex).toBe("invalid");
    }
    const vector = failure("c5f892c0 90909090909090909090909090909090");
    expect([vector.kind, vector.bytes.length]).toEqual(["unsupported", 4]);
    const evex = failure("62f17c4858 4501 90909090909090909090909090909090");
    expect([evex.kind, evex.bytes.length]).toEqual(["unsupported", 7]);
    const galois = failure("660f38cfc1 90909090909090909090909090909090");
    expect([galois.kind, galois.bytes.length, galois.row?.mnemonic]).toEqual(["unsupported", 5, "gf2p8mulb"]);
  });

  it("stops at the end of the bytes and after 15", () => {
    const whole = "66 48 b8 efcdab8967452301";
    for (let n = 1; n < 11; n++) expect(failure(whole.replaceAll(" ", "").slice(0, n * 2)).kind).toBe("truncated");
    expect(decoded("66".repeat(14) + "90").length).toBe(15);
    expect(failure("66".repeat(15) + "90").kind).toBe("invalid");
    expect(failure("66".repeat(14)).kind).toBe("truncated");
    expect(failure("66".repeat(40) + "90" + "00".repeat(40)).kind).toBe("invalid");
    expect(failure("66".repeat(10) + "48b8" + "00".repeat(60)).kind).toBe("invalid");
    expect(failure("").kind).toBe("truncated");
  });

  it("does not read before or behind its bounds", () => {
    const bytes = bytesOf("9090 48b8 efcdab8967452301 c3");
    expect((decode(bytes, 2, 12, PC) as Instruction).length).toBe(10);
    expect((decode(bytes, 2, 11, PC) as DecodeFailure).kind).toBe("truncated");
  });
});

describe("decodeInto()", () => {
  it("reuses the caller's record", () => {
    const into = new Instruction();
    const step = (hex: string) => decodeInto(into, bytesOf(hex), 0, bytesOf(hex).length, PC);
    expect(step("6bc1 05")).toBe(DECODED);
    expect(into.operands.length).toBe(3);
    expect(step("488b442408")).toBe(DECODED);
    expect(print(into)).toBe("mov rax, QWORD PTR [rsp+0x8]");
    expect(step("c3")).toBe(DECODED);
    expect(into.operands.length).toBe(0);
    expect([step("06"), step("c5f892c0"), step("48")]).toEqual([INVALID, UNSUPPORTED, TRUNCATED]);
  });
});

describe("flag use", () => {
  const use = (hex: string) => {
    const instruction = decoded(hex);
    return [
      flagsNeeded(instruction),
      flagsKilled(instruction),
      flagsMayChange(instruction),
      flagsUndefined(instruction),
    ];
  };
  it("of arithmetic is certain", () => expect(use("01d8")).toEqual([0, FLAGS_ARITH, FLAGS_ARITH, 0]));
  it("of a shift by an immediate that masks to zero is nil", () => {
    expect(use("c1e020")).toEqual([0, 0, 0, 0]);
    expect(use("48c1e020")[1]).toBe(FLAGS_ARITH);
    expect(use("c1d000")).toEqual([0, 0, 0, 0]);
  });
  it("of a shift by CL is not certain", () => expect(use("d3e0").slice(1, 3)).toEqual([0, FLAGS_ARITH]));
  it("of a rotate by one defines OF", () => {
    expect(use("d1c0")).toEqual([0, FLAG_CF | FLAG_OF, FLAG_CF | FLAG_OF, 0]);
    expect(use("c1c002")[3]).toBe(FLAG_OF);
  });
  it("of a repeated comparison is not certain, of a single one is", () => {
    expect(use("f3a6")).toEqual([FLAG_DF, 0, FLAGS_ARITH, 0]);
    expect(use("a6")).toEqual([FLAG_DF, FLAGS_ARITH, FLAGS_ARITH, 0]);
  });
  it("of ADC needs the carry", () => expect(use("11d8")[0]).toBe(FLAG_CF));
});
