/** ADD, ADC, SUB, SBB, CMP, INC, DEC, NEG, and the logic instructions that share their encodings. */
import { type Facts, family, op, type TableRow } from "./builder.ts";

const ARITH: Facts = { writes: "OSZAPC" };
const CARRY: Facts = { writes: "OSZAPC", reads: "C" };
// Logic clears OF and CF and leaves AF undefined.
const LOGIC: Facts = { writes: "OSZPC", undefined: "A" };
// INC and DEC keep CF.
const STEP: Facts = { writes: "OSZAP", lock: true };

/** The nine encodings of a two-operand ALU instruction: opcodes `first` to `first` + 5, and group 1 with `digit`. */
function alu(mnemonic: string, first: number, digit: number, facts: Facts): TableRow[] {
  const opcode = (n: number) => (first + n).toString(16).toUpperCase().padStart(2, "0");
  const toMemory = mnemonic === "cmp" ? facts : { ...facts, lock: true };
  return [
    op(mnemonic, `${opcode(0)} /r`, "rm8, r8", toMemory),
    op(mnemonic, `${opcode(1)} /r`, "rmv, rv", toMemory),
    op(mnemonic, `${opcode(2)} /r`, "r8, rm8", facts),
    op(mnemonic, `${opcode(3)} /r`, "rv, rmv", facts),
    op(mnemonic, `${opcode(4)} ib`, "al, imm8sb", facts),
    op(mnemonic, `${opcode(5)} iz`, "av, immz", facts),
    op(mnemonic, `80 /${digit} ib`, "rm8, imm8sb", toMemory),
    op(mnemonic, `81 /${digit} iz`, "rmv, immz", toMemory),
    op(mnemonic, `83 /${digit} ib`, "rmv, imm8s", toMemory),
  ];
}

export const ARITH_ROWS = family("base", [
  ...alu("add", 0x00, 0, ARITH),
  ...alu("or", 0x08, 1, LOGIC),
  ...alu("adc", 0x10, 2, CARRY),
  ...alu("sbb", 0x18, 3, CARRY),
  ...alu("and", 0x20, 4, LOGIC),
  ...alu("sub", 0x28, 5, ARITH),
  ...alu("xor", 0x30, 6, LOGIC),
  ...alu("cmp", 0x38, 7, ARITH),

  op("inc", "FE /0", "rm8", STEP),
  op("inc", "FF /0", "rmv", STEP),
  op("dec", "FE /1", "rm8", STEP),
  op("dec", "FF /1", "rmv", STEP),

  op("neg", "F6 /3", "rm8", { writes: "OSZAPC", lock: true }),
  op("neg", "F7 /3", "rmv", { writes: "OSZAPC", lock: true }),
  op("not", "F6 /2", "rm8", { lock: true }),
  op("not", "F7 /2", "rmv", { lock: true }),

  op("test", "84 /r", "rm8, r8", LOGIC),
  op("test", "85 /r", "rmv, rv", LOGIC),
  op("test", "A8 ib", "al, imm8sb", LOGIC),
  op("test", "A9 iz", "av, immz", LOGIC),
  op("test", "F6 /0 ib", "rm8, imm8sb", LOGIC),
  op("test", "F7 /0 iz", "rmv, immz", LOGIC),
  // An alias that every CPU has and no manual names.
  op("test", "F6 /1 ib", "rm8, imm8sb", LOGIC),
  op("test", "F7 /1 iz", "rmv, immz", LOGIC),

  op("adcx", "66 0F 38 F6 /r", "ry, rmy", { reads: "C", writes: "C", feature: "adx" }),
  op("adox", "F3 0F 38 F6 /r", "ry, rmy", { reads: "O", writes: "O", feature: "adx" }),
]);
