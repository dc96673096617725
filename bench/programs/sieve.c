/* Sieve of Eratosthenes: byte stores in a strided loop. */
#include "rounds.h"

enum { LIMIT = 8000000 };
static unsigned char composite[LIMIT];

static uint64_t work(void) {
  memset(composite, 0, sizeof composite);
  uint64_t count = 0;
  for (uint32_t i = 2; i < LIMIT; i++) {
    if (composite[i]) continue;
    count++;
    for (uint64_t j = (uint64_t)i * i; j < LIMIT; j += i) composite[j] = 1;
  }
  return count;
}
