/**
 * Functions that every code module has beside its regions, written by hand: the pc lookup, the high half of a 64-bit product
 * (wasm has no wide multiply), and the dispatcher's loop.
 *
 * The lookup memory (memory 1) is an open-addressing hash from guest pc to table slot: i32 shift at 0, i32 mask at 4, from
 * LOOKUP_ENTRIES pairs (pc, slot). Slot 0 is empty, pc 0 is no key. Filled by machine/lookup_table.ts. What was found last stands in
 * guest memory besides (machine/recent_lookups.ts).
 */
import { LOOKUP_ENTRIES, LOOKUP_HASH } from "../machine/lookup_table.ts";
import { RECENT_MASK, RECENT_START } from "../machine/recent_lookups.ts";
import { OP } from "../ir/ops.ts";
import {
  GUEST_BIAS,
  REENTER_DEPTH,
  RSP,
  STACK_UNIT,
  STATE_FUEL,
  STATE_GPR,
  STATE_REENTER,
  STATE_RIP,
  STATE_STOP,
  STOP_NOT_FUSED,
  WRITABLE_RANGE,
} from "../machine/state.ts";
import { VAR_HOME } from "../ir/variables.ts";
import { Code } from "./code.ts";
import {
  BLOCK_EMPTY,
  W_BR,
  W_BR_IF,
  W_CALL_INDIRECT,
  W_DROP,
  W_END,
  W_IF,
  W_LOOP,
  W_RETURN,
  W_RETURN_CALL,
  W_RETURN_CALL_INDIRECT,
  W_SELECT,
  W_UNREACHABLE,
} from "./opcodes.ts";
import { PASSED_VARS, REGION_PARAMS, RESULT_VAR } from "./region_signature.ts";

const I32 = 0x7f, I64 = 0x7e;

/** (pc) -> slot or 0: one of the recent ones, or what `find` gives. */
export function lookupBody(find: number): Uint8Array {
  const PC = 0, AT = 1, c = new Code();
  return recentOf(c, PC).tee(AT).i32Load(RECENT_START)
    .get(PC).op(OP.i32_ne, W_IF, BLOCK_EMPTY).get(PC).call(find).op(W_RETURN, W_END)
    .get(AT).i32Load(RECENT_START + 4)
    .body([1, I32]);
}

/** Where the recent entry of a pc is, from RECENT_START on. */
function recentOf(c: Code, pc: number): Code {
  return c.get(pc).i32(RECENT_MASK).op(OP.i32_and);
}

/** (pc) -> slot or 0. A pc that is not there is asked for: the host may compile it on the spot. */
export function findBody(miss: number): Uint8Array {
  const PC = 0, AT = 1, KEY = 2, SLOT = 3, c = new Code();
  c.get(PC).i32(LOOKUP_HASH).op(OP.i32_mul).i32(0).lookupLoad(0).op(OP.i32_shr_u).i32(3).op(OP.i32_shl).set(AT)
    .op(W_LOOP, BLOCK_EMPTY)
    .get(AT).lookupLoad(LOOKUP_ENTRIES).tee(KEY).get(PC).op(OP.i32_eq, W_IF, BLOCK_EMPTY)
    .get(AT).lookupLoad(LOOKUP_ENTRIES + 4).tee(SLOT).op(W_IF, BLOCK_EMPTY);
  return recentOf(c, PC).tee(AT).get(PC).i32Store(RECENT_START)
    .get(AT).get(SLOT).i32Store(RECENT_START + 4).op(W_END)
    .get(SLOT).op(W_RETURN, W_END)
    .get(KEY).op(OP.i32_eqz, W_IF, BLOCK_EMPTY).get(PC).call(miss).op(W_RETURN, W_END)
    .get(AT).i32(8).op(OP.i32_add).i32(0).lookupLoad(4).op(OP.i32_and).set(AT)
    .op(W_BR, 0, W_END, W_UNREACHABLE)
    .body([3, I32]);
}

/** (pc, what a region is given) -> what it gives: calls the region of a pc; gives the pc back if it has none. */
export function callThroughBody(lookup: number, regionType: number): Uint8Array {
  return goThrough(new Code(), lookup, regionType);
}

/** The same for a jump, which costs fuel; next pc 0 if the kernel takes over at the pc. */
export function jumpThroughBody(lookup: number, fuel: number, regionType: number): Uint8Array {
  const c = new Code();
  c.i32(0).i32(0).i32Load(STATE_FUEL).i32(1).op(OP.i32_sub).tee(THROUGH_SLOT).i32Store(STATE_FUEL);
  c.get(THROUGH_SLOT).op(OP.i32_eqz, W_IF, BLOCK_EMPTY).i32(0).get(THROUGH_PC).i32Store(STATE_RIP);
  c.call(fuel).op(W_IF, BLOCK_EMPTY).i32(0).i64(0).op(W_RETURN, W_END, W_END);
  return goThrough(c, lookup, regionType);
}

