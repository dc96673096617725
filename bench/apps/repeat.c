/*
 * repeat COUNT PROGRAM [ARGUMENT...]: runs a program again and again, its output thrown away, and prints the nanoseconds of
 * each run on stderr, as the programs of bench/programs do with their rounds.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (unsigned long long)t.tv_sec * 1000000000u + (unsigned long long)t.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  for (int i = atoi(argv[1]); i > 0; i--) {
    unsigned long long start = now_ns();
    pid_t pid = fork();
    if (pid < 0) return 1;
    if (pid == 0) {
      dup2(open("/dev/null", O_WRONLY), 1);
      execv(argv[2], argv + 2);
      _exit(127);
    }
    int status = 0;
    if (waitpid(pid, &status, 0) < 0 || status != 0) return fprintf(stderr, "%s: status %d\n", argv[2], status), 1;
    fprintf(stderr, "%llu\n", now_ns() - start);
  }
  return 0;
}
