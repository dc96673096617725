/*
 * The frame of every benchmark program: `work()` is one round, the same each time. Runs argv[1] rounds (10), prints
 * the checksum on stdout and the nanoseconds of each round on stderr, so that one run shows cold and warm time.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t work(void);

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A small generator, so that inputs are the same everywhere. */
static uint32_t random_state = 1;
__attribute__((unused)) static uint32_t next_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state;
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 10;
  uint64_t checksum = 0;
  for (int i = 0; i < rounds; i++) {
    random_state = 1;
    uint64_t start = now_ns();
    uint64_t result = work();
    fprintf(stderr, "%llu\n", (unsigned long long)(now_ns() - start));
    if (i > 0 && result != checksum) return fprintf(stderr, "round %d gives another result\n", i), 1;
    checksum = result;
  }
  printf("%016llx\n", (unsigned long long)checksum);
  return 0;
}