/** Locals of these two. */
const THROUGH_PC = 0, THROUGH_GIVEN = 1, THROUGH_SLOT = THROUGH_GIVEN + REGION_PARAMS.length;

/** Ends them. */
function goThrough(c: Code, lookup: number, regionType: number): Uint8Array {
  c.get(THROUGH_PC).call(lookup).tee(THROUGH_SLOT).op(OP.i32_eqz, W_IF, BLOCK_EMPTY);
  giveBack(c.get(THROUGH_PC)).op(W_END);
  return goOnAt(c, THROUGH_SLOT, THROUGH_GIVEN, regionType);
}

/** Returns to the pc on the stack, with what a region gives besides. */
function giveBack(c: Code): Code {
  return c.i32(0).i64Load(VAR_HOME[RESULT_VAR]).op(W_RETURN);
}

/** Ends a function with a tail call of the region in a slot; what that is given is in locals from `given` on. */
function goOnAt(c: Code, slot: number, given: number, regionType: number): Uint8Array {
  for (let i = 0; i < REGION_PARAMS.length; i++) c.get(given + i);
  c.get(slot).op(W_RETURN_CALL_INDIRECT);
  c.out.u32(regionType);
  c.out.u32(0);
  return c.body([1, I32]);
}

/** High 64 bits of the unsigned product, by four 32-bit products. */
export function mulhiUBody(): Uint8Array {
  const A = 0, B = 1, AL = 2, BL = 3, AH = 4, BH = 5, MID = 6, CROSS = 7;
  const c = new Code();
  c.get(A).i64(-1, 0).op(OP.i64_and).set(AL).get(B).i64(-1, 0).op(OP.i64_and).set(BL);
  c.get(A).i64(32).op(OP.i64_shr_u).set(AH).get(B).i64(32).op(OP.i64_shr_u).set(BH);
  // mid = ah*bl + (al*bl >> 32): no overflow, (2^32-1)^2 + 2^32-1 < 2^64.
  c.get(AH).get(BL).op(OP.i64_mul).get(AL).get(BL).op(OP.i64_mul).i64(32).op(OP.i64_shr_u, OP.i64_add).set(MID);
  // cross = al*bh + low(mid)
  c.get(AL).get(BH).op(OP.i64_mul).get(MID).i64(-1, 0).op(OP.i64_and, OP.i64_add).set(CROSS);
  c.get(AH).get(BH).op(OP.i64_mul).get(MID).i64(32).op(OP.i64_shr_u, OP.i64_add);
  c.get(CROSS).i64(32).op(OP.i64_shr_u, OP.i64_add);
  return c.body([6, I64]);
}

/** High 64 bits of the signed product: the unsigned one minus what the signs add. */
export function mulhiSBody(mulhiU: number): Uint8Array {
  const A = 0, B = 1;
  return new Code()
    .get(A).get(B).call(mulhiU)
    .get(A).i64(63).op(OP.i64_shr_s).get(B).op(OP.i64_and, OP.i64_sub)
    .get(B).i64(63).op(OP.i64_shr_s).get(A).op(OP.i64_and, OP.i64_sub)
    .body();
}

/**
 * As a region: stands in a table slot until its region is compiled, and has that done when it is called. Where that cannot
 * be, it returns the pc, so that the call unwinds to the dispatcher.
 */
export function stubBody(pc: number, miss: number, regionType: number): Uint8Array {
  const GIVEN = 0, SLOT = REGION_PARAMS.length;
  const c = new Code();
  giveBack(c.i32(pc).call(miss).tee(SLOT).op(OP.i32_eqz, W_IF, BLOCK_EMPTY).i32(pc)).op(W_END);
  return goOnAt(c, SLOT, GIVEN, regionType);
}

/**
 * As a region: goes on in the one of a pc. It has that made if there is none, as a stub would: a lookup alone gives return sites back
 * to the dispatcher.
 */
export function foundBody(pc: number, lookup: number, stub: number, regionType: number): Uint8Array {
  const GIVEN = 0, SLOT = REGION_PARAMS.length;
  const c = new Code();
  c.i32(pc).call(lookup).tee(SLOT).op(OP.i32_eqz, W_IF, BLOCK_EMPTY);
  giveBack(c.i32(pc).call(stub).tee(SLOT).op(OP.i32_eqz, W_IF, BLOCK_EMPTY).i32(pc)).op(W_END, W_END);
  return goOnAt(c, SLOT, GIVEN, regionType);
}

