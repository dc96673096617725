// A server on cpp-httplib, with a thread for each connection out of a pool.
#include "routes.h"

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>

namespace {
httplib::Server* running = nullptr;
}

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  httplib::Server server;
  running = &server;
  std::signal(SIGTERM, [](int) { running->stop(); });
  server.new_task_queue = [] { return new httplib::ThreadPool(6); };
  add_basic(server);
  add_exceptions(server);
  add_threads(server);
  add_library(server);
  server.set_mount_point("/files", "/srv/www");
  server.set_exception_handler([](const httplib::Request&, httplib::Response& response, std::exception_ptr thrown) {
    response.status = 500;
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& e) {
      response.set_content(std::string("exception: ") + e.what() + "\n", "text/plain");
    } catch (...) {
      response.set_content("an exception of another kind\n", "text/plain");
    }
  });
  server.set_error_handler([](const httplib::Request& request, httplib::Response& response) {
    if (!response.body.empty()) return;
    response.set_content("error " + std::to_string(response.status) + " for " + request.path + "\n", "text/plain");
  });
  server.set_logger([](const httplib::Request& request, const httplib::Response& response) {
    std::cout << request.method << ' ' << request.path << ' ' << response.status << std::endl;
  });
  return server.listen("0.0.0.0", argc > 1 ? std::atoi(argv[1]) : 8080) ? 0 : 1;
}
