/**
 * Checks that a region is well formed: what the emitter and the passes take for granted. Run after lifting and after every
 * pass in tests.
 */
import { TranslatorError } from "../errors.ts";
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
import { OP, OP_ARGS, OP_NAME, TYPE_F32, TYPE_F64, TYPE_I32, TYPE_I64, TYPE_NONE, TYPE_V128 } from "./ops.ts";
import { printBlock } from "./print.ts";
import { VAR_NAME, VAR_TYPE } from "./variables.ts";

/** A broken rule, and the block that breaks it. */
export interface IrProblem {
  block: number;
  reason: string;
}

/** Throws when a region is malformed; the error's cause is the text of the block. */
export function verifyFunction(fn: IrFunction): void {
  const problem = findProblems(fn)[0];
  if (problem === undefined) return;
  const text = fn.blocks[problem.block] === undefined ? "no such block" : printBlock(fn, problem.block);
  throw new TranslatorError("bug", `IR block${problem.block}: ${problem.reason}`, { pc: fn.entryPc >>> 0 }, {
    cause: new Error(text),
  });
}

/** All that is wrong with a region. */
export function findProblems(fn: IrFunction): IrProblem[] {
  const problems: IrProblem[] = [];
  if (fn.blocks.length === 0) return [{ block: 0, reason: "a region needs an entry block" }];
  fn.blocks.forEach((block, i) => {
    const report = (reason: string) => {
      problems.push({ block: i, reason });
    };
    if (block.first < 0 || block.end < block.first || block.end > fn.count) {
      report(`operations ${block.first} to ${block.end} of ${fn.count}`);
      return;
    }
    for (let v = block.first; v < block.end; v++) checkOperation(fn, block, v, report);
    checkEnd(fn, block, report);
  });
  return problems;
}

type Report = (reason: string) => void;

const TYPE_NAMES = ["nothing", "i32", "i64", "f32", "f64", "v128"];
const TYPES: Record<string, number> = { i: TYPE_I32, l: TYPE_I64, f: TYPE_F32, d: TYPE_F64, v: TYPE_V128 };

function checkOperation(fn: IrFunction, block: IrBlock, v: number, report: Report): void {
  const op = fn.op[v];
  const name = OP_NAME[op];
  if (!name) return report(`v${v} has unknown operation ${op}`);
  const columns = [fn.a[v], fn.b[v], fn.c[v]];
  const args = OP_ARGS[op];
  for (let i = 0; i < args.length; i++) {
    if (args[i] === "#" || args[i] === "*") continue;
    if (op === OP.helper && columns[i] === -1) continue;
    checkValue(fn, block, v, columns[i], TYPES[args[i]], name, report);
  }
  if (op === OP.getvar && !VAR_NAME[columns[0]]) report(`getvar of unknown variable ${columns[0]}`);
  if (op === OP.setvar) {
    if (!VAR_NAME[columns[0]]) return report(`setvar of unknown variable ${columns[0]}`);
    checkValue(fn, block, v, columns[1], VAR_TYPE[columns[0]], `setvar ${VAR_NAME[columns[0]]}`, report);
  }
  if (op === OP.helper && HELPERS[columns[0]] === undefined) report(`helper number ${columns[0]} does not exist`);
  if (op === OP.v128_const) checkPool(fn, columns[0], 256, name, report);
  if (op === OP.i8x16_shuffle) checkPool(fn, columns[2], 32, name, report);
  checkLane(name, columns, report);
}

function checkValue(
  fn: IrFunction,
  block: IrBlock,
  user: number,
  value: number,
  type: number,
  what: string,
  report: Report,
): void {
  if (value < block.first || value >= user) {
    report(`${what} (v${user}) uses v${value}, which is not defined before it in the block`);
  } else if (fn.typeOf(value) !== type) {
    report(`${what} (v${user}) wants ${TYPE_NAMES[type]}, v${value} is ${TYPE_NAMES[fn.typeOf(value)]}`);
  }
}

function checkPool(fn: IrFunction, index: number, limit: number, what: string, report: Report): void {
  const bytes = fn.pool[index];
  if (bytes === undefined || bytes.length !== 16) report(`${what} names constant ${index} of ${fn.pool.length}`);
  else if (bytes.some((byte) => byte >= limit)) report(`${what} names a lane beyond ${limit}`);
}

function checkLane(name: string, [, b, c]: number[], report: Report): void {
  const shape = /^[if]\d+x(\d+)_(extract|replace)_lane/.exec(name);
  if (shape === null) return;
  const lane = shape[2] === "extract" ? b : c;
  if (lane < 0 || lane >= Number(shape[1])) report(`${name} of lane ${lane}`);
}

/** Per END_ kind: successors (-1: as many as pcs), and whether `value` is used. */
const ENDS: Record<number, { successors: number; value: boolean }> = {
  [END_JUMP]: { successors: 1, value: false },
  [END_BRANCH]: { successors: 2, value: true },
  [END_SWITCH_PC]: { successors: -1, value: true },
  [END_CALL]: { successors: 1, value: false },
  [END_CALL_INDIRECT]: { successors: 1, value: true },
  [END_RETURN]: { successors: 0, value: true },
  [END_RETURN_INSIDE]: { successors: 1, value: true },
  [END_EXIT]: { successors: 0, value: false },
  [END_EXIT_INDIRECT]: { successors: 0, value: true },
  [END_SYSCALL]: { successors: 1, value: false },
  [END_TRAP]: { successors: 0, value: false },
};

function checkEnd(fn: IrFunction, block: IrBlock, report: Report): void {
  const rule = ENDS[block.kind];
  if (rule === undefined) return report(block.kind === 0 ? "the block has no end" : `unknown end ${block.kind}`);
  if (rule.value) checkValue(fn, block, block.end, block.value, TYPE_I32, "the block's end", report);
  const wanted = rule.successors < 0 ? block.pcs.length : rule.successors;
  const inlined = block.kind === END_CALL_INDIRECT && block.succ.length === 2 && block.likely !== 0;
  if (block.succ.length !== wanted && !inlined) report(`${block.succ.length} successors where ${wanted} belong`);
  for (const s of block.succ) if (fn.blocks[s] === undefined) report(`successor block${s} does not exist`);
  if (block.kind === END_SWITCH_PC && block.index >= 0) {
    checkValue(fn, block, block.end, block.index, TYPE_I32, "the switch's index", report);
  }
  if (block.kind === END_TRAP && block.trap <= TYPE_NONE) report("a trap needs a reason");
}
