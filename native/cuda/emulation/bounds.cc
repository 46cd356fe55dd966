#include "cuda/emulation/bounds.h"

#include <sanitizer/asan_interface.h>

namespace hebb::cuda::emulation {
namespace {

thread_local struct {
  char* begin = nullptr;
  size_t bytes = 0;
} forbidden;

}  // namespace

void set_bound(void* block, size_t bytes, size_t capacity) {
  lift_bound();
  forbidden = {static_cast<char*>(block) + bytes, capacity - bytes};
  ASAN_POISON_MEMORY_REGION(forbidden.begin, forbidden.bytes);
}

void lift_bound() {
  ASAN_UNPOISON_MEMORY_REGION(forbidden.begin, forbidden.bytes);
  forbidden = {};
}

}  // namespace hebb::cuda::emulation
