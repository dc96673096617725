/* Multiplication of large numbers, 64 bits by 64 to 128 at a time. */
#include "rounds.h"

enum { LIMBS = 64 };
typedef unsigned __int128 wide;

static void multiply(uint64_t *out, const uint64_t *a, const uint64_t *b) {
  memset(out, 0, 2 * LIMBS * sizeof *out);
  for (int i = 0; i < LIMBS; i++) {
    uint64_t carry = 0;
    for (int j = 0; j < LIMBS; j++) {
      wide sum = (wide)a[i] * b[j] + out[i + j] + carry;
      out[i + j] = (uint64_t)sum;
      carry = (uint64_t)(sum >> 64);
    }
    out[i + LIMBS] = carry;
  }
}

static uint64_t work(void) {
  uint64_t a[LIMBS], b[LIMBS], product[2 * LIMBS];
  for (int i = 0; i < LIMBS; i++) {
    a[i] = (uint64_t)next_random() << 32 | next_random();
    b[i] = (uint64_t)next_random() << 32 | next_random();
  }
  for (int pass = 0; pass < 20000; pass++) {
    multiply(product, a, b);
    for (int i = 0; i < LIMBS; i++) a[i] = product[i + LIMBS / 2] | 1;
  }
  return product[LIMBS] ^ product[2 * LIMBS - 1];
}
