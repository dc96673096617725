// A library that the server loads when it is first asked for.
#include <stdexcept>
#include <string>

extern "C" int plugin_call(int (*back)(int), int n) {
  static thread_local int calls = 0;
  calls++;
  if (n == 3) throw std::logic_error("from the library, call " + std::to_string(calls));
  return back(n) + calls;
}
