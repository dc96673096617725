/* Recursive Fibonacci: calls, returns, small frames. */
#include "rounds.h"

static __attribute__((noinline)) uint64_t fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

static uint64_t work(void) { return fib(37); }
