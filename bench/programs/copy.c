/* Copying: large structures by value, memcpy and memmove of many sizes. */
#include "rounds.h"

struct record { uint64_t fields[40]; };
enum { RECORDS = 512, BYTES = 1 << 18 };
static struct record records[RECORDS];
static unsigned char from[BYTES], to[BYTES];

static __attribute__((noinline)) struct record turn(struct record r, uint64_t by) {
  r.fields[by % 40] += by;
  return r;
}

static uint64_t work(void) {
  for (int i = 0; i < BYTES; i++) from[i] = (unsigned char)(i * 13);
  memset(records, 1, sizeof records);
  uint64_t sum = 0;
  for (int pass = 0; pass < 1500; pass++) {
    for (int i = 0; i + 1 < RECORDS; i++) records[i + 1] = turn(records[i], (uint64_t)(pass + i));
    size_t bytes = 1 + (size_t)(pass * 97) % (BYTES / 2);
    memcpy(to, from + pass % 64, bytes);
    memmove(to + 8, to, bytes);
    for (int i = 0; i < 200; i++) memcpy(to + i * 64, from + i * 48, (size_t)(i % 60));
    sum = sum * 31 + to[bytes / 2] + records[RECORDS - 1].fields[pass % 40];
  }
  return sum;
}
