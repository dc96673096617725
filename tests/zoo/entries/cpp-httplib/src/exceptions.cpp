// Exceptions: of all kinds, through frames with destructors, through a library, across threads.
#include "routes.h"

#include <any>
#include <dlfcn.h>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <variant>
#include <vector>

using httplib::Request;
using httplib::Response;

namespace {

struct Noisy {
  Noisy(const char* name, std::ostream& log) : name(name), log(log) {}
  ~Noisy() { log << name << (std::uncaught_exceptions() > 0 ? " (unwinding)" : "") << "; "; }
  const char* name;
  std::ostream& log;
};

struct Shape {
  virtual ~Shape() = default;
};
struct Left : virtual Shape {};
struct Right : virtual Shape {};
struct Both : Left, Right {};

struct Own : std::runtime_error {
  explicit Own(int code) : std::runtime_error("own " + std::to_string(code)), code(code) {}
  int code;
};

[[gnu::noinline]] void deep(int n, const std::function<void()>& f) {
  std::string frame(n % 40, 'x');
  if (n == 0) f();
  else deep(n - 1, f);
  if (frame == "never") throw frame;
}

const std::map<std::string, std::function<void()>> kinds = {
    {"at", [] { (void)std::vector<int>(3).at(5); }},
    {"stoi", [] { (void)std::stoi("x1"); }},
    {"range", [] { (void)std::stoi("99999999999999"); }},
    {"substr", [] { (void)std::string("abc").substr(7); }},
    {"bad-cast", [] { Left left; (void)dynamic_cast<Both&>(static_cast<Shape&>(left)); }},
    {"bad-any", [] { (void)std::any_cast<int>(std::any(1.5)); }},
    {"bad-optional", [] { (void)std::optional<int>().value(); }},
    {"bad-variant", [] { (void)std::get<int>(std::variant<int, std::string>("text")); }},
    {"bad-function", [] { std::function<void()>()(); }},
    {"bad-alloc", [] { std::vector<char> many(static_cast<size_t>(1) << 46); throw many; }},
    {"length", [] { std::string().resize(static_cast<size_t>(-1)); }},
    {"system", [] { throw std::system_error(ENOENT, std::generic_category(), "opening"); }},
    {"own", [] { throw Own(7); }},
    {"int", [] { throw 42; }},
};

std::string nested(const std::exception& e) {
  std::string text = e.what();
  try {
    std::rethrow_if_nested(e);
  } catch (const std::exception& inner) {
    text += " <- " + nested(inner);
  }
  return text;
}

// The library throws what this program catches, and calls back into what throws.
std::string with_plugin() {
  void* library = dlopen("libplugin.so", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return dlerror();
  auto call = reinterpret_cast<int (*)(int (*)(int), int)>(dlsym(library, "plugin_call"));
  std::ostringstream out;
  for (int n : {1, 2, 3}) {
    try {
      out << call([](int x) -> int {
        if (x == 2) throw Own(x);
        return x * 10;
      }, n) << "; ";
    } catch (const Own& e) {
      out << "ours " << e.code << "; ";
    } catch (const std::logic_error& e) {
      out << "its " << e.what() << "; ";
    }
  }
  dlclose(library);
  return out.str();
}

}  // namespace

void add_exceptions(httplib::Server& server) {
  server.Get(R"(/throw/([\w-]+))", [](const Request& request, Response&) {
    const auto kind = kinds.find(request.matches[1]);
    if (kind == kinds.end()) throw std::invalid_argument("no such kind");
    deep(30, kind->second);
  });
  server.Get("/unwind", [](const Request&, Response& response) {
    std::ostringstream log;
    try {
      Noisy outer("outer", log);
      std::vector<std::unique_ptr<Noisy>> owned;
      owned.push_back(std::make_unique<Noisy>("first", log));
      owned.push_back(std::make_unique<Noisy>("second", log));
      try {
        Noisy inner("inner", log);
        throw Own(1);
      } catch (const Own& e) {
        log << "caught " << e.code << "; ";
        std::throw_with_nested(std::logic_error("around it"));
      }
    } catch (const std::exception& e) {
      log << nested(e);
    }
    response.set_content(log.str() + "\n", "text/plain");
  });
  server.Get("/many", [](const Request&, Response& response) {
    int caught = 0;
    for (int i = 0; i < 5000; i++) {
      try {
        deep(5, [i] { throw Own(i); });
      } catch (const Own& e) {
        caught += e.code == i;
      }
    }
    response.set_content(std::to_string(caught) + "\n", "text/plain");
  });
  server.Get("/future", [](const Request&, Response& response) {
    std::ostringstream out;
    std::vector<std::future<int>> all;
    for (int i = 0; i < 6; i++) {
      all.push_back(std::async(std::launch::async, [i] {
        if (i % 2 == 1) throw Own(i);
        return i;
      }));
    }
    for (auto& f : all) {
      try {
        out << f.get() << "; ";
      } catch (const Own& e) {
        out << e.what() << "; ";
      }
    }
    std::promise<int> broken;
    auto waiting = broken.get_future();
    { auto gone = std::move(broken); }
    try {
      waiting.get();
    } catch (const std::future_error& e) {
      out << e.code().category().name() << ' ' << e.code().value();
    }
    response.set_content(out.str() + "\n", "text/plain");
  });
  server.Get("/plugin", [](const Request&, Response& response) { response.set_content(with_plugin() + "\n", "text/plain"); });
}
