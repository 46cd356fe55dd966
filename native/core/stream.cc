#include "core/stream.h"

#include <exception>

#include "core/parallel_for.h"
#include "core/spin.h"
#include "core/team.h"

namespace hebb {
namespace {

// Long enough to bridge the gap between two eager ops and the turn of an event loop.
constexpr std::chrono::microseconds stand_by_time{300};

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

void Stream::linger(uint64_t ticket, std::chrono::microseconds limit) const {
  spin(limit, [&] { return completed() >= ticket; });
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
  while (!spin(stand_by_time, has_work)) {
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
  // A team has one size: another number of threads takes another team.
  while (!stopping_.load()) {
    const int size = thread_count();
    Team::lead(size, [&] { execute_while(size); });
  }
  while (completed() < pushed()) {
    ring_[completed_.load() % ring_.size()].reset();
    finish_one();
  }
}

void Stream::execute_while(int threads) {
  while (wait_for_work() && thread_count() == threads) {
    std::unique_ptr<Command> command = std::move(ring_[completed_.load() % ring_.size()]);
    try {
      command->run();
    } catch (const std::exception& error) {
      if (command->errors) command->errors->put(error.what());
    }
    command.reset();
    finish_one();
  }
}

}  // namespace hebb
