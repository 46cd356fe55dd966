#include "core/scratch.h"

#include <sys/mman.h>

#include <cstdlib>

#include "core/error.h"

namespace hebb {
namespace {

constexpr size_t alignment = 64, huge_page = size_t{1} << 21;

struct Block {
  void* data = nullptr;
  size_t bytes = 0;
  ~Block() { std::free(data); }
};

}  // namespace

float* scratch(ScratchSlot slot, int64_t floats) {
  static thread_local Block blocks[static_cast<size_t>(ScratchSlot::count)];
  Block& block = blocks[static_cast<size_t>(slot)];
  const size_t bytes = static_cast<size_t>(floats) * sizeof(float);
  if (bytes > block.bytes || !block.data) {
    const size_t unit = bytes < huge_page ? alignment : huge_page;
    const size_t rounded = (bytes + unit) / unit * unit;
    void* fresh = std::aligned_alloc(unit, rounded);
    if (fresh && unit == huge_page) madvise(fresh, rounded, MADV_HUGEPAGE);
    if (!fresh) throw OutOfMemory("out of memory: " + std::to_string(rounded) + " bytes of scratch");
    std::free(block.data);
    block.data = fresh;
    block.bytes = rounded;
  }
  return static_cast<float*>(block.data);
}

}  // namespace hebb
