// Requests and responses of all kinds.
#include "routes.h"

#include <chrono>
#include <cstdlib>
#include <iomanip>
#include <map>
#include <sstream>
#include <thread>

using httplib::Request;
using httplib::Response;

void add_basic(httplib::Server& server) {
  server.Get("/hello", [](const Request&, Response& response) { response.set_content("hello\n", "text/plain"); });
  server.Get("/query", [](const Request& request, Response& response) {
    std::ostringstream out;
    for (const auto& [name, value] : request.params) out << std::quoted(name) << " = " << std::quoted(value) << "\n";
    response.set_content(out.str(), "text/plain");
  });
  server.Get(R"(/users/(\d+)/(\w+))", [](const Request& request, Response& response) {
    response.set_content(request.matches[2].str() + " of " + request.matches[1].str() + "\n", "text/plain");
  });
  server.Get("/headers", [](const Request& request, Response& response) {
    response.set_header("X-Seen", request.get_header_value("X-Test"));
    response.set_header("Set-Cookie", "a=1; Path=/");
    response.set_header("Set-Cookie", "b=2; HttpOnly");
    response.set_content(std::to_string(request.get_header_value_count("X-Test")) + "\n", "text/plain");
  });
  server.Post("/echo", [](const Request& request, Response& response) {
    response.set_content(request.body, request.get_header_value("Content-Type"));
  });
  server.Post("/form", [](const Request& request, Response& response) {
    std::ostringstream out;
    for (const auto& [name, part] : request.files) out << name << ": " << part.filename << " " << part.content_type << " " << part.content.size() << "\n";
    for (const auto& [name, value] : request.params) out << name << " = " << value << "\n";
    response.set_content(out.str(), "text/plain");
  });
  // The body as it comes, never all of it in memory.
  server.Post("/sum", [](const Request&, Response& response, const httplib::ContentReader& read) {
    uint64_t sum = 0, length = 0;
    read([&](const char* data, size_t size) {
      for (size_t i = 0; i < size; i++) sum = sum * 31 + static_cast<unsigned char>(data[i]);
      length += size;
      return true;
    });
    std::ostringstream out;
    out << std::dec << length << ' ' << std::hex << std::setw(16) << std::setfill('0') << sum << '\n';
    response.set_content(out.str(), "text/plain");
  });
  server.Get("/stream", [](const Request&, Response& response) {
    response.set_chunked_content_provider("text/event-stream", [n = 0](size_t, httplib::DataSink& sink) mutable {
      const std::string event = "data: " + std::to_string(n) + "\n\n";
      if (!sink.write(event.data(), event.size())) return false;
      if (++n == 5) sink.done();
      else std::this_thread::sleep_for(std::chrono::milliseconds(60));
      return true;
    });
  });
  server.Get("/big", [](const Request& request, Response& response) {
    const size_t size = std::stoul(request.get_param_value("n"));
    response.set_content_provider(size, "application/octet-stream", [](size_t offset, size_t length, httplib::DataSink& sink) {
      char block[32768];
      const size_t now = std::min(length, sizeof block);
      for (size_t i = 0; i < now; i++) block[i] = static_cast<char>((offset + i) * 7);
      return sink.write(block, now);
    });
  });
  server.Get("/text", [](const Request&, Response& response) {
    std::string text;
    for (int i = 0; i < 500; i++) text += "compressible text; ";
    response.set_content(text, "text/plain");
  });
  server.Get("/sleep", [](const Request& request, Response& response) {
    std::this_thread::sleep_for(std::chrono::milliseconds(std::stoi(request.get_param_value("ms"))));
    response.set_content("slept\n", "text/plain");
  });
  server.Get("/redirect", [](const Request&, Response& response) { response.set_redirect("/hello", 303); });
  server.Get("/env", [](const Request&, Response& response) {
    response.set_content(std::string(std::getenv("GREETING")) + "\n", "text/plain");
  });
}
