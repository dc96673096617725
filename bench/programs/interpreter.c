/* A bytecode interpreter: a switch in a loop, the worst case for indirect jumps. */
#include "rounds.h"

enum opcode { PUSH, ADD, SUB, MUL, DUP, SWAP, LOAD, STORE, JUMP_IF, HALT };

/* Counts down from variable 0 and folds it into variable 1. */
static const int32_t program[] = {
    LOAD, 1, PUSH, 31, MUL, LOAD, 0, ADD, DUP, PUSH, 7, SUB, SWAP, ADD, STORE, 1,
    LOAD, 0, PUSH, 1, SUB, DUP, STORE, 0, JUMP_IF, 0, HALT,
};

static int64_t run(const int32_t *code, int64_t count) {
  int64_t stack[16], variables[2] = {count, 1};
  int64_t *top = stack;
  for (const int32_t *pc = code;;) {
    switch (*pc++) {
      case PUSH: *top++ = *pc++; break;
      case ADD: top--, top[-1] = (int64_t)((uint64_t)top[-1] + (uint64_t)top[0]); break;
      case SUB: top--, top[-1] = (int64_t)((uint64_t)top[-1] - (uint64_t)top[0]); break;
      case MUL: top--, top[-1] = (int64_t)((uint64_t)top[-1] * (uint64_t)top[0]); break;
      case DUP: top[0] = top[-1], top++; break;
      case SWAP: { int64_t t = top[-1]; top[-1] = top[-2], top[-2] = t; break; }
      case LOAD: *top++ = variables[*pc++]; break;
      case STORE: variables[*pc++] = *--top; break;
      case JUMP_IF: pc = *--top ? code + *pc : pc + 1; break;
      case HALT: return variables[1];
    }
  }
}

static uint64_t work(void) { return (uint64_t)run(program, 2500000); }
