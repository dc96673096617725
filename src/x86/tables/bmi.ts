/** BMI1 and BMI2: bit manipulation on general registers. TZCNT and LZCNT are in bit.ts. */
import { type Facts, family, op } from "./builder.ts";

const LOGIC: Facts = { writes: "OSZC", undefined: "AP" };

export const BMI_ROWS = [
  ...family("bmi1", [
    op("andn", "VEX.LZ.0F38 F2 /r", "ry, ry.v, rmy", LOGIC),
    op("blsr", "VEX.LZ.0F38 F3 /1", "ry.v, rmy", LOGIC),
    op("blsmsk", "VEX.LZ.0F38 F3 /2", "ry.v, rmy", LOGIC),
    op("blsi", "VEX.LZ.0F38 F3 /3", "ry.v, rmy", LOGIC),
    op("bextr", "VEX.LZ.0F38 F7 /r", "ry, rmy, ry.v", { writes: "OZC", undefined: "SAP" }),
  ]),
  ...family("bmi2", [
    op("bzhi", "VEX.LZ.0F38 F5 /r", "ry, rmy, ry.v", LOGIC),
    op("pext", "VEX.LZ.F3.0F38 F5 /r", "ry, ry.v, rmy"),
    op("pdep", "VEX.LZ.F2.0F38 F5 /r", "ry, ry.v, rmy"),
    op("mulx", "VEX.LZ.F2.0F38 F6 /r", "ry, ry.v, rmy"),
    op("shlx", "VEX.LZ.66.0F38 F7 /r", "ry, rmy, ry.v"),
    op("sarx", "VEX.LZ.F3.0F38 F7 /r", "ry, rmy, ry.v"),
    op("shrx", "VEX.LZ.F2.0F38 F7 /r", "ry, rmy, ry.v"),
    op("rorx", "VEX.LZ.F2.0F3A F0 /r ib", "ry, rmy, imm8"),
  ]),
];
