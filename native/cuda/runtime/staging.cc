#include "cuda/runtime/staging.h"

#include <algorithm>
#include <bit>

namespace hebb::cuda {
namespace {

constexpr size_t page = 4096;

// Four size classes per doubling.
size_t rounded_size(size_t bytes) {
  if (bytes <= page) return page;
  const size_t step = std::max(page, std::bit_floor(bytes - 1) / 4);
  return (bytes + step - 1) / step * step;
}

void* allocate(size_t size) {
  void* block = nullptr;
  if (cudaHostAlloc(&block, size, cudaHostAllocPortable) == cudaSuccess) return block;
  cudaGetLastError();
  return nullptr;
}

}  // namespace

// Blocks of other sizes may hold what is missing.
void Staging::free_idle() {
  std::multimap<size_t, void*> idle;
  {
    std::lock_guard lock(mutex_);
    idle.swap(idle_);
    for (const auto& [size, block] : idle) sizes_.erase(block);
  }
  for (const auto& [size, block] : idle) cudaFreeHost(block);
  cudaGetLastError();
}

void* Staging::acquire(size_t bytes) {
  const size_t size = rounded_size(bytes);
  {
    std::lock_guard lock(mutex_);
    collect();
    const auto found = idle_.lower_bound(size);
    if (found != idle_.end() && found->first <= size + size / 4) {
      void* block = found->second;
      idle_.erase(found);
      return block;
    }
  }
  void* block = allocate(size);
  if (!block) {
    free_idle();
    block = allocate(size);
  }
  if (!block) return nullptr;
  std::lock_guard lock(mutex_);
  sizes_.emplace(block, size);
  return block;
}

void Staging::release(void* block) {
  std::lock_guard lock(mutex_);
  idle_.emplace(sizes_.at(block), block);
}

void Staging::release_after(void* block, cudaStream_t stream) {
  std::lock_guard lock(mutex_);
  if (const cudaEvent_t done = events_.record(stream)) {
    in_use_[stream].push_back({done, block});
  } else {
    idle_.emplace(sizes_.at(block), block);
  }
}

void Staging::collect() {
  for (auto& [stream, blocks] : in_use_) {
    while (!blocks.empty() && is_passed(blocks.front().done)) {
      idle_.emplace(sizes_.at(blocks.front().block), blocks.front().block);
      events_.give_back(blocks.front().done);
      blocks.pop_front();
    }
  }
}

}  // namespace hebb::cuda
