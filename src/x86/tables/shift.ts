/**
 * Shifts and rotates. With an immediate count the masks hold for a count that is not zero after masking; flag_use.ts looks
 * at the count itself. With CL nothing is certain before run time, so everything is `mayWrite`.
 */
import { type Facts, family, op, type TableRow } from "./builder.ts";

const SHIFT: Facts = { writes: "OSZPC", undefined: "OA", counted: true };
const SHIFT_1: Facts = { writes: "OSZPC", undefined: "A", counted: true };
const SHIFT_CL: Facts = { mayWrite: "OSZAPC", undefined: "OA", counted: true };
const ROTATE: Facts = { writes: "OC", undefined: "O", counted: true };
const ROTATE_1: Facts = { writes: "OC", counted: true };
const ROTATE_CL: Facts = { mayWrite: "OC", undefined: "O", counted: true };
const CARRY: Facts = { reads: "C", writes: "OC", undefined: "O", counted: true };
const CARRY_1: Facts = { reads: "C", writes: "OC", counted: true };
const CARRY_CL: Facts = { reads: "C", mayWrite: "OC", undefined: "O", counted: true };

/** The six encodings of group 2 with `digit`. */
function group2(mnemonic: string, digit: number, byImmediate: Facts, byOne: Facts, byCl: Facts): TableRow[] {
  return [
    op(mnemonic, `C0 /${digit} ib`, "rm8, imm8", byImmediate),
    op(mnemonic, `C1 /${digit} ib`, "rmv, imm8", byImmediate),
    op(mnemonic, `D0 /${digit}`, "rm8, 1", byOne),
    op(mnemonic, `D1 /${digit}`, "rmv, 1", byOne),
    op(mnemonic, `D2 /${digit}`, "rm8, cl", byCl),
    op(mnemonic, `D3 /${digit}`, "rmv, cl", byCl),
  ];
}

export const SHIFT_ROWS = family("base", [
  ...group2("rol", 0, ROTATE, ROTATE_1, ROTATE_CL),
  ...group2("ror", 1, ROTATE, ROTATE_1, ROTATE_CL),
  ...group2("rcl", 2, CARRY, CARRY_1, CARRY_CL),
  ...group2("rcr", 3, CARRY, CARRY_1, CARRY_CL),
  ...group2("shl", 4, SHIFT, SHIFT_1, SHIFT_CL),
  ...group2("shr", 5, SHIFT, SHIFT_1, SHIFT_CL),
  // SAL's other encoding, which the manual leaves out and CPUs run.
  ...group2("shl", 6, SHIFT, SHIFT_1, SHIFT_CL),
  ...group2("sar", 7, SHIFT, SHIFT_1, SHIFT_CL),

  op("shld", "0F A4 /r ib", "rmv, rv, imm8", SHIFT),
  op("shld", "0F A5 /r", "rmv, rv, cl", SHIFT_CL),
  op("shrd", "0F AC /r ib", "rmv, rv, imm8", SHIFT),
  op("shrd", "0F AD /r", "rmv, rv, cl", SHIFT_CL),
]);
