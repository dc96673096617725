/**
 * IR as text, for tests, bug reports and the eyes. parse.ts reads it back.
 *
 *     region 0x401000
 *     block0 0x401000:
 *       at 0x401000
 *       v0 = getvar rax
 *       v1 = i64_const 0x0000000000000001
 *       v2 = i64_add v0 v1
 *       setvar rax v2
 *       jump block1
 *
 * Values are numbered as they are printed, so the numbers are not the columns' when a pass has left holes. `at` names the
 * guest address of the operations below it. 16-byte constants are their bytes in memory order.
 */
import {
  END_BRANCH,
  END_CALL,
  END_CALL_INDIRECT,
  END_EXIT,
  END_EXIT_INDIRECT,
  END_JUMP,
  END_RETURN,
  END_RETURN_INSIDE,
  END_SWITCH_PC,
  END_SYSCALL,
  END_TRAP,
  type IrBlock,
  type IrFunction,
} from "./function.ts";
import { HELPERS } from "./helpers.ts";
import { OP, OP_ARGS, OP_NAME, OP_RESULT, TYPE_NONE } from "./ops.ts";
import { VAR_NAME } from "./variables.ts";

/** Text of a whole region. */
export function printFunction(fn: IrFunction): string {
  const names = new Map<number, string>();
  const blocks = fn.blocks.map((_, i) => printBlock(fn, i, names));
  return `region ${address(fn.entryPc)}\n${blocks.join("")}`;
}

/** Text of one block. `names` collects the values' names; leave it out to print a block by itself. */
export function printBlock(fn: IrFunction, index: number, names: Map<number, string> = new Map()): string {
  const block = fn.blocks[index];
  const lines = [block.pc === -1 ? `block${index}:` : `block${index} ${address(block.pc)}:`];
  let pc = NaN;
  for (let v = block.first; v < block.end; v++) {
    if (fn.pc[v] !== pc) lines.push(`  at ${address(pc = fn.pc[v])}`);
    lines.push(`  ${printOperation(fn, v, names)}`);
  }
  lines.push(`  ${printEnd(block, (v) => name(names, v))}`);
  return lines.join("\n") + "\n";
}

function printOperation(fn: IrFunction, v: number, names: Map<number, string>): string {
  const op = fn.op[v];
  const columns = [fn.a[v], fn.b[v], fn.c[v]];
  const words = [OP_NAME[op] || `op${op}`, ...printArguments(fn, op, columns, (value) => name(names, value))];
  if (OP_RESULT[op] === TYPE_NONE && op !== OP.getvar) return words.join(" ");
  names.set(v, `v${names.size}`);
  return `${name(names, v)} = ${words.join(" ")}`;
}

function printArguments(fn: IrFunction, op: number, columns: number[], value: (v: number) => string): string[] {
  const [a, b, c] = columns;
  switch (op) {
    case OP.i64_const:
      return [`0x${hex32(b)}${hex32(a)}`];
    case OP.v128_const:
      return [constant(fn, a)];
    case OP.i8x16_shuffle:
      return [value(a), value(b), constant(fn, c)];
    case OP.getvar:
      return [VAR_NAME[a] || `var${a}`];
    case OP.setvar:
      return [VAR_NAME[a] || `var${a}`, value(b)];
    case OP.helper:
      return [HELPERS[a]?.name ?? `helper${a}`, ...[b, c].filter((v) => v >= 0).map(value)];
  }
  return [...OP_ARGS[op]].map((letter, i) => (letter === "#" ? String(columns[i]) : value(columns[i])));
}

function likely(block: IrBlock): string[] {
  return block.likely === 0 ? [] : [`likely:${address(block.likely)}`];
}

function printEnd(block: IrBlock, value: (v: number) => string): string {
  const to = block.succ.map((s) => `block${s}`);
  switch (block.kind) {
    case END_JUMP:
      return `jump ${to[0]}`;
    case END_BRANCH:
      return `branch ${value(block.value)} ${to[0]} ${to[1]}`;
    case END_SWITCH_PC: {
      const cases = block.pcs.map((pc, k) => `${address(pc)}:${to[k]}`);
      return ["switch", value(block.value), block.index < 0 ? "-" : value(block.index), ...cases].join(" ");
    }
    case END_CALL:
      return `call ${address(block.target)} ${address(block.returnPc)} ${to[0]}`;
    case END_CALL_INDIRECT:
      return ["call_indirect", value(block.value), address(block.returnPc), to[0], ...likely(block)].join(" ");
    case END_RETURN:
      return `return ${value(block.value)}`;
    case END_RETURN_INSIDE:
      return `return_inside ${value(block.value)} ${address(block.returnPc)} ${to[0]}`;
    case END_EXIT:
      return `exit ${address(block.target)}`;
    case END_EXIT_INDIRECT:
      return ["exit_indirect", value(block.value), ...likely(block)].join(" ");
    case END_SYSCALL:
      return `syscall ${address(block.target)} ${to[0]}`;
    case END_TRAP:
      return `trap ${block.trap} ${address(block.target)}`;
  }
  return `end${block.kind}`;
}

/** A value that has no name yet is used before its definition: the verifier's business, but printable. */
function name(names: Map<number, string>, v: number): string {
  return names.get(v) ?? `?${v}`;
}

function constant(fn: IrFunction, index: number): string {
  const bytes = fn.pool[index];
  return bytes === undefined ? `pool${index}` : Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

function hex32(x: number): string {
  return (x >>> 0).toString(16).padStart(8, "0");
}

function address(pc: number): string {
  return `0x${(pc >>> 0).toString(16)}`;
}
