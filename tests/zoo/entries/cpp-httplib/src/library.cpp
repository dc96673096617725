// The standard library at work: streams, locales, regular expressions, numbers, files, containers, coroutines, zlib.
#include "routes.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <complex>
#include <coroutine>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <locale>
#include <map>
#include <memory_resource>
#include <numeric>
#include <random>
#include <ranges>
#include <regex>
#include <set>
#include <sstream>
#include <unordered_map>
#include <zlib.h>

using httplib::Request;
using httplib::Response;

namespace {

std::string streams() {
  std::ostringstream out;
  out << std::fixed << std::setprecision(3) << 3.14159 << ' ' << std::scientific << 12345.678 << ' ' << std::hexfloat << 0.1 << ' '
      << std::defaultfloat << 1e20 << ' ' << std::showbase << std::hex << 255 << ' ' << std::oct << 8 << ' ' << std::dec << std::setw(8)
      << std::setfill('*') << std::internal << -42 << ' ' << std::boolalpha << true << '\n';
  struct Grouped : std::numpunct<char> {
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
    char do_decimal_point() const override { return ','; }
  };
  out.imbue(std::locale(out.getloc(), new Grouped));
  out << 1234567 << ' ' << 1234.5 << '\n';
  out.imbue(std::locale::classic());
  std::istringstream in("12 0x1f 3.5e2 word x");
  int a;
  std::string word;
  double d;
  in >> a;
  int b;
  in >> std::hex >> b >> std::dec >> d >> word;
  out << a << ' ' << b << ' ' << d << ' ' << word;
  in >> a;
  out << ' ' << in.fail() << in.eof() << '\n';
  std::tm when{};
  std::istringstream("2024-02-29 12:34:56") >> std::get_time(&when, "%Y-%m-%d %H:%M:%S");
  out << std::put_time(&when, "%d %b %Y %I:%M %p") << '\n';
  return out.str();
}

std::string regexes() {
  std::string text;
  for (int i = 0; i < 60; i++) text += "alice <alice@example.test>, bob_2 (bob@sub.example.test); x@y ";
  const std::regex mail(R"(([a-z_0-9.]+)@((?:[a-z]+\.)+test))", std::regex::icase | std::regex::optimize);
  std::ostringstream out;
  out << std::distance(std::sregex_iterator(text.begin(), text.end(), mail), {}) << '\n'
      << std::regex_replace(text.substr(0, 62), mail, "$2 at $1") << '\n';
  std::smatch match;
  const std::string date = "2024-02-29T12:00";
  if (std::regex_match(date, match, std::regex(R"((\d{4})-(\d\d)-(\d\d)(T.*)?)"))) {
    for (const auto& part : match) out << '[' << part << ']';
  }
  try {
    std::regex bad("(");
  } catch (const std::regex_error& e) {
    out << ' ' << (e.code() == std::regex_constants::error_paren) << '\n';
  }
  return out.str();
}

std::string numbers() {
  std::ostringstream out;
  out << std::setprecision(17);
  for (double x : {0.1, 1.0, 2.5, -3.75, 1e300, 5e-324, 3.141592653589793}) {
    out << std::sqrt(std::abs(x)) << ' ' << std::sin(x) << ' ' << std::exp(-x) << ' ' << std::tgamma(std::fmod(x, 5)) << ' ' << std::nearbyint(x) << ' '
        << static_cast<float>(x) << ' ' << std::cbrt(x) << ' ' << std::hypot(x, 1) << '\n';
  }
  out << static_cast<long double>(1) / 3 << ' ' << std::sqrt(2.0L) << ' ' << std::log(std::complex<double>(1, 2)) << '\n';
  char buffer[64];
  for (double x : {0.1, 1e21, 123456789.125, 2.2250738585072014e-308}) {
    out << std::string_view(buffer, std::to_chars(buffer, buffer + 64, x).ptr) << ' ';
  }
  double parsed = 0;
  const std::string_view text = "6.02214076e23rest";
  const auto rest = std::from_chars(text.data(), text.data() + text.size(), parsed);
  out << parsed << ' ' << rest.ptr << '\n';
  std::mt19937_64 random(42);
  std::normal_distribution<double> normal(0, 1);
  out << random() << ' ' << normal(random) << ' ' << std::uniform_int_distribution<int>(0, 999)(random) << '\n';
  out << std::popcount(0xdeadbeefu) << ' ' << std::countl_zero(0xf0u) << ' ' << std::rotl(0x12345678u, 7) << ' ' << std::gcd(1071, 462) << ' '
      << std::midpoint(3, 8) << ' ' << std::lerp(1.0, 2.0, 0.3) << '\n';
  const auto wide = static_cast<unsigned __int128>(-1) / 12345678901234567ull;
  out << static_cast<uint64_t>(wide >> 64) << ' ' << static_cast<uint64_t>(wide) << '\n';
  return out.str();
}

std::string files() {
  namespace fs = std::filesystem;
  const fs::path dir = fs::temp_directory_path() / ("files-" + std::to_string(getpid()) + "-" + std::to_string(pthread_self()));
  fs::create_directories(dir / "a" / "b");
  for (int i = 0; i < 5; i++) std::ofstream(dir / "a" / (std::to_string(i) + ".txt")) << std::string(i * 10, 'a' + i);
  fs::rename(dir / "a" / "1.txt", dir / "a" / "b" / "moved");
  fs::copy_file(dir / "a" / "4.txt", dir / "copy");
  fs::create_symlink("copy", dir / "link");
  fs::permissions(dir / "copy", fs::perms::owner_all | fs::perms::others_read);
  std::fstream both(dir / "copy");
  both.seekp(5);
  both << "MIDDLE" << std::flush;
  both.seekg(0);
  std::string text;
  std::getline(both, text);
  std::ostringstream out;
  out << text << ' ' << std::oct << static_cast<unsigned>(fs::status(dir / "copy").permissions()) << std::dec << '\n';
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    names.insert(fs::relative(entry.path(), dir).string() + (entry.is_regular_file() ? " " + std::to_string(entry.file_size()) : ""));
  }
  for (const auto& name : names) out << name << '\n';
  std::error_code error;
  (void)fs::file_size(dir / "nothing", error);
  out << error.message() << ' ' << fs::read_symlink(dir / "link") << ' ' << (fs::last_write_time(dir / "copy") > fs::file_time_type{} - std::chrono::hours(1 << 20)) << '\n';
  try {
    fs::remove(dir / "a");
  } catch (const fs::filesystem_error& e) {
    out << e.code().message() << '\n';
  }
  out << fs::remove_all(dir) << '\n';
  return out.str();
}

