/** String instructions. MOVS, STOS and LODS repeat with either prefix; CMPS and SCAS stop on equality by it. */
import { REP_REP, REP_REPNE } from "../instruction.ts";
import { type Facts, family, op, type TableRow } from "./builder.ts";

/** Byte and wide encoding of a string instruction that only moves. */
function moving(mnemonic: string, opcode: number): TableRow[] {
  const [narrow, wide] = [opcode, opcode + 1].map((byte) => byte.toString(16).toUpperCase());
  const row = (encoding: string, size: Facts["size"] & (1 | "v"), rep: number) =>
    op(mnemonic, encoding, "", { size, rep, reads: "D" });
  return [
    row(narrow, 1, 0),
    row(wide, "v", 0),
    row(`F3 ${narrow}`, 1, REP_REP),
    row(`F3 ${wide}`, "v", REP_REP),
    row(`F2 ${narrow}`, 1, REP_REP),
    row(`F2 ${wide}`, "v", REP_REP),
  ];
}

/** Byte and wide encoding of one that compares. A repetition may run zero times and keep all flags. */
function comparing(mnemonic: string, opcode: number): TableRow[] {
  const [narrow, wide] = [opcode, opcode + 1].map((byte) => byte.toString(16).toUpperCase());
  const once = { reads: "D", writes: "OSZAPC" }, repeated = { reads: "D", mayWrite: "OSZAPC" };
  return [
    op(mnemonic, narrow, "", { ...once, size: 1 }),
    op(mnemonic, wide, "", { ...once, size: "v" }),
    op(mnemonic, `F3 ${narrow}`, "", { ...repeated, size: 1, rep: REP_REP }),
    op(mnemonic, `F3 ${wide}`, "", { ...repeated, size: "v", rep: REP_REP }),
    op(mnemonic, `F2 ${narrow}`, "", { ...repeated, size: 1, rep: REP_REPNE }),
    op(mnemonic, `F2 ${wide}`, "", { ...repeated, size: "v", rep: REP_REPNE }),
  ];
}

export const STRING_ROWS = family("base", [
  ...moving("movs", 0xa4),
  ...moving("stos", 0xaa),
  ...moving("lods", 0xac),
  ...comparing("cmps", 0xa6),
  ...comparing("scas", 0xae),
]);
