/** Instructions on the flags themselves. */
import { family, op } from "./builder.ts";

export const FLAG_ROWS = family("base", [
  op("cmc", "F5", "", { reads: "C", writes: "C" }),
  op("clc", "F8", "", { writes: "C" }),
  op("stc", "F9", "", { writes: "C" }),
  op("cld", "FC", "", { writes: "D" }),
  op("std", "FD", "", { writes: "D" }),
  op("sahf", "9E", "", { writes: "SZAPC", size: 1 }),
  op("lahf", "9F", "", { reads: "SZAPC", size: 1 }),
]);
