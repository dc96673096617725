/* A small HTTP server: a thread for each connection; what a page says is in pages.c. */
#pragma once
#include <stddef.h>
#include <stdio.h>

struct request {
  char method[16], path[256], query[256];
  char *body;
  size_t length;
};

/* Writes the page into `out`; the status. */
int page(const struct request *request, FILE *out);
