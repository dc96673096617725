#include "text.h"

#include <stdlib.h>
#include <string.h>

const char *text_began = "not constructed";
_Thread_local int text_calls = 100;

__attribute__((constructor)) static void begin(void) { text_began = "constructed"; }

char *text_turned(const char *text) {
  size_t n = strlen(text);
  char *turned = malloc(n + 1);
  if (turned == NULL) return NULL;
  for (size_t i = 0; i < n; i++) turned[i] = text[n - 1 - i];
  turned[n] = 0;
  text_calls++;
  return turned;
}
