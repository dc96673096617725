#include "server.h"

#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

const char *server_name(void) { return "server"; }

static const char *reason(int status) {
  return status == 200 ? "OK" : status == 404 ? "Not Found" : "Internal Server Error";
}

/* Reads a request; 0 if there is none. */
static int read_request(FILE *in, struct request *r) {
  char line[2048];
  memset(r, 0, sizeof *r);
  if (fgets(line, sizeof line, in) == NULL || sscanf(line, "%15s %255s", r->method, r->path) != 2) return 0;
  char *query = strchr(r->path, '?');
  if (query != NULL) {
    *query = 0;
    strcpy(r->query, query + 1);
  }
  while (fgets(line, sizeof line, in) != NULL && line[0] != '\r') {
    if (strncasecmp(line, "content-length:", 15) == 0) r->length = strtoul(line + 15, NULL, 10);
  }
  r->body = calloc(r->length + 1, 1);
  return r->body != NULL && fread(r->body, 1, r->length, in) == r->length;
}

static void *serve(void *argument) {
  int fd = (int)(long)argument;
  FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
  struct request request;
  if (read_request(in, &request)) {
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    int status = page(&request, memory);
    fclose(memory);
    fprintf(out, "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", status, reason(status), size);
    if (strcmp(request.method, "HEAD") != 0) fwrite(text, 1, size, out);
    free(text);
  }
  free(request.body);
  fclose(out);
  fclose(in);
  return NULL;
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), off = 0, on = 1;
  struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(argc > 1 ? atoi(argv[1]) : 8080)};
  setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 64) != 0) {
    perror("listen");
    return 1;
  }
  pthread_attr_t detached;
  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    pthread_t thread;
    if (fd >= 0 && pthread_create(&thread, &detached, serve, (void *)(long)fd) != 0) close(fd);
  }
}
