/* qsort with a comparison function: indirect calls. */
#include "rounds.h"

enum { COUNT = 400000 };
static uint32_t items[COUNT];

static int compare(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static uint64_t work(void) {
  for (int i = 0; i < COUNT; i++) items[i] = next_random();
  qsort(items, COUNT, sizeof items[0], compare);
  uint64_t sum = 0;
  for (int i = 0; i < COUNT; i++) sum = sum * 31 + items[i];
  return sum;
}
