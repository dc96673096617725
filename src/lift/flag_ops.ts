/** Instructions on the flags themselves: clc stc cmc cld std lahf sahf. */
import { OP } from "../ir/ops.ts";
import { VAR_DF } from "../ir/variables.ts";
import { RAX } from "../machine/state.ts";
import type { Lift } from "./lifter.ts";

const CF = 0, PF = 1, AF = 2, ZF = 3, SF = 4;
/** Places of CF PF AF ZF SF in AH. */
const BITS = [0, 2, 4, 6, 7];

const lahf: Lift = (l) => {
  // Bit 1 is always set.
  let ah = l.i32(2);
  for (const f of [CF, PF, AF, ZF, SF]) ah = l.op(OP.i32_or, ah, l.shl32(l.flag(f), BITS[f]));
  l.setGprHigh(RAX, ah);
};

const sahf: Lift = (l) => {
  const ah = l.gprHigh(RAX);
  for (const f of [CF, PF, AF, ZF, SF]) {
    if (l.flagsWanted(1 << f)) l.setFlag(f, l.op(OP.i32_and, l.op(OP.i32_shr_u, ah, l.i32(BITS[f])), l.i32(1)));
  }
};

export const flagOpsLifts: Record<string, Lift> = {
  clc: (l) => l.setFlag(CF, l.i32(0)),
  stc: (l) => l.setFlag(CF, l.i32(1)),
  cmc: (l) => l.setFlag(CF, l.op(OP.i32_xor, l.flag(CF), l.i32(1))),
  cld: (l) => l.setVar(VAR_DF, l.i32(0)),
  std: (l) => l.setVar(VAR_DF, l.i32(1)),
  lahf,
  sahf,
};
