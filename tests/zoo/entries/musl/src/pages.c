#define _GNU_SOURCE
#include "server.h"
#include "text.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <iconv.h>
#include <locale.h>
#include <math.h>
#include <netdb.h>
#include <pthread.h>
#include <regex.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

extern char **environ;

static int hello(const struct request *r, FILE *out) {
  fprintf(out, "%s %s?%s %s\n", r->method, r->path, r->query, getenv("GREETING"));
  return 200;
}

static int file(const struct request *r, FILE *out) {
  FILE *in = strstr(r->query, "..") != NULL ? NULL : fopen(r->query, "rb");
  if (in == NULL) return fprintf(out, "%s: %s\n", r->query, strerror(errno)), 404;
  char block[4096];
  for (size_t n; (n = fread(block, 1, sizeof block, in)) > 0;) fwrite(block, 1, n, out);
  fclose(in);
  return 200;
}

static int libraries(const struct request *r, FILE *out) {
  char *turned = text_turned("turned");
  fprintf(out, "%s %s %d\n", text_began, turned, text_calls);
  free(turned);
  void *plugin = dlopen("plugin.so", RTLD_NOW);
  if (plugin == NULL) return fprintf(out, "%s\n", dlerror()), 500;
  int (*page)(FILE *) = (int (*)(FILE *))dlsym(plugin, "plugin_page");
  page(out);
  page(out);
  Dl_info info;
  if (dladdr((void *)page, &info) != 0) fprintf(out, "%s\n", info.dli_sname);
  fprintf(out, "%s\n", dlopen("nothing.so", RTLD_NOW) == NULL && strstr(dlerror(), "nothing.so") != NULL ? "no such library" : "?");
  fprintf(out, "%s\n", dlsym(plugin, "nothing") == NULL ? "no such symbol" : "?");
  dlclose(plugin);
  return 200;
}

