#include "cuda/emulation/bounds.h"

#include <sanitizer/asan_interface.h>

#include <mutex>

#include "cuda/emulation/work.h"

namespace hebb::cuda::emulation {
namespace {

struct Region {
  char* begin = nullptr;
  size_t bytes = 0;
};
Region forbidden[most_devices];
std::mutex mutex;

}  // namespace

void set_bound(cudaStream_t stream, void* block, size_t bytes, size_t capacity) {
  const Region rest{static_cast<char*>(block) + bytes, capacity - bytes};
  enqueue(stream, [device = current_device(), rest] {
    const std::lock_guard lock(mutex);
    ASAN_UNPOISON_MEMORY_REGION(forbidden[device].begin, forbidden[device].bytes);
    ASAN_POISON_MEMORY_REGION(rest.begin, rest.bytes);
    forbidden[device] = rest;
  });
}

void keep_bounds() {
  const std::lock_guard lock(mutex);
  for ([[maybe_unused]] const Region& rest : forbidden) ASAN_POISON_MEMORY_REGION(rest.begin, rest.bytes);
}

}  // namespace hebb::cuda::emulation
