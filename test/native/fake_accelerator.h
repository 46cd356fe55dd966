// An accelerator for tests: its memory is the host's, and what is enqueued is done, in order, when somebody looks at a
// fence or waits for one, unless it is held. Commands of tests enqueue closures, so captures can be replayed.
#pragma once
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "core/accelerator.h"
#include "test/native/harness.h"

namespace hebb::test {

class FakeAccelerator final : public Accelerator {
 public:
  using Work = std::function<void()>;

  ~FakeAccelerator() {
    CHECK(queue_.empty());
    CHECK_EQ(staging_out.load(), 0);
    CHECK_EQ(captures_.size(), size_t{0});
  }

  // For tests, from any thread.
  std::atomic<bool> hold{false};    // nothing enqueued is done meanwhile
  std::atomic<bool> refuse{false};  // there is no memory, of either kind
  std::atomic<bool> uncapturable{false};
  std::atomic<int> staging_out{0};  // acquired and not released
  std::atomic<int> blocks_out{0};
  std::atomic<int> work_done{0};  // for tests to count
  std::atomic<int> captures_made{0}, captures_dropped{0}, launches{0};

  // For commands, on the executor's thread.
  void enqueue(Work work) {
    check_thread();
    if (capturing_) {
      recording_.push_back(std::move(work));
    } else {
      queue_.push_back(std::move(work));
      ++enqueued_;
    }
  }
  void fail(const std::string& text) { failure_ = text; }
  const std::vector<std::string>& calls() const { return calls_; }  // once nothing runs

  MemorySource& memory() noexcept override { return memory_; }
  int64_t total_memory() noexcept override { return int64_t{1} << 30; }
  void set_reserve(Reserve&) noexcept override {}
  void* acquire_staging(size_t bytes) noexcept override {
    if (refuse) return nullptr;
    ++staging_out;
    return std::malloc(bytes);
  }
  void release_staging(void* staging) noexcept override {
    --staging_out;
    std::free(staging);
  }

  void enter() noexcept override { thread_ = std::this_thread::get_id(); }
  void upload(void* target, void* staging, size_t bytes) noexcept override {
    note("upload");
    CHECK(!capturing_);
    enqueue([=, this] {
      std::memcpy(target, staging, bytes);
      release_staging(staging);
    });
  }
  void download(void* staging, const void* source, size_t bytes) noexcept override {
    note("download");
    CHECK(!capturing_);
    enqueue([=] { std::memcpy(staging, source, bytes); });
  }
  void copy(void* target, const void* source, size_t bytes) noexcept override {
    note("copy");
    enqueue([=] { std::memcpy(target, source, bytes); });
  }

  uint64_t fence() noexcept override {
    check_thread();
    return enqueued_ + 1;
  }
  // Does one piece of work a look.
  bool reached(uint64_t fence) noexcept override {
    check_thread();
    if (hold) return false;
    if (done_ + 1 < fence && !queue_.empty()) work_once();
    return done_ + 1 >= fence;
  }
  void await(uint64_t fence) noexcept override {
    while (done_ + 1 < fence) work_once();
  }

  void begin_capture() noexcept override {
    note("begin_capture");
    capturing_ = true;
  }
  uint64_t end_capture() noexcept override {
    note("end_capture");
    capturing_ = false;
    std::vector<Work> recorded;
    recorded.swap(recording_);
    if (uncapturable) return 0;
    captures_[++captures_made] = std::move(recorded);
    return static_cast<uint64_t>(captures_made);
  }
  void launch(uint64_t capture) noexcept override {
    note("launch");
    ++launches;
    for (const Work& work : captures_.at(capture)) enqueue(work);
  }
  void drop_capture(uint64_t capture) noexcept override {
    check_thread();
    ++captures_dropped;
    captures_.erase(capture);
  }

  const char* failure() noexcept override {
    check_thread();
    reported_.swap(failure_);
    failure_.clear();
    return reported_.empty() ? nullptr : reported_.c_str();
  }

  void set_precision(Precision) noexcept override { note("set_precision"); }
  void set_deterministic(bool) noexcept override { note("set_deterministic"); }

 private:
  class Memory final : public MemorySource {
   public:
    explicit Memory(FakeAccelerator& owner) : owner_(owner) {}
    void* acquire(int64_t bytes) override {
      if (owner_.refuse) return nullptr;
      ++owner_.blocks_out;
      return std::malloc(static_cast<size_t>(bytes));
    }
    void release(void* data, int64_t) override {
      --owner_.blocks_out;
      std::free(data);
    }

   private:
    FakeAccelerator& owner_;
  };

  void check_thread() const { CHECK(thread_ == std::this_thread::get_id()); }
  void note(const char* call) {
    check_thread();
    calls_.emplace_back(call);
  }
  void work_once() {
    const Work work = std::move(queue_.front());
    queue_.pop_front();
    work();
    ++done_;
  }

  Memory memory_{*this};
  std::thread::id thread_;
  std::deque<Work> queue_;
  uint64_t enqueued_ = 0, done_ = 0;
  bool capturing_ = false;
  std::vector<Work> recording_;
  std::map<uint64_t, std::vector<Work>> captures_;
  std::vector<std::string> calls_;
  std::string failure_, reported_;
};

}  // namespace hebb::test
