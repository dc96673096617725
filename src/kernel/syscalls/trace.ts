import { R10, R8, R9, RDI, RDX, RSI } from "../../machine/state.ts";
import { errnoName } from "../abi/errno.ts";
import { signalName } from "../abi/signal.ts";
import { syscallName } from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import { copyFromUser, readCString } from "../memory/user_memory.ts";
import type { Task } from "../task/task.ts";
import { BLOCKED, NO_RESULT } from "../wait_queue.ts";

const ARGUMENTS = [RDI, RSI, RDX, R10, R8, R9];
const SHOWN_BYTES = 32;

/**
 * strace-like lines from the table's formats, so that handlers need no tracing code. An entry of `format` is an argument's
 * name, with its kind after a colon if it is not a hexadecimal number:
 *
 *     fd, int, uint   decimal        path, string   NUL-terminated text at the address
 *     signal          SIGTERM        bytes          text at the address, as long as the next argument says
 *     octal           file modes     x              hexadecimal (the default)
 */
export class Tracer {
  private readonly entered = new WeakMap<Task, string>();

  constructor(private readonly print: (line: string) => void) {}

  enter(k: Kernel, t: Task, number: number): void {
    const row = k.syscalls[number];
    const i32 = t.memory.i32;
    const values = ARGUMENTS.map((r) => (i32[r * 2] >>> 0) + i32[r * 2 + 1] * 4294967296);
    const format = row?.format ?? ARGUMENTS.map((_, i) => `a${i}`);
    const shown = format.map((f, i) => describe(t, f, values, i));
    this.entered.set(t, `[${t.tid}] ${row?.name ?? syscallName(number)}(${shown.join(", ")})`);
  }

  leave(t: Task, result: number): void {
    const call = this.entered.get(t) ?? `[${t.tid}] ?`;
    this.entered.delete(t);
    this.print(`${call} = ${describeResult(result)}`);
  }
}

function describeResult(result: number): string {
  if (result === NO_RESULT || result === BLOCKED) return "?";
  if (result < 0 && result > -4096) return `-1 ${errnoName(-result)}`;
  return result > 0xfffff ? `0x${result.toString(16)}` : `${result}`;
}

function describe(t: Task, format: string, values: readonly number[], i: number): string {
  const value = values[i], kind = format.split(":")[1];
  switch (kind) {
    case "fd":
    case "int":
      return `${value | 0}`;
    case "uint":
      return `${value}`;
    case "octal":
      return `0${(value >>> 0).toString(8)}`;
    case "signal":
      return signalName(value | 0);
    case "path":
    case "string": {
      const text = value === 0 ? "NULL" : readCString(t, value);
      return typeof text === "number" ? hex(value) : value === 0 ? "NULL" : JSON.stringify(text);
    }
    case "bytes": {
      const length = Math.min(values[i + 1], SHOWN_BYTES);
      const bytes = copyFromUser(t, value, length);
      if (typeof bytes === "number") return hex(value);
      const text = JSON.stringify(String.fromCharCode(...bytes));
      return values[i + 1] > length ? `${text}...` : text;
    }
    default:
      return hex(value);
  }
}

function hex(value: number): string {
  return value < 0 ? `${value}` : value < 10 ? `${value}` : `0x${value.toString(16)}`;
}
