/** Processor queries, hints, fences, segment bases. */
import { OP } from "../ir/ops.ts";
import { VAR_FSBASE, VAR_GSBASE } from "../ir/variables.ts";
import { RCX } from "../machine/state.ts";
import type { Lift, Lifter } from "./lifter.ts";

/** One thread runs at a time and memory is coherent: fences, cache control and hints have nothing to do. */
const nothing: Lift = () => {};

/** An instruction that is a helper of the same name, working on registers. */
function query(name: string): Lift {
  return (l) => void l.helper(name);
}

const rdtscp: Lift = (l) => {
  l.helper("rdtsc");
  // IA32_TSC_AUX: Linux puts the CPU number there, and we have CPU 0 only.
  l.setGpr64(RCX, l.i64(0));
};

/** A hint: an address outside of memory does nothing. */
const prefetch: Lift = (l) => {
  const [place] = l.insn.operands;
  const address = l.linear(place);
  const isInside = l.op(OP.i32_lt_u, address, l.op(OP.memory_bytes));
  l.op(OP.prefetch, l.op(OP.select_i32, address, l.i32(0), isInside));
};

function readBase(variable: number): Lift {
  return (l) => {
    const [dst] = l.insn.operands;
    const base = l.getVar(variable);
    l.write(dst, dst.bytes === 8 ? l.extendU(base) : base);
  };
}

function writeBase(variable: number): Lift {
  return (l: Lifter) => {
    const [src] = l.insn.operands;
    const v = l.read(src);
    l.setVar(variable, src.bytes === 8 ? l.wrap(v) : v);
  };
}

/** rdrand, rdseed: there is always a number, so CF is set and the other flags are clear. */
const random: Lift = (l) => {
  const [to] = l.insn.operands;
  const low = l.helper("random");
  if (to.bytes === 8) {
    const high = l.op(OP.i64_shl, l.extendU(l.helper("random")), l.i64(32));
    l.write(to, l.or64(high, l.extendU(low)));
  } else l.write(to, low);
  for (let flag = 1; flag < 6; flag++) l.setFlag(flag, l.i32(0));
  l.setFlag(0, l.i32(1));
};

export const systemLifts: Record<string, Lift> = {
  nop: nothing,
  prefetch,
  pause: nothing,
  lfence: nothing,
  mfence: nothing,
  sfence: nothing,
  clflush: nothing,
  cpuid: query("cpuid"),
  rdtsc: query("rdtsc"),
  rdtscp,
  xgetbv: query("xgetbv"),
  rdrand: random,
  rdseed: random,
  rdfsbase: readBase(VAR_FSBASE),
  rdgsbase: readBase(VAR_GSBASE),
  wrfsbase: writeBase(VAR_FSBASE),
  wrgsbase: writeBase(VAR_GSBASE),
};
