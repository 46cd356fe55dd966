#include "core/allocator.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "core/accelerator.h"
#include "core/error.h"
#include "core/stream.h"

namespace hebb {
namespace {

constexpr int64_t alignment = 64;
constexpr int64_t huge_page = int64_t{2} << 20;
constexpr int64_t large = int64_t{1} << 20;  // from here on sizes are whole huge pages

// Four size classes per doubling below `large`: at most a quarter of a block is unused, and freed blocks fit again.
int64_t rounded_size(int64_t bytes) {
  if (bytes <= alignment) return alignment;
  if (bytes >= large) return (bytes + huge_page - 1) / huge_page * huge_page;
  const int64_t step = std::max(alignment, static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(bytes - 1)) / 4));
  return (bytes + step - 1) / step * step;
}

class HostMemory final : public MemorySource {
 public:
  void* acquire(int64_t bytes) override {
    const bool huge = bytes >= huge_page;
    void* data = std::aligned_alloc(static_cast<size_t>(huge ? huge_page : alignment), static_cast<size_t>(bytes));
    if (data && huge) madvise(data, static_cast<size_t>(bytes), MADV_HUGEPAGE);
    return data;
  }
  void release(void* data, int64_t) override { std::free(data); }
};

}  // namespace

MemorySource& host_memory() {
  static HostMemory* memory = new HostMemory;  // never destroyed: blocks may come back while the process exits
  return *memory;
}

class Allocator::Block final : public Storage {
 public:
  Block(Allocator& allocator, void* data, int64_t bytes, uint64_t free_after)
      : Storage(data, bytes, true, free_after), allocator_(allocator) {}
  ~Block() override { allocator_.give_back(data_, bytes_); }

 private:
  Allocator& allocator_;
};

Allocator::Allocator(MemorySource& source, Stream& stream, int64_t limit)
    : source_(source), stream_(stream), limit_(limit) {}

Allocator::~Allocator() { trim(); }

std::shared_ptr<Storage> Allocator::allocate(int64_t bytes) {
  bool refused = false;  // by the source, within the limit
  auto fail = [&] {
    const MemoryStatistics now = statistics();
    throw OutOfMemory("out of memory: " + std::to_string(bytes) + " bytes asked for, " + std::to_string(now.used) +
                      " in use, limit " + std::to_string(now.limit) + (refused ? "; the rest is not available" : "") +
                      (refused && !source_.refusal().empty() ? ": " + source_.refusal() : ""));
  };
  if (bytes > limit_.load(std::memory_order_relaxed)) fail();
  const int64_t size = rounded_size(bytes);
  void* data = nullptr;
  uint64_t free_after = 0;
  int64_t actual = size;
  for (int attempt = 0; !data; ++attempt) {
    {
      std::lock_guard lock(mutex_);
      const auto found = cached_.lower_bound(size);
      if (found != cached_.end() && found->first <= size + size / 4) {
        data = found->second.data;
        free_after = found->second.free_after;
        actual = found->first;
        cached_.erase(found);
      } else {
        data = acquire(size);
        refused = !data && fits(size);
      }
      if (data) {
        statistics_.used += actual;
        statistics_.peak = std::max(statistics_.peak, statistics_.used);
      }
    }
    if (!data && attempt) fail();
    if (!data) trim();
  }
  return std::make_shared<Block>(*this, data, actual, free_after);
}

bool Allocator::fits(int64_t size) const {
  return statistics_.reserved + size <= limit_.load(std::memory_order_relaxed);
}

void* Allocator::acquire(int64_t size) {
  void* const data = fits(size) ? source_.acquire(size) : nullptr;
  if (data) statistics_.reserved += size;
  return data;
}

void Allocator::release(void* data, int64_t size) {
  source_.release(data, size);
  statistics_.reserved -= size;
}

void Allocator::give_back(void* data, int64_t bytes) {
  const uint64_t free_after = stream_.pushed();
  std::lock_guard lock(mutex_);
  statistics_.used -= bytes;
  cached_.emplace(bytes, Cached{data, free_after});
}

void Allocator::trim() {
  std::multimap<int64_t, Cached> blocks;
  {
    std::lock_guard lock(mutex_);
    blocks.swap(cached_);
  }
  if (blocks.empty()) return;
  if (stream_.accelerator()) {
    stream_.wait_for_device();  // a command that has run is only enqueued there
  } else {
    uint64_t last = 0;
    for (const auto& [bytes, block] : blocks) last = std::max(last, block.free_after);
    stream_.wait(last);
  }
  std::lock_guard lock(mutex_);
  for (const auto& [bytes, block] : blocks) release(block.data, bytes);
}

void* Allocator::take(int64_t bytes) noexcept {
  const int64_t size = rounded_size(bytes);
  {
    std::lock_guard lock(mutex_);
    if (void* const data = acquire(size)) return data;
  }
  Accelerator& accelerator = *stream_.accelerator();
  accelerator.await(accelerator.fence());
  // The command that is running is not counted yet: what it uses stays.
  const uint64_t passed = stream_.completed();
  std::lock_guard lock(mutex_);
  for (auto next = cached_.begin(); next != cached_.end();) {
    const auto block = next++;
    if (block->second.free_after > passed) continue;
    release(block->second.data, block->first);
    cached_.erase(block);
  }
  return acquire(size);
}

void Allocator::set_limit(int64_t bytes) {
  limit_.store(bytes, std::memory_order_relaxed);
  if (statistics().reserved > bytes) trim();
}

MemoryStatistics Allocator::statistics() const {
  std::lock_guard lock(mutex_);
  MemoryStatistics now = statistics_;
  now.limit = limit_.load(std::memory_order_relaxed);
  return now;
}

void Allocator::reset_peak() {
  std::lock_guard lock(mutex_);
  statistics_.peak = statistics_.used;
}

}  // namespace hebb
