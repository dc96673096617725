// Threads and what they share.
#include "routes.h"

#include <atomic>
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <latch>
#include <mutex>
#include <numeric>
#include <semaphore>
#include <shared_mutex>
#include <sstream>
#include <thread>

using httplib::Request;
using httplib::Response;
using namespace std::chrono_literals;

namespace {

thread_local struct Counted {
  static inline std::atomic<int> alive = 0;
  Counted() { alive++; }
  ~Counted() { alive--; }
  int uses = 0;
} counted;

template <typename T>
class Queue {
 public:
  void push(T value) {
    std::unique_lock lock(mutex_);
    space_.wait(lock, [this] { return items_.size() < 4; });
    items_.push_back(std::move(value));
    ready_.notify_one();
  }
  T pop() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return !items_.empty(); });
    T value = std::move(items_.front());
    items_.pop_front();
    space_.notify_one();
    return value;
  }

 private:
  std::mutex mutex_;
  std::condition_variable ready_, space_;
  std::deque<T> items_;
};

std::string counter() {
  std::mutex mutex;
  std::shared_mutex shared;
  std::atomic<long> added = 0;
  long plain = 0, written = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 10; t++) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 500; i++) {
          { std::scoped_lock lock(mutex); plain++; }
          if (i % 50 == 0) { std::unique_lock lock(shared); written++; }
          else { std::shared_lock lock(shared); added += t; }
          counted.uses++;
        }
      });
    }
  }
  std::ostringstream out;
  out << plain << ' ' << written << ' ' << added << '\n';
  return out.str();
}

std::string queue() {
  Queue<int> numbers;
  long sum = 0;
  std::jthread consumer([&] {
    for (int n; (n = numbers.pop()) >= 0;) sum += n;
  });
  {
    std::vector<std::jthread> producers;
    for (int t = 0; t < 3; t++) producers.emplace_back([&, t] { for (int i = 0; i < 200; i++) numbers.push(t * 1000 + i); });
  }
  numbers.push(-1);
  consumer.join();
  return std::to_string(sum) + "\n";
}

std::string meet() {
  std::ostringstream out;
  std::barrier phases(4, [&out]() noexcept { out << "phase; "; });
  std::latch done(4);
  std::counting_semaphore<4> two(2);
  std::atomic<int> inside = 0, most = 0, flag = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&] {
      for (int i = 0; i < 3; i++) phases.arrive_and_wait();
      two.acquire();
      const int now = ++inside;
      for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {}
      std::this_thread::sleep_for(2ms);
      inside--;
      two.release();
      flag.wait(0);
      done.count_down();
    });
  }
  std::this_thread::sleep_for(20ms);
  flag = 1;
  flag.notify_all();
  done.wait();
  out << (most <= 2 ? "at most two" : "too many");
  return out.str() + "\n";
}

std::string stopping() {
  std::mutex mutex;
  std::condition_variable_any condition;
  std::atomic<int> rounds = 0;
  bool stopped = false;
  std::jthread working([&](std::stop_token token) {
    std::stop_callback called(token, [&] { stopped = true; });
    std::unique_lock lock(mutex);
    while (!condition.wait_for(lock, token, 5ms, [&] { return token.stop_requested(); })) rounds++;
  });
  std::this_thread::sleep_for(100ms);
  working.request_stop();
  working.join();
  std::timed_mutex held;
  held.lock();
  bool timed = false;
  std::thread([&] { timed = held.try_lock_for(10ms); }).join();
  std::once_flag once;
  int onces = 0;
  {
    std::vector<std::jthread> all;
    for (int i = 0; i < 4; i++) all.emplace_back([&] { std::call_once(once, [&] { onces++; }); });
  }
  std::ostringstream out;
  out << (rounds > 0) << stopped << timed << onces << '\n';
  return out.str();
}

std::string spinning() {
  std::atomic_flag lock = ATOMIC_FLAG_INIT;
  std::atomic<bool> go = false;
  long n = 0;
  {
    std::vector<std::jthread> all;
    for (int t = 0; t < 4; t++) {
      all.emplace_back([&] {
        while (!go) {}
        for (int i = 0; i < 2000; i++) {
          while (lock.test_and_set(std::memory_order_acquire)) {}
          n++;
          lock.clear(std::memory_order_release);
        }
      });
    }
    go = true;
  }
  return std::to_string(n) + "\n";
}

}  // namespace

void add_threads(httplib::Server& server) {
  const std::pair<const char*, std::string (*)()> routes[] = {
      {"/counter", counter}, {"/queue", queue}, {"/meet", meet}, {"/stopping", stopping}, {"/spinning", spinning}};
  for (const auto& [path, work] : routes) {
    server.Get(path, [work = work](const Request&, Response& response) { response.set_content(work(), "text/plain"); });
  }
}
