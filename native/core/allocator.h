// A caching allocator ordered by a stream: blocks given back are handed out again at once, without waiting, since the
// stream runs the old user's commands before the new one's.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/storage.h"

namespace hebb {

class Stream;

// Where blocks come from: host memory here, device memory in a plugin. acquire returns nullptr when there is none.
class MemorySource {
 public:
  virtual ~MemorySource() = default;
  virtual void* acquire(int64_t bytes) = 0;
  virtual void release(void* data, int64_t bytes) = 0;
  // Why the last acquire failed, where there is more to say than that there is no more.
  virtual std::string refusal() const { return {}; }
};

// 64-byte aligned; blocks of 2 MiB and more are aligned to 2 MiB and advised to use huge pages.
MemorySource& host_memory();

struct MemoryStatistics {
  int64_t used = 0;      // bytes of blocks in tensors' hands
  int64_t reserved = 0;  // used, plus what is cached for reuse and what the accelerator has taken for itself
  int64_t peak = 0;      // the largest `used` since the start or the last reset
  int64_t limit = 0;     // reserved never exceeds it
};

// Where an accelerator takes memory for itself: scratch, workspaces, what transfers pass through.
class Reserve {
 public:
  // For good, on the executor's thread. Null when the limit leaves none.
  virtual void* take(int64_t bytes) noexcept = 0;

 protected:
  ~Reserve() = default;
};

class Allocator final : public Reserve {
 public:
  Allocator(MemorySource& source, Stream& stream, int64_t limit);
  ~Allocator();
  Allocator(const Allocator&) = delete;
  Allocator& operator=(const Allocator&) = delete;

  // Throws OutOfMemory, after giving cached blocks back to the system.
  std::shared_ptr<Storage> allocate(int64_t bytes);
  // After giving back those cached blocks that no command to come uses.
  void* take(int64_t bytes) noexcept override;
  void trim();  // waits until the device is done with them, then gives all cached blocks back
  // What is in use beyond a lower limit stays; nothing is added until it is below.
  void set_limit(int64_t bytes);
  MemoryStatistics statistics() const;
  void reset_peak();

 private:
  class Block;
  struct Cached {
    void* data;
    uint64_t free_after;  // the last command that may use it
  };
  void give_back(void* data, int64_t bytes);
  // With mutex_ held: whether the limit allows so much more; from the source, null when there is none; back to it.
  bool fits(int64_t size) const;
  void* acquire(int64_t size);
  void release(void* data, int64_t size);

  MemorySource& source_;
  Stream& stream_;
  mutable std::mutex mutex_;
  std::multimap<int64_t, Cached> cached_;
  MemoryStatistics statistics_;  // but for the limit
  std::atomic<int64_t> limit_;
};

}  // namespace hebb
