// An in-order queue of commands run by one native thread. Any thread may push; a full queue makes the caller wait.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/command.h"

namespace hebb {

class Stream {
 public:
  explicit Stream(size_t capacity = 1024);
  ~Stream();  // stops
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // The command's ticket: 1 for the first. Starts the thread when there is none.
  uint64_t push(std::unique_ptr<Command> command);
  uint64_t pushed() const { return pushed_.load(std::memory_order_acquire); }
  uint64_t completed() const { return completed_.load(std::memory_order_acquire); }
  void wait(uint64_t ticket);  // blocks the calling thread until that command has run or was dropped
  void linger(uint64_t ticket, std::chrono::microseconds limit) const;  // the same without sleeping, but no longer
  // Ends the thread after the command it is running; those that have not begun are dropped. A later push starts anew.
  // A program that is being replayed looks at stopping() between its commands.
  void stop();
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

 private:
  void execute();
  void execute_while(int threads);  // until told to stop, or to use another number of threads
  bool wait_for_work();
  void finish_one();

  std::vector<std::unique_ptr<Command>> ring_;
  std::atomic<uint64_t> pushed_{0}, completed_{0};
  std::atomic<bool> sleeping_{false}, stopping_{false};
  std::atomic<int> waiting_{0};  // threads blocked in push or wait
  std::mutex mutex_;
  std::condition_variable work_, progress_;
  std::thread thread_;  // guarded by mutex_
};

}  // namespace hebb
