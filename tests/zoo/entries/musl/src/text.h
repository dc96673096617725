/* A library with a constructor, a thread-local counter and a variable that programs see. */
#pragma once
extern const char *text_began;
extern _Thread_local int text_calls;
char *text_turned(const char *text);
