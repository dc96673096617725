/*
 * repeat COUNT PROGRAM [ARGUMENT...]: runs a program again and again and prints for each run, on stdout, its CPU time in
 * nanoseconds (user and system, as wait4 gives them), the time that passed, and length and FNV-1a hash of what it wrote to
 * standard output. Its standard error is left alone.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (unsigned long long)t.tv_sec * 1000000000u + (unsigned long long)t.tv_nsec;
}

static unsigned long long ns_of(struct timeval t) {
  return (unsigned long long)t.tv_sec * 1000000000u + (unsigned long long)t.tv_usec * 1000u;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  for (int i = atoi(argv[1]); i > 0; i--) {
    int ends[2];
    if (pipe(ends) != 0) return 1;
    unsigned long long start = now_ns();
    pid_t pid = fork();
    if (pid < 0) return 1;
    if (pid == 0) {
      dup2(ends[1], 1);
      close(ends[0]);
      close(ends[1]);
      execv(argv[2], argv + 2);
      _exit(127);
    }
    close(ends[1]);
    static unsigned char bytes[65536];
    uint32_t hash = 0x811c9dc5;
    unsigned long long length = 0;
    for (ssize_t n; (n = read(ends[0], bytes, sizeof bytes)) > 0; length += (unsigned long long)n) {
      for (ssize_t k = 0; k < n; k++) hash = (hash ^ bytes[k]) * 0x01000193;
    }
    close(ends[0]);
    int status = 0;
    struct rusage use;
    if (wait4(pid, &status, 0, &use) < 0 || status != 0) return fprintf(stderr, "%s: status %d\n", argv[2], status), 1;
    printf("%llu %llu %llu-%08x\n", ns_of(use.ru_utime) + ns_of(use.ru_stime), now_ns() - start, length, (unsigned)hash);
    fflush(stdout);
  }
  return 0;
}
