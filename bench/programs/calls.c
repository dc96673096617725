/* Chains of small functions that are not inlined. */
#include "rounds.h"

static __attribute__((noinline, noclone)) uint32_t mix(uint32_t a, uint32_t b) { return (a ^ b) * 2654435761u; }
static __attribute__((noinline, noclone)) uint32_t step(uint32_t a, uint32_t b, uint32_t c) { return mix(a + c, b) + mix(b, c); }
static __attribute__((noinline, noclone)) uint32_t twice(uint32_t a, uint32_t b) { return step(a, b, 3) ^ step(b, a, 5); }

static uint64_t work(void) {
  uint32_t a = 1, b = 2;
  for (int i = 0; i < 4000000; i++) {
    a = twice(a, b);
    b = mix(b, a);
  }
  return (uint64_t)a << 32 | b;
}
