/** Reads the text form of print.ts: for tests of passes, emitter and interpreter that begin from IR. */
import { badInput } from "../errors.ts";
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
  IrFunction,
} from "./function.ts";
import { helperNumber } from "./helpers.ts";
import { OP, OP_ARGS, OP_TABLE, type OpName } from "./ops.ts";
import { VAR_NAME } from "./variables.ts";

/** The region a text describes. Throws a TranslatorError that names the line. */
export function parseFunction(text: string): IrFunction {
  const parser = new Parser();
  text.split("\n").forEach((line, i) => {
    const words = line.trim().split(/\s+/);
    if (words[0] === "" || words[0].startsWith("//")) return;
    try {
      parser.line(words);
    } catch (error) {
      throw badInput(`IR line ${i + 1} (${line.trim()}): ${error instanceof Error ? error.message : error}`);
    }
  });
  return parser.finish();
}

class Parser {
  #fn: IrFunction | null = null;
  #block: IrBlock | null = null;
  #pc = 0;
  readonly #values: Map<string, number> = new Map();

  line(words: string[]): void {
    if (words[0] === "region") {
      this.#fn = new IrFunction(integer(words[1]));
    } else if (/^block\d+:?$/.test(words[0])) {
      this.#beginBlock(words);
    } else if (words[0] === "at") {
      this.#pc = integer(words[1]);
    } else if (words[1] === "=") {
      this.#values.set(words[0], this.#operation(words[2], words.slice(3)));
    } else if (words[0] in OP_TABLE) {
      this.#operation(words[0], words.slice(1));
    } else {
      this.#end(words[0], words.slice(1));
    }
  }

  finish(): IrFunction {
    if (this.#fn === null) throw badInput("IR text has no region line");
    return this.#fn;
  }

  #beginBlock(words: string[]): void {
    const fn = this.#fn!;
    const number = blockNumber(words[0].replace(":", ""));
    if (number !== fn.blocks.length) throw new Error(`expected block${fn.blocks.length}`);
    const pc = words.length > 1 ? integer(words[1].replace(":", "")) : -1;
    this.#block = fn.blocks[fn.newBlock(pc)];
    this.#block.first = fn.count;
    this.#block.end = fn.count;
  }

  #operation(name: string, words: string[]): number {
    const fn = this.#fn!;
    if (!(name in OP_TABLE)) throw new Error(`no operation named ${name}`);
    const op = OP[name as OpName];
    const [a, b, c] = this.#arguments(op, words);
    const v = fn.add(op, a, b, c, this.#pc);
    this.#block!.end = fn.count;
    return v;
  }

  #arguments(op: number, words: string[]): number[] {
    const fn = this.#fn!;
    switch (op) {
      case OP.i32_const:
        return [integer(words[0]) | 0, 0, 0];
      case OP.i64_const: {
        const bits = BigInt.asUintN(64, BigInt(words[0]));
        return [Number(bits & 0xffffffffn) | 0, Number(bits >> 32n) | 0, 0];
      }
      case OP.v128_const:
        return [fn.constant(bytes16(words[0])), 0, 0];
      case OP.i8x16_shuffle:
        return [this.#value(words[0]), this.#value(words[1]), fn.constant(bytes16(words[2]))];
      case OP.getvar:
        return [variable(words[0]), -1, -1];
      case OP.setvar:
        return [variable(words[0]), this.#value(words[1]), -1];
      case OP.helper:
        return [helperNumber(words[0]), ...[1, 2].map((i) => (i < words.length ? this.#value(words[i]) : -1))];
    }
    const letters = [...OP_ARGS[op]];
    if (letters.length !== words.length) throw new Error(`takes ${letters.length} arguments`);
    const columns = letters.map((letter, i) => (letter === "#" ? integer(words[i]) : this.#value(words[i])));
    while (columns.length < 3) columns.push(-1);
    return columns;
  }

  #value(word: string): number {
    const v = this.#values.get(word);
    if (v === undefined) throw new Error(`no value named ${word}`);
    return v;
  }

  #end(kind: string, words: string[]): void {
    Object.assign(this.#block!, this.#endFields(kind, words));
  }

  #endFields(kind: string, words: string[]): Partial<IrBlock> {
    const value = () => this.#value(words[0]);
    const target = () => integer(words[0]);
    switch (kind) {
      case "jump":
        return { kind: END_JUMP, succ: [blockNumber(words[0])] };
      case "branch":
        return { kind: END_BRANCH, value: value(), succ: words.slice(1, 3).map(blockNumber) };
      case "switch": {
        const cases = words.slice(2).map((word) => word.split(":"));
        return {
          kind: END_SWITCH_PC,
          value: value(),
          index: words[1] === "-" ? -1 : this.#value(words[1]),
          pcs: cases.map(([pc]) => integer(pc)),
          succ: cases.map(([, block]) => blockNumber(block)),
        };
      }
      case "call":
        return { kind: END_CALL, target: target(), returnPc: integer(words[1]), succ: [blockNumber(words[2])] };
      case "call_indirect":
        return {
          kind: END_CALL_INDIRECT,
          value: value(),
          returnPc: integer(words[1]),
          succ: [blockNumber(words[2])],
          likely: likely(words[3]),
        };
      case "return":
        return { kind: END_RETURN, value: value() };
      case "return_inside":
        return { kind: END_RETURN_INSIDE, value: value(), returnPc: integer(words[1]), succ: [blockNumber(words[2])] };
      case "exit":
        return { kind: END_EXIT, target: target() };
      case "exit_indirect":
        return { kind: END_EXIT_INDIRECT, value: value(), likely: likely(words[1]) };
      case "syscall":
        return { kind: END_SYSCALL, target: target(), succ: [blockNumber(words[1])] };
      case "trap":
        return { kind: END_TRAP, trap: integer(words[0]), target: integer(words[1]) };
    }
    throw new Error(`neither an operation nor the end of a block`);
  }
}

function likely(word: string | undefined): number {
  return word === undefined ? 0 : integer(word.replace(/^likely:/, ""));
}

function integer(word: string | undefined): number {
  const n = Number(word);
  if (word === undefined || !Number.isInteger(n)) throw new Error(`${word ?? "nothing"} is not an integer`);
  return n;
}

function blockNumber(word: string): number {
  if (!/^block\d+$/.test(word)) throw new Error(`${word} is not a block`);
  return Number(word.slice(5));
}

function bytes16(word: string): Uint8Array {
  if (!/^[0-9a-f]{32}$/.test(word)) throw new Error(`${word} is not 16 bytes`);
  return Uint8Array.from({ length: 16 }, (_, i) => parseInt(word.slice(2 * i, 2 * i + 2), 16));
}

function variable(word: string): number {
  const v = VAR_NAME.indexOf(word);
  if (v < 0 || word === "") throw new Error(`no variable named ${word}`);
  return v;
}
