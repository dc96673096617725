/**
 * From a wasm trap to the guest's pc. V8 names the module and the byte offset in the stack of the error
 * ("wasm://wasm/NAME-HASH:wasm-function[3]:0x1a2b"); a code module brings a table from offsets to guest addresses. (Deno shows
 * function index 0 everywhere, so only the offset is used.)
 */
import { STOP_DIVIDE, STOP_SEGV } from "./state.ts";

const FRAME = /wasm:\/\/wasm\/([A-Za-z0-9_.]+)-[0-9a-f]+:wasm-function\[\d+\]:0x([0-9a-f]+)/;

/** Module name and offset of the innermost wasm frame, or null. */
export function innermostFrame(stack: string): { module: string; offset: number } | null {
  const m = FRAME.exec(stack);
  return m === null ? null : { module: m[1], offset: parseInt(m[2], 16) };
}

/**
 * STOP_ reason of a trap by V8's message; 0 if it is none that guest code can cause. `detail` is STATE_STOP_INFO: minus the
 * reason where compiled code trapped on purpose.
 */
export function trapReason(message: string, detail: number): number {
  if (message.includes("out of bounds")) return STOP_SEGV;
  if (message.includes("divide") || message.includes("remainder")) return STOP_DIVIDE;
  if (message.includes("unreachable") && detail < 0) return -detail;
  return 0;
}
