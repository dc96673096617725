/** Classic BPF as seccomp allows it: programs without backward jumps over the words of struct seccomp_data. */
import * as bpf from "../abi/seccomp.ts";

/** A program's instructions: code, jump if true, jump if false, constant; four numbers each. */
export type BpfProgram = Int32Array;

const COLUMNS = 4;

/** The instructions that a filter may have (seccomp_check_filter in kernel/seccomp.c). */
const ALLOWED = new Set<number>([
  bpf.BPF_LD | bpf.BPF_ABS,
  bpf.BPF_LD | bpf.BPF_LEN,
  bpf.BPF_LD | bpf.BPF_IMM,
  bpf.BPF_LD | bpf.BPF_MEM,
  bpf.BPF_LDX | bpf.BPF_LEN,
  bpf.BPF_LDX | bpf.BPF_IMM,
  bpf.BPF_LDX | bpf.BPF_MEM,
  bpf.BPF_ST,
  bpf.BPF_STX,
  bpf.BPF_ALU | bpf.BPF_NEG,
  bpf.BPF_JMP | bpf.BPF_JA,
  bpf.BPF_RET | bpf.BPF_K,
  bpf.BPF_RET | bpf.BPF_A,
  bpf.BPF_MISC | bpf.BPF_TAX,
  bpf.BPF_MISC | bpf.BPF_TXA,
  ...[
    ...[
      bpf.BPF_ADD,
      bpf.BPF_SUB,
      bpf.BPF_MUL,
      bpf.BPF_DIV,
      bpf.BPF_OR,
      bpf.BPF_AND,
      bpf.BPF_LSH,
      bpf.BPF_RSH,
      bpf.BPF_XOR,
    ]
      .map((op) => bpf.BPF_ALU | op),
    ...[bpf.BPF_JEQ, bpf.BPF_JGT, bpf.BPF_JGE, bpf.BPF_JSET].map((op) => bpf.BPF_JMP | op),
  ].flatMap((code) => [code | bpf.BPF_K, code | bpf.BPF_X]),
]);

/** True if the kernel would take the program: all jumps stay inside, all ways end in a return, no word is read unset. */
export function isValidFilter(program: BpfProgram): boolean {
  const count = program.length / COLUMNS;
  if (count < 1 || count > bpf.BPF_MAXINSNS) return false;
  for (let i = 0; i < count; i++) {
    const [code, jt, jf, k] = program.subarray(i * COLUMNS, (i + 1) * COLUMNS);
    if (!ALLOWED.has(code) || !isValidConstant(code, k)) return false;
    if ((code & 7) !== bpf.BPF_JMP) continue;
    const left = count - i - 1;
    if (code === (bpf.BPF_JMP | bpf.BPF_JA) ? k >>> 0 >= left : jt >= left || jf >= left) return false;
  }
  return (program[(count - 1) * COLUMNS] & 7) === bpf.BPF_RET && setsBeforeUse(program);
}

function isValidConstant(code: number, k: number): boolean {
  switch (code) {
    case bpf.BPF_LD | bpf.BPF_ABS:
      return k >>> 0 < bpf.SECCOMP_DATA_BYTES && (k & 3) === 0;
    case bpf.BPF_LD | bpf.BPF_MEM:
    case bpf.BPF_LDX | bpf.BPF_MEM:
    case bpf.BPF_ST:
    case bpf.BPF_STX:
      return k >>> 0 < bpf.BPF_MEMWORDS;
    case bpf.BPF_ALU | bpf.BPF_DIV | bpf.BPF_K:
      return k !== 0;
    case bpf.BPF_ALU | bpf.BPF_LSH | bpf.BPF_K:
    case bpf.BPF_ALU | bpf.BPF_RSH | bpf.BPF_K:
      return k >>> 0 < 32;
  }
  return true;
}

/** Words of memory are written on every way to where they are read (check_load_and_stores in net/core/filter.c). */
function setsBeforeUse(program: BpfProgram): boolean {
  const count = program.length / COLUMNS;
  const before = new Uint16Array(count).fill(0xffff);
  let set = 0;
  for (let i = 0; i < count; i++) {
    const [code, jt, jf, k] = program.subarray(i * COLUMNS, (i + 1) * COLUMNS);
    set &= before[i];
    if (code === bpf.BPF_ST || code === bpf.BPF_STX) set |= 1 << k;
    else if ((code === (bpf.BPF_LD | bpf.BPF_MEM) || code === (bpf.BPF_LDX | bpf.BPF_MEM)) && (set >> k & 1) === 0) {
      return false;
    } else if ((code & 7) === bpf.BPF_JMP) {
      const targets = code === (bpf.BPF_JMP | bpf.BPF_JA) ? [k] : [jt, jf];
      for (const target of targets) before[i + 1 + target] &= set;
      set = 0xffff;
    }
  }
  return true;
}

const memory = new Int32Array(bpf.BPF_MEMWORDS);

/** What a valid program returns for these words. */
export function runFilter(program: BpfProgram, data: Int32Array): number {
  let a = 0, x = 0;
  for (let at = 0;; at += COLUMNS) {
    const code = program[at], k = program[at + 3], operand = code & bpf.BPF_X ? x : k;
    switch (code & 7) {
      case bpf.BPF_LD:
        a = loaded(code, k, data);
        break;
      case bpf.BPF_LDX:
        x = loaded(code, k, data);
        break;
      case bpf.BPF_ST:
        memory[k] = a;
        break;
      case bpf.BPF_STX:
        memory[k] = x;
        break;
      case bpf.BPF_ALU:
        // A division by zero ends the program with 0.
        if ((code & 0xf0) === bpf.BPF_DIV && operand === 0) return 0;
        a = computed(code, a, operand);
        break;
      case bpf.BPF_JMP:
        if (code === (bpf.BPF_JMP | bpf.BPF_JA)) at += k * COLUMNS;
        else at += program[at + (holds(code, a, operand) ? 1 : 2)] * COLUMNS;
        break;
      case bpf.BPF_RET:
        return code & bpf.BPF_A ? a : k;
      case bpf.BPF_MISC:
        if (code & bpf.BPF_TXA) a = x;
        else x = a;
    }
  }
}

function loaded(code: number, k: number, data: Int32Array): number {
  switch (code & 0xe0) {
    case bpf.BPF_ABS:
      return data[k >> 2];
    case bpf.BPF_LEN:
      return bpf.SECCOMP_DATA_BYTES;
    case bpf.BPF_MEM:
      return memory[k];
  }
  return k;
}

function computed(code: number, a: number, operand: number): number {
  switch (code & 0xf0) {
    case bpf.BPF_ADD:
      return a + operand | 0;
    case bpf.BPF_SUB:
      return a - operand | 0;
    case bpf.BPF_MUL:
      return Math.imul(a, operand);
    case bpf.BPF_DIV:
      return (a >>> 0) / (operand >>> 0) | 0;
    case bpf.BPF_OR:
      return a | operand;
    case bpf.BPF_AND:
      return a & operand;
    case bpf.BPF_LSH:
      return a << operand;
    case bpf.BPF_RSH:
      return a >>> operand | 0;
    case bpf.BPF_NEG:
      return -a | 0;
  }
  return a ^ operand;
}

function holds(code: number, a: number, operand: number): boolean {
  switch (code & 0xf0) {
    case bpf.BPF_JEQ:
      return a === operand;
    case bpf.BPF_JGT:
      return a >>> 0 > operand >>> 0;
    case bpf.BPF_JGE:
      return a >>> 0 >= operand >>> 0;
  }
  return (a & operand) !== 0;
}
