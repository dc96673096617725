/** Checks of loads and stores, in code made for MODE_CHECKED (machine/code_mode.ts). */
import { ACCESS_BYTES } from "../ir/access.ts";
import { KIND_LOAD, KIND_STORE, OP, OP_KIND } from "../ir/ops.ts";
import { PROBE_READ, PROBE_WRITE } from "../ir/probe.ts";
import { GUEST_BIAS, GUEST_LOWEST, STATE_X87 } from "../machine/state.ts";
import type { Builder } from "./builder.ts";

/** Before an operation is added: checks what it is to access. Bulk operations are checked by who adds them. */
export function checkAccess(l: Builder, op: number, a: number, b: number, c: number): void {
  const kind = OP_KIND[op];
  if ((kind !== KIND_LOAD && kind !== KIND_STORE) || ACCESS_BYTES[op] === 0) return;
  const write = kind === KIND_STORE, offset = write ? c : b;
  if (isState(l, a, offset)) return;
  l.plain(OP.check, a, offset, 2 * ACCESS_BYTES[op] + (write ? PROBE_WRITE : PROBE_READ));
}

/** The state block is nobody's mapping: at its constant addresses, and the x87's registers. */
function isState({ fn: { op, a } }: Builder, address: number, offset: number): boolean {
  if (op[address] === OP.i32_const) return a[address] >= 0 && a[address] + offset < GUEST_LOWEST - GUEST_BIAS;
  return op[address] === OP.i32_shl && offset >= STATE_X87;
}
