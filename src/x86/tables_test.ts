import { describe, expect, it } from "vitest";
import { parseEncoding } from "./encoding.ts";
import { allRows, mnemonicNumber, mnemonics, tableConflicts } from "./index.ts";
import { operandSpec, PLACE_OPCODE, PLACE_REG, PLACE_RM } from "./operand_spec.ts";
import { ALL_ROWS } from "./tables/all.ts";

/** The token of the encoding that each immediate-like operand needs. */
const TAILS: Record<string, string> = {
  "imm8": "ib",
  "imm8s": "ib",
  "imm8sb": "ib",
  "imm16": "iw",
  "immz": "iz",
  "immzq": "iz",
  "immv": "iv",
  "rel8": "cb",
  "rel32": "cd",
  "moffs8": "mo",
  "moffsv": "mo",
  "xmm.is4": "/is4",
  "ymm.is4": "/is4",
};

describe("instruction tables", () => {
  const tableRows = ALL_ROWS.flat();

  it("have no two rows for the same bytes", () => expect(tableConflicts()).toEqual([]));

  it("name an operand for every immediate of the encoding, in order", () => {
    for (const row of tableRows) {
      const names = row.operands === "" ? [] : row.operands.split(", ");
      const tails = names.map((name) => TAILS[name]).filter((tail) => tail !== undefined);
      expect(tails, `${row.mnemonic} ${row.encoding}`).toEqual(parseEncoding(row.encoding).tail);
    }
  });

  it("use ModRM fields only where the encoding has them", () => {
    for (const row of tableRows) {
      const encoding = parseEncoding(row.encoding);
      const specs = row.operands === "" ? [] : row.operands.split(", ").map(operandSpec);
      const where = `${row.mnemonic} ${row.encoding}`;
      for (const place of [PLACE_RM, PLACE_REG, PLACE_OPCODE]) {
        expect(specs.filter((spec) => spec.place === place).length, where).toBeLessThan(2);
      }
      if (specs.some((spec) => spec.place === PLACE_RM || spec.place === PLACE_REG)) {
        expect(encoding.modrm, where).toBe(true);
      }
      const isSegment = specs.some((spec) => spec.name === "sreg");
      if (specs.some((spec) => spec.place === PLACE_REG) && !isSegment) expect(encoding.digit, where).toBe(-1);
    }
  });

  it("keep undefined flags inside the written ones", () => {
    for (const row of allRows()) {
      expect(row.flagsUndefined & ~row.flagsMayWrite, row.encoding).toBe(0);
      expect(row.flagsWritten & ~row.flagsMayWrite, row.encoding).toBe(0);
    }
  });

  it("number mnemonics densely", () => {
    expect(mnemonicNumber(mnemonics()[7])).toBe(7);
    expect(mnemonicNumber("no such")).toBe(-1);
    expect(new Set(allRows().map((row) => row.id)).size).toBe(mnemonics().length);
  });
});
