/* y = a x + y over floats and sums over integers: loops that the compiler turns into SSE. */
#include "rounds.h"

enum { COUNT = 8192 };
static float x[COUNT], y[COUNT];
static int32_t n[COUNT];

static __attribute__((noinline, optimize("O3"))) void saxpy(float a) {
  for (int i = 0; i < COUNT; i++) y[i] = a * x[i] + y[i];
}

static __attribute__((noinline, optimize("O3"))) int32_t mask_sum(int32_t limit) {
  int32_t sum = 0;
  for (int i = 0; i < COUNT; i++) sum += n[i] > limit ? n[i] >> 3 : ~n[i];
  return sum;
}

static uint64_t work(void) {
  for (int i = 0; i < COUNT; i++) x[i] = (float)(i % 17), y[i] = (float)(i % 5), n[i] = (int32_t)next_random();
  uint32_t sum = 0;
  for (int pass = 0; pass < 20000; pass++) {
    saxpy(pass & 1 ? 0.5f : -0.5f);
    sum += (uint32_t)mask_sum(pass << 12);
  }
  double total = 0;
  for (int i = 0; i < COUNT; i++) total += y[i];
  return (uint64_t)(int64_t)total << 32 ^ sum;
}