struct Generator {
  struct promise_type {
    long value = 0;
    Generator get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(long v) {
      value = v;
      return {};
    }
    void return_void() {}
    void unhandled_exception() { std::rethrow_exception(std::current_exception()); }
  };
  std::coroutine_handle<promise_type> handle;
};

Generator fibonacci() {
  for (long a = 0, b = 1;; std::tie(a, b) = std::pair(b, a + b)) {
    if (a > 1000000) throw std::overflow_error("enough");
    co_yield a;
  }
}

std::string containers() {
  std::ostringstream out;
  auto numbers = fibonacci();
  long sum = 0;
  try {
    for (;; sum += numbers.handle.promise().value) numbers.handle.resume();
  } catch (const std::overflow_error& e) {
    out << sum << ' ' << e.what() << '\n';
  }
  numbers.handle.destroy();
  std::mt19937 random(7);
  std::vector<std::pair<int, int>> all(20000);
  for (int i = 0; auto& [k, v] : all) k = random() % 500, v = i++;
  std::ranges::stable_sort(all, {}, &std::pair<int, int>::first);
  uint64_t hash = 14695981039346656037ull;
  for (const auto& [k, v] : all) hash = (hash ^ (k * 65537 + v)) * 1099511628211ull;
  std::byte stack[4096];
  std::pmr::monotonic_buffer_resource memory(stack, sizeof stack);
  std::pmr::unordered_map<int, int> counts(&memory);
  for (const auto& [k, v] : all) counts[k]++;
  const auto most = std::ranges::max(counts | std::views::values);
  std::nth_element(all.begin(), all.begin() + 100, all.end(), std::greater<>());
  out << hash << ' ' << counts.size() << ' ' << most << ' ' << all[100].first << '\n';
  for (int n : std::views::iota(1) | std::views::filter([](int i) { return i % 3 == 0; }) | std::views::transform([](int i) { return i * i; }) | std::views::take(5)) out << n << ' ';
  return out.str() + "\n";
}

void compressed(const Request& request, Response& response) {
  uLongf size = compressBound(request.body.size());
  std::string packed(size, '\0');
  compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(request.body.data()), request.body.size(), 9);
  packed.resize(size);
  uLongf length = request.body.size();
  std::string again(length, '\0');
  const int result = uncompress(reinterpret_cast<Bytef*>(again.data()), &length, reinterpret_cast<const Bytef*>(packed.data()), size);
  response.set_header("X-Same", result == Z_OK && again == request.body ? "yes" : "no");
  response.set_content(packed, "application/zlib");
}

}  // namespace

void add_library(httplib::Server& server) {
  const std::pair<const char*, std::string (*)()> routes[] = {
      {"/streams", streams}, {"/regexes", regexes}, {"/numbers", numbers}, {"/filesystem", files}, {"/containers", containers}};
  for (const auto& [path, work] : routes) {
    server.Get(path, [work = work](const Request&, Response& response) { response.set_content(work(), "text/plain"); });
  }
  server.Post("/compressed", compressed);
}
