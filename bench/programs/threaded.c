/* A byte code interpreter with computed gotos: a jump at the end of each instruction. */
#include "rounds.h"

static const unsigned char program[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 2, 3, 10, 11};

static uint64_t run(const unsigned char *pc, uint32_t n) {
  static const void *const labels[] = {&&add, &&mix, &&triple, &&subtract, &&fold,   &&more,
                                       &&turn, &&spread, &&less, &&flip,   &&repeat, &&end};
  const unsigned char *start = pc;
  uint64_t x = 1, y = 2;
#define NEXT goto *labels[*pc++]
  NEXT;
add: x += y; NEXT;
mix: y ^= x << 1; NEXT;
triple: x *= 3; NEXT;
subtract: y -= x; NEXT;
fold: x ^= y >> 3; NEXT;
more: y += 17; NEXT;
turn: x = x << 7 | x >> 57; NEXT;
spread: y = y * 5 + 1; NEXT;
less: x -= 9; NEXT;
flip: y ^= 0x55; NEXT;
repeat: if (--n) pc = start; NEXT;
end: return x ^ y;
}

static uint64_t work(void) { return run(program, 3000000); }
