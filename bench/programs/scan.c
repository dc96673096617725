/* Scanning text byte by byte: words, lines, a naive substring search. */
#include "rounds.h"

enum { BYTES = 4 << 20 };
static char text[BYTES + 1];

static uint64_t work(void) {
  for (int i = 0; i < BYTES; i++) {
    uint32_t r = next_random() >> 8;
    text[i] = r % 7 == 0 ? ' ' : r % 53 == 0 ? '\n' : (char)('a' + r % 23);
  }
  uint64_t words = 0, lines = 0, found = 0, sum = 0;
  for (int pass = 0; pass < 4; pass++) {
    int inside = 0;
    for (const char *p = text; *p; p++) {
      int letter = *p > ' ';
      words += letter && !inside;
      lines += *p == '\n';
      inside = letter;
      if (p[0] == 't' && p[1] == 'h' && p[2] == 'e') found++;
      sum = sum * 33 + (unsigned char)*p;
    }
  }
  return words ^ lines << 20 ^ found << 40 ^ sum;
}
