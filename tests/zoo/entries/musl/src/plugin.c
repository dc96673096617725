/* Loaded when a page asks for it: calls back into the program and into a library that both have. */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>

const char *server_name(void);
static _Thread_local int calls;

int plugin_page(FILE *out) {
  char *turned = text_turned(server_name());
  int n = fprintf(out, "%s %d %d %s\n", turned, ++calls, text_calls, text_began);
  free(turned);
  return n;
}
