// An event that happens once, with a failure or without, and that any thread may wait for.
#pragma once
#include <atomic>
#include <string>

namespace hebb {

class Latch {
 public:
  // By one thread at a time; only the first call counts.
  void open(std::string error = {}) {
    if (is_open()) return;
    error_ = std::move(error);
    open_.store(true, std::memory_order_release);
    open_.notify_all();
  }
  bool is_open() const { return open_.load(std::memory_order_acquire); }
  void wait() const { open_.wait(false, std::memory_order_acquire); }
  const std::string& error() const { return error_; }  // once it is open; empty: it went well

 private:
  std::atomic<bool> open_{false};
  std::string error_;
};

}  // namespace hebb
