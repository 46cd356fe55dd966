#include "cuda/emulation/bounds.h"

#include <sanitizer/asan_interface.h>

#include "cuda/emulation/work.h"

namespace hebb::cuda::emulation {
namespace {

struct Region {
  char* begin = nullptr;
  size_t bytes = 0;
};
Region forbidden[most_devices];  // each is touched by its device's work alone

}  // namespace

void set_bound(cudaStream_t stream, void* block, size_t bytes, size_t capacity) {
  const Region rest{static_cast<char*>(block) + bytes, capacity - bytes};
  enqueue(stream, [device = current_device(), rest] {
    ASAN_UNPOISON_MEMORY_REGION(forbidden[device].begin, forbidden[device].bytes);
    ASAN_POISON_MEMORY_REGION(rest.begin, rest.bytes);
    forbidden[device] = rest;
  });
}

}  // namespace hebb::cuda::emulation