static int library(const struct request *r, FILE *out) {
  for (double x = 0.1; x < 1e4; x *= 7.3) fprintf(out, "%.17g %.17g %.17g %a %.3e %g\n", sin(x), exp(-x), pow(x, 1.7), x, cbrt(x), lgamma(x));
  fprintf(out, "%.20Lg %Lf %.60g\n", 1 / 3.0L, sqrtl(2), 0.1);
  regex_t pattern;
  regmatch_t match[3];
  regcomp(&pattern, "([a-z]+)@([a-z.]+)", REG_EXTENDED);
  const char *text = "write to alice@example.test now";
  fprintf(out, "%d %.*s\n", regexec(&pattern, text, 3, match, 0), (int)(match[2].rm_eo - match[2].rm_so), text + match[2].rm_so);
  regfree(&pattern);
  time_t when = 1700000000;
  struct tm tm;
  char date[64];
  strftime(date, sizeof date, "%A %d %B %Y %T %Z", localtime_r(&when, &tm));
  fprintf(out, "%s %ld\n", date, (long)mktime(&tm));
  locale_t utf8 = newlocale(LC_ALL_MASK, "C.UTF-8", NULL), old = uselocale(utf8);
  wchar_t wide[32];
  fprintf(out, "%zu %d\n", mbstowcs(wide, "grüße €", 32), wcwidth(wide[2]));
  uselocale(old);
  iconv_t to = iconv_open("UTF-16LE", "UTF-8");
  char in[] = "ü€", converted[16], *from = in, *into = converted;
  size_t left = strlen(in), space = sizeof converted;
  iconv(to, &from, &left, &into, &space);
  for (char *c = converted; c < into; c++) fprintf(out, "%02x", (unsigned char)*c);
  iconv_close(to);
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
  int bad = getaddrinfo("localhost", "http", &hints, &found);
  fprintf(out, "\n%d %d\n", bad, found != NULL);
  if (found != NULL) freeaddrinfo(found);
  return 200;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t meeting;

static void *count(void *argument) {
  pthread_barrier_wait(&meeting);
  for (int i = 0; i < 1000; i++) {
    pthread_mutex_lock(&mutex);
    ++*(long *)argument;
    pthread_mutex_unlock(&mutex);
    free(text_turned("x"));
  }
  return (void *)(long)text_calls;
}

static void *wait_for(void *semaphore) {
  sem_wait(semaphore);
  return NULL;
}

static int threads(const struct request *r, FILE *out) {
  pthread_t all[8];
  long counted = 0, calls = 0;
  pthread_barrier_init(&meeting, NULL, 8);
  for (int i = 0; i < 8; i++) pthread_create(&all[i], NULL, count, &counted);
  for (int i = 0; i < 8; i++) {
    void *result;
    pthread_join(all[i], &result);
    calls += (long)result;
  }
  sem_t never;
  sem_init(&never, 0, 0);
  pthread_t cancelled;
  void *result;
  pthread_create(&cancelled, NULL, wait_for, &never);
  pthread_cancel(cancelled);
  pthread_join(cancelled, &result);
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec = (until.tv_nsec + 20000000) % 1000000000;
  until.tv_sec += until.tv_nsec < 20000000;
  int timed = sem_timedwait(&never, &until);
  fprintf(out, "%ld %ld %d %d %s\n", counted, calls, result == PTHREAD_CANCELED, timed, strerror(errno));
  return 200;
}

static sigjmp_buf back;

static void on_fault(int signal) { siglongjmp(back, signal); }

static int processes(const struct request *r, FILE *out) {
  int fds[2], status;
  if (pipe(fds) != 0) return 500;
  pid_t pid = fork();
  if (pid == 0) {
    dprintf(fds[1], "from the child of %d", getppid() > 0);
    _exit(3);
  }
  close(fds[1]);
  waitpid(pid, &status, 0);
  char said[64] = "";
  ssize_t n = read(fds[0], said, sizeof said - 1);
  close(fds[0]);
  fprintf(out, "%s %zd %d\n", said, n, WEXITSTATUS(status));
  char *arguments[] = {"nothing", NULL};
  fprintf(out, "%s\n", strerror(posix_spawn(&pid, "/bin/nothing", NULL, NULL, arguments, environ)));
  struct sigaction action = {.sa_handler = on_fault}, before;
  sigaction(SIGSEGV, &action, &before);
  int caught = 0;
  for (volatile int i = 0; i < 5; i++) {
    if (sigsetjmp(back, 1) == 0) *(volatile int *)(long)(i * 8) = 1;
    else caught++;
  }
  sigaction(SIGSEGV, &before, NULL);
  fprintf(out, "caught %d\n", caught);
  DIR *dir = opendir("/srv");
  int entries = 0;
  while (readdir(dir) != NULL) entries++;
  closedir(dir);
  fprintf(out, "entries %d\n", entries);
  return 200;
}

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The body's lines in order. */
static int sorted(const struct request *r, FILE *out) {
  char **lines = NULL, *rest = NULL;
  size_t n = 0;
  for (char *line = strtok_r(r->body, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
    lines = reallocarray(lines, n + 1, sizeof *lines);
    lines[n++] = line;
  }
  qsort(lines, n, sizeof *lines, compare);
  for (size_t i = 0; i < n; i++) fprintf(out, "%s\n", lines[i]);
  free(lines);
  return 200;
}

static int sleeping(const struct request *r, FILE *out) {
  usleep(atoi(r->query) * 1000);
  fprintf(out, "slept\n");
  return 200;
}

int page(const struct request *r, FILE *out) {
  static const struct {
    const char *path;
    int (*page)(const struct request *, FILE *);
  } pages[] = {{"/", hello}, {"/file", file}, {"/libraries", libraries}, {"/library", library}, {"/threads", threads},
               {"/processes", processes}, {"/sorted", sorted}, {"/sleep", sleeping}};
  for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
    if (strcmp(pages[i].path, r->path) == 0) return pages[i].page(r, out);
  }
  fprintf(out, "no page %s\n", r->path);
  return 404;
}
