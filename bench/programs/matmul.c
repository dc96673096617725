/* Multiplication of square matrices of doubles. */
#include "rounds.h"

enum { N = 320 };
static double a[N][N], b[N][N], c[N][N];

static uint64_t work(void) {
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++) a[i][j] = i - j, b[i][j] = i + 2 * j, c[i][j] = 0;
  }
  for (int pass = 0; pass < 8; pass++) {
    for (int i = 0; i < N; i++) {
      for (int k = 0; k < N; k++) {
        for (int j = 0; j < N; j++) c[i][j] += a[i][k] * b[k][j];
      }
    }
  }
  double sum = 0;
  for (int i = 0; i < N; i++) sum += c[i][(i * 7) % N];
  return (uint64_t)(int64_t)sum;
}
