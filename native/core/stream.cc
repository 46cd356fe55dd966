#include "core/stream.h"

#include <exception>

#include "core/accelerator.h"
#include "core/latch.h"
#include "core/parallel_for.h"
#include "core/spin.h"
#include "core/team.h"

namespace hebb {
namespace {

// Long enough to bridge the gap between two eager ops and the turn of an event loop.
constexpr std::chrono::microseconds stand_by_time{300};
// Between looks at what nobody will tell of: a fence, or a command that is not ready.
constexpr std::chrono::microseconds nap{50};

template <class Function>
void attempt(const Command& command, const Function& function) {
  try {
    function();
  } catch (const std::exception& error) {
    if (command.errors) command.errors->put(error.what());
  }
}

class OpenLatch final : public Command {
 public:
  explicit OpenLatch(std::shared_ptr<Latch> latch) : latch_(std::move(latch)) {}
  ~OpenLatch() override { latch_->open(); }
  void run() override {}
  bool settles() const override { return true; }
  void settle() override { latch_->open(); }

 private:
  std::shared_ptr<Latch> latch_;
};

}  // namespace

Stream::Stream(size_t capacity, Accelerator* accelerator) : accelerator_(accelerator), ring_(capacity) {}

Stream::~Stream() { stop(); }

uint64_t Stream::push(std::unique_ptr<Command> command) { return push(std::move(command), true); }

void Stream::push_without_starting(std::unique_ptr<Command> command) { push(std::move(command), false); }

uint64_t Stream::push(std::unique_ptr<Command> command, bool starts) {
  std::unique_lock lock(mutex_);
  progress_.wait(lock, [&] { return !stopping_.load(); });
  const bool full = pushed() - completed() >= ring_.size();
  if (!thread_.joinable() && (starts || full)) thread_ = std::thread([this] { execute(); });
  if (full) {
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

void Stream::settle_later(std::unique_ptr<Command> command) {
  std::lock_guard lock(mutex_);
  late_ones_.push_back(std::move(command));
  late_.store(true);
  if (sleeping_.load()) work_.notify_one();
}

void Stream::wait(uint64_t ticket) {
  if (completed() >= ticket) return;
  std::unique_lock lock(mutex_);
  ++waiting_;
  progress_.wait(lock, [&] { return completed_.load() >= ticket; });
  --waiting_;
}

void Stream::wait_for_device() {
  if (!accelerator_) return wait(pushed());
  if (pushed() == 0) return;
  const auto done = std::make_shared<Latch>();
  push(std::make_unique<OpenLatch>(done));
  done->wait();
}

void Stream::linger(uint64_t ticket, std::chrono::microseconds limit) {
  const std::atomic<uint64_t>& reached = accelerator_ ? settled_ : completed_;
  visitors_.fetch_add(1);
  Team* const team = team_.load();
  if (team) team->enter();
  spin(limit, [&] {
    if (reached.load(std::memory_order_acquire) >= ticket) return true;
    if (team) team->help();
    return false;
  });
  if (team) team->leave();
  visitors_.fetch_sub(1);
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

bool Stream::has_work() {
  if (accelerator_) settle_reached();
  if (stopping_.load()) return true;
  const uint64_t next = completed_.load();
  return pushed_.load() > next && ring_[next % ring_.size()]->ready();
}

bool Stream::wait_for_work() {
  bool found = spin(stand_by_time, [&] { return has_work(); });
  while (!found) {
    const uint64_t seen = pushed_.load();
    found = has_work();
    if (found) break;
    auto woken = [&] { return pushed_.load() != seen || late_.load() || stopping_.load(); };
    std::unique_lock lock(mutex_);
    sleeping_.store(true);
    if (pending_.empty() && seen == completed_.load()) {
      work_.wait(lock, woken);
    } else {
      work_.wait_for(lock, nap, woken);
    }
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
  if (accelerator_) {
    accelerator_->enter();
    execute_while([] { return true; });
  } else {
    flush_denormals();
    // A team has one size: another number of threads takes another team.
    while (!stopping_.load()) {
      const int size = thread_count();
      Team::lead(size, [&] {
        team_.store(Team::led());
        execute_while([&] { return thread_count() == size; });
        team_.store(nullptr);
        while (visitors_.load() > 0) std::this_thread::yield();
      });
    }
  }
  while (completed() < pushed()) {
    ring_[completed_.load() % ring_.size()].reset();
    finish_one();
  }
}

template <class Condition>
void Stream::execute_while(const Condition& goes_on) {
  while (wait_for_work() && goes_on()) {
    run_next();
    finish_one();
  }
}

void Stream::run_next() {
  std::unique_ptr<Command> command = std::move(ring_[completed_.load() % ring_.size()]);
  try {
    command->run();
  } catch (const std::exception& error) {
    if (accelerator_) report_failure(*command);  // it may be what made this one fail, and the first to be put stays
    if (command->errors) command->errors->put(error.what());
  }
  if (accelerator_) {
    report_failure(*command);
    if (command->settles()) pending_.push_back({accelerator_->fence(), completed_.load() + 1, std::move(command)});
  } else if (command->settles()) {
    attempt(*command, [&] { command->settle(); });
  }
}

void Stream::settle_reached() {
  if (late_.load(std::memory_order_acquire)) take_late_ones();
  while (!pending_.empty() && accelerator_->reached(pending_.front().fence)) {
    const Pending next = std::move(pending_.front());
    pending_.pop_front();
    report_failure(*next.command);
    attempt(*next.command, [&] { next.command->settle(); });
    if (next.ticket > 0) settled_.store(next.ticket, std::memory_order_release);
  }
}

void Stream::take_late_ones() {
  std::vector<std::unique_ptr<Command>> taken;
  {
    std::lock_guard lock(mutex_);
    taken.swap(late_ones_);
    late_.store(false);
  }
  for (auto& command : taken) pending_.push_back({accelerator_->fence(), 0, std::move(command)});
}

// Left where it is for the next command with somebody to tell.
void Stream::report_failure(const Command& command) {
  if (!command.errors) return;
  if (const char* text = accelerator_->failure()) command.errors->put(text);
}

}  // namespace hebb
