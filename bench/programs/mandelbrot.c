/* The Mandelbrot set: double arithmetic with a data-dependent exit. */
#include "rounds.h"

enum { SIZE = 320, LIMIT = 1000 };

static uint64_t work(void) {
  uint64_t sum = 0;
  for (int py = 0; py < SIZE; py++) {
    for (int px = 0; px < SIZE; px++) {
      double cx = px * 3.0 / SIZE - 2.0, cy = py * 2.4 / SIZE - 1.2, x = 0, y = 0;
      int n = 0;
      while (n < LIMIT && x * x + y * y < 4.0) {
        double t = x * x - y * y + cx;
        y = 2 * x * y + cy;
        x = t;
        n++;
      }
      sum = sum * 31 + (uint64_t)n;
    }
  }
  return sum;
}