/** As a region: enters the function of a region at the block of a number. With too little depth it returns its own pc. */
export function sideEntryBody(pc: number, number: number, minDepth: number, main: number, fused: boolean): Uint8Array {
  const DEPTH = 0;
  const c = new Code();
  if (minDepth > 0) giveBack(c.get(DEPTH).i32(minDepth).op(OP.i32_lt_s, W_IF, BLOCK_EMPTY).i32(pc)).op(W_END);
  if (fused) {
    // As the region itself would: it only knows the address of its own entry.
    c.globalGet(0).op(OP.i32_eqz, W_IF, BLOCK_EMPTY);
    c.i32(0).i32(pc).i32Store(STATE_RIP).i32(0).i32(STOP_NOT_FUSED).i32Store(STATE_STOP);
    c.i32(0).i64(0).op(W_RETURN, W_END);
  }
  c.i32(0).i32(number).i32Store(STATE_REENTER).get(DEPTH).i32(REENTER_DEPTH).op(OP.i32_sub);
  for (let i = 1; i < REGION_PARAMS.length; i++) c.get(i);
  c.op(W_RETURN_CALL);
  c.out.u32(main);
  return c.body();
}

/** () -> the number in STATE_REENTER, which is 0 then. */
export function reenterBody(): Uint8Array {
  const NUMBER = 0;
  return new Code()
    .i32(0).i32Load(STATE_REENTER).set(NUMBER).i32(0).i32(0).i32Store(STATE_REENTER).get(NUMBER)
    .body([1, I32]);
}

/** Entries of regions between two looks at whether somebody else wants the CPU. */
const RUN_FUEL_MASK = 0xfff;

/**
 * Depth that is given at least, however little stack is left: most functions begin with it, and together they do not pass a
 * guard page.
 */
const LEAST_DEPTH = 128;

/**
 * (pc, depth) -> 0 if something stopped, else the pc that has no region. Everything that unwinds ends here and is entered
 * again by pc. With a number in STATE_REENTER the first region goes on there.
 *
 * No more depth is given than the guest has stack, so that code that recurses without end comes by here when it has used that
 * up, and is stopped. A region that wants more than that just to begin is given twice as much each time.
 */
export function runBody(lookup: number, fuel: number, stackEnd: number, regionType: number): Uint8Array {
  const PC = 0, DEPTH = 1, SLOT = 2, ROUNDS = 3, RSP_NOW = 4, ROOM = 5, GIVEN = 6, LAST_PC = 7, LAST_RSP = 8;
  const c = new Code();
  const room = () =>
    c.get(RSP_NOW).i32(8).op(OP.i32_sub).i32(0).i32Load(WRITABLE_RANGE).op(OP.i32_sub).tee(ROOM)
      .i32(0).i32Load(WRITABLE_RANGE + 4).op(OP.i32_ge_u);
  c.op(W_LOOP, BLOCK_EMPTY);
  c.get(PC).call(lookup).tee(SLOT).op(OP.i32_eqz, W_IF, BLOCK_EMPTY).get(PC).op(W_RETURN, W_END);
  c.get(ROUNDS).i32(1).op(OP.i32_add).tee(ROUNDS).i32(RUN_FUEL_MASK).op(OP.i32_and, OP.i32_eqz, W_IF, BLOCK_EMPTY);
  c.i32(0).get(PC).i32Store(STATE_RIP).i32(0).i32(0).i32Store(STATE_RIP + 4);
  c.call(fuel).op(W_IF, BLOCK_EMPTY).i32(0).op(W_RETURN, W_END, W_END);
  c.i32(0).i32Load(STATE_GPR + 8 * RSP).i32(GUEST_BIAS).op(OP.i32_sub).set(RSP_NOW);
  room().op(W_IF, BLOCK_EMPTY);
  // The first region may well be one that gets a stack.
  c.get(RSP_NOW).i32(0).get(PC).get(ROUNDS).i32(1).op(OP.i32_eq, W_SELECT);
  c.call(stackEnd).op(W_IF, BLOCK_EMPTY).i32(0).op(W_RETURN, W_END);
  room().op(W_IF, BLOCK_EMPTY).i32(-1).set(ROOM).op(W_END, W_END);
  c.get(ROOM).i32(Math.log2(STACK_UNIT)).op(OP.i32_shr_u).tee(ROOM);
  c.i32(LEAST_DEPTH).get(ROOM).i32(LEAST_DEPTH).op(OP.i32_gt_u, W_SELECT);
  c.get(GIVEN).i32(1).op(OP.i32_shl);
  c.get(PC).get(LAST_PC).op(OP.i32_ne).get(RSP_NOW).get(LAST_RSP).op(OP.i32_ne, OP.i32_or, W_SELECT).tee(GIVEN);
  c.get(DEPTH).get(GIVEN).get(DEPTH).op(OP.i32_lt_u, W_SELECT).tee(GIVEN);
  c.get(PC).set(LAST_PC).get(RSP_NOW).set(LAST_RSP);
  c.i32(0).i32Load(STATE_REENTER).op(OP.i32_eqz, OP.i32_eqz).i32(Math.log2(REENTER_DEPTH));
  c.op(OP.i32_shl, OP.i32_sub);
  for (const v of PASSED_VARS) c.i32(0).i64Load(VAR_HOME[v]);
  c.get(SLOT).op(W_CALL_INDIRECT);
  c.out.u32(regionType);
  c.out.u32(0);
  c.op(W_DROP).tee(PC).op(W_BR_IF, 0, W_END).i32(0);
  return c.body([7, I32]);
}
