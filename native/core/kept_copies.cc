#include "core/kept_copies.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "core/cgroup.h"

namespace hebb {
namespace {

constexpr size_t huge_page = size_t{1} << 21, alignment = 64;
constexpr size_t most_entries = 4096;  // parameters seen; beyond that the addresses are no longer those of one model
constexpr int64_t share_of_memory = 4;

std::atomic<bool> watched{false};

struct Free {
  void operator()(float* data) const { std::free(data); }
};
using Memory = std::unique_ptr<float, Free>;

struct Entry {
  CopyKey key;
  bool seen = false;  // asked for since the memory was written last
  Memory copy;
  int64_t copy_bytes = 0;
};

class Copies {
 public:
  static Copies& get() {
    static auto* copies = new Copies;  // never destroyed: executors may still run while the process exits
    return *copies;
  }

  KeptCopy find(const CopyKey& key, int64_t floats) {
    std::lock_guard lock(mutex_);
    release(std::exchange(dropped_, {}));
    Entry& entry = entry_of(key);
    if (entry.copy) return {entry.copy.get(), true};
    if (!std::exchange(entry.seen, true)) return {nullptr, false};
    const int64_t bytes = floats * static_cast<int64_t>(sizeof(float));
    if (bytes_ + bytes > limit_) return {nullptr, false};
    const size_t unit = static_cast<size_t>(bytes) < huge_page ? alignment : huge_page;
    const size_t rounded = (static_cast<size_t>(bytes) + unit - 1) / unit * unit;
    entry.copy.reset(static_cast<float*>(std::aligned_alloc(unit, std::max(rounded, unit))));
    if (!entry.copy) return {nullptr, false};
    if (unit == huge_page) madvise(entry.copy.get(), rounded, MADV_HUGEPAGE);
    entry.copy_bytes = bytes;
    bytes_ += bytes;
    return {entry.copy.get(), false};
  }

  void forget(uintptr_t begin, uintptr_t end) {
    if (begin == end) return;
    // Nearly all that is written is far from any parameter that was asked for.
    if (begin >= highest_.load(std::memory_order_acquire) || end <= lowest_.load(std::memory_order_acquire)) return;
    std::lock_guard lock(mutex_);
    const uintptr_t first = begin > longest_ ? begin - longest_ : 0;
    for (auto at = entries_.lower_bound(first); at != entries_.end() && at->first < end; ++at) {
      Entry& entry = at->second;
      if (at->first + static_cast<uintptr_t>(entry.key.bytes) <= begin) continue;
      entry.seen = false;
      // Another thread's kernel may be reading it: the executor lets it go when it asks next.
      if (entry.copy) dropped_.emplace(at->first, std::move(entry));
      entry.copy_bytes = 0;
    }
  }

 private:
  using Entries = std::multimap<uintptr_t, Entry>;

  Entry& entry_of(const CopyKey& key) {
    const auto begin = reinterpret_cast<uintptr_t>(key.data);
    const auto [first, last] = entries_.equal_range(begin);
    const auto found = std::find_if(first, last, [&](const auto& pair) {
      const CopyKey& other = pair.second.key;
      return other.form == key.form && other.bytes == key.bytes &&
             std::equal(key.extents, key.extents + 3, other.extents);
    });
    if (found != last) return found->second;
    if (entries_.size() >= most_entries) {
      release(std::exchange(entries_, {}));
      longest_ = 0;
    }
    longest_ = std::max(longest_, static_cast<uintptr_t>(key.bytes));
    lowest_.store(std::min(lowest_.load(), begin), std::memory_order_release);
    highest_.store(std::max(highest_.load(), begin + static_cast<uintptr_t>(key.bytes)), std::memory_order_release);
    return entries_.emplace(begin, Entry{key, false, nullptr, 0})->second;
  }

  void release(const Entries& entries) {
    for (const auto& pair : entries) bytes_ -= pair.second.copy_bytes;
  }

  std::mutex mutex_;
  Entries entries_, dropped_;
  int64_t bytes_ = 0;
  const int64_t limit_ = available_memory() / share_of_memory;
  uintptr_t longest_ = 0;
  std::atomic<uintptr_t> lowest_{std::numeric_limits<uintptr_t>::max()}, highest_{0};
};

}  // namespace

void keep_copies(bool keep) { watched.store(keep, std::memory_order_relaxed); }

KeptCopy kept_copy(const CopyKey& key, int64_t floats) {
  return watched.load(std::memory_order_relaxed) ? Copies::get().find(key, floats) : KeptCopy{nullptr, false};
}

void forget_copies(const void* data, int64_t bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(data);
  Copies::get().forget(begin, begin + static_cast<uintptr_t>(bytes));
}

void copy_to_tensor(void* target, const void* values, size_t bytes) {
  if (bytes == 0) return;
  forget_copies(target, static_cast<int64_t>(bytes));
  std::memcpy(target, values, bytes);
}

}  // namespace hebb
