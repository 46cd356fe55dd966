#include "core/stream.h"

#include <chrono>
#include <exception>

#include "core/parallel_for.h"

namespace hebb {
namespace {

// Long enough to bridge the gap between two eager ops, short enough not to starve the JavaScript thread's core.
constexpr std::chrono::microseconds spin_time{30};
constexpr int pauses_per_clock = 32;

void pause_cpu() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

Stream::Stream(size_t capacity) : ring_(capacity) {}

Stream::~Stream() { stop(); }

uint64_t Stream::push(std::unique_ptr<Command> command) {
  std::unique_lock lock(mutex_);
  progress_.wait(lock, [&] { return !stopping_.load(); });
  if (!thread_.joinable()) thread_ = std::thread([this] { execute(); });
  if (pushed() - completed() >= ring_.size()) {
    ++waiting_;
    progress_.wait(lock, [&] { return pushed() - completed_.load() < ring_.size(); });
    --waiting_;
  }
  const uint64_t ticket = pushed() + 1;
  ring_[(ticket - 1) % ring_.size()] = std::move(command);
  pushed_.store(ticket);
  if (sleeping_.load()) work_.notify_one();
  return ticket;
}

void Stream::wait(uint64_t ticket) {
  if (completed() >= ticket) return;
  std::unique_lock lock(mutex_);
  ++waiting_;
  progress_.wait(lock, [&] { return completed_.load() >= ticket; });
  --waiting_;
}

void Stream::stop() {
  std::thread ended;
  {
    std::lock_guard lock(mutex_);
    if (!thread_.joinable()) return;
    stopping_.store(true);
    work_.notify_one();
    ended.swap(thread_);
  }
  ended.join();
  std::lock_guard lock(mutex_);
  stopping_.store(false);
  progress_.notify_all();
}

bool Stream::wait_for_work() {
  auto has_work = [&] { return pushed_.load() > completed_.load() || stopping_.load(); };
  const auto until = std::chrono::steady_clock::now() + spin_time;
  while (!has_work()) {
    for (int i = 0; i < pauses_per_clock && !has_work(); ++i) pause_cpu();
    if (std::chrono::steady_clock::now() < until) continue;
    std::unique_lock lock(mutex_);
    sleeping_.store(true);
    work_.wait(lock, has_work);
    sleeping_.store(false);
  }
  return !stopping_.load();
}

void Stream::finish_one() {
  completed_.store(completed_.load() + 1);
  if (waiting_.load() == 0) return;
  std::lock_guard lock(mutex_);  // a waiter has either seen the new count or is asleep by now
  progress_.notify_all();
}

void Stream::execute() {
  flush_denormals();
  while (wait_for_work()) {
    std::unique_ptr<Command> command = std::move(ring_[completed_.load() % ring_.size()]);
    try {
      command->run();
    } catch (const std::exception& error) {
      if (command->errors) command->errors->put(error.what());
    }
    command.reset();
    finish_one();
  }
  while (completed() < pushed()) {
    ring_[completed_.load() % ring_.size()].reset();
    finish_one();
  }
}

}  // namespace hebb
