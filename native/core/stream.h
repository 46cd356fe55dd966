// An in-order queue of commands run by one native thread. Any thread may push; a full queue makes the caller wait.
// With an accelerator, to run a command is to enqueue its work there: it is done when a fence behind it is reached.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/command.h"

namespace hebb {

class Accelerator;
class Team;

class Stream {
 public:
  explicit Stream(size_t capacity = 1024, Accelerator* accelerator = nullptr);
  ~Stream();  // stops
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  Accelerator* accelerator() const { return accelerator_; }  // null: the executor itself computes

  // The command's ticket: 1 for the first. Starts the thread when there is none.
  uint64_t push(std::unique_ptr<Command> command);
  // The same, but where there is no thread the command waits until a push starts one.
  void push_without_starting(std::unique_ptr<Command> command);
  // For a command that only settles, behind all work enqueued by then. From any thread, the executor's too: it never
  // waits and starts no thread.
  void settle_later(std::unique_ptr<Command> command);
  uint64_t pushed() const { return pushed_.load(std::memory_order_acquire); }
  uint64_t completed() const { return completed_.load(std::memory_order_acquire); }
  void wait(uint64_t ticket);  // blocks the calling thread until that command has run or was dropped
  void wait_for_device();      // blocks until all that was pushed is done or dropped
  // Waits until a command that settles has settled, without sleeping and, unless it helps with a share of brief work
  // meanwhile, no longer than the limit.
  void linger(uint64_t ticket, std::chrono::microseconds limit);
  // Ends the thread after the command it is running; those that have not begun are dropped. What the accelerator has
  // not done by then settles when a later push starts the thread anew: it may be writing to memory that a command
  // holds. A program that is being replayed looks at stopping() between its commands.
  void stop();
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

 private:
  // A command that has run and waits for the accelerator to get there.
  struct Pending {
    uint64_t fence, ticket;
    std::unique_ptr<Command> command;
  };

  uint64_t push(std::unique_ptr<Command> command, bool starts);
  void execute();
  template <class Condition>
  void execute_while(const Condition& goes_on);  // until told to stop, or it no longer holds
  bool wait_for_work();
  bool has_work();
  void run_next();
  void finish_one();
  void settle_reached();
  void take_late_ones();
  void report_failure(const Command& command);

  Accelerator* const accelerator_;
  std::vector<std::unique_ptr<Command>> ring_;
  std::atomic<uint64_t> pushed_{0}, completed_{0}, settled_{0};  // settled_: with an accelerator
  std::atomic<bool> sleeping_{false}, stopping_{false};
  std::atomic<int> waiting_{0};       // threads blocked in push or wait
  std::atomic<Team*> team_{nullptr};  // that the executor leads; it stays for as long as there are visitors
  std::atomic<int> visitors_{0};
  std::deque<Pending> pending_;    // the executor's
  std::atomic<bool> late_{false};  // whether there are late ones
  std::mutex mutex_;
  std::condition_variable work_, progress_;
  std::thread thread_;                               // guarded by mutex_
  std::vector<std::unique_ptr<Command>> late_ones_;  // guarded by mutex_
};

}  // namespace hebb
