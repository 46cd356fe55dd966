#include "core/scratch.h"

#include <cstdlib>

#include "core/error.h"

namespace hebb {
namespace {

constexpr size_t alignment = 64;

struct Block {
  void* data = nullptr;
  size_t bytes = 0;
  ~Block() { std::free(data); }
};

}  // namespace

void* scratch(ScratchSlot slot, size_t bytes) {
  static thread_local Block blocks[static_cast<size_t>(ScratchSlot::count)];
  Block& block = blocks[static_cast<size_t>(slot)];
  if (bytes > block.bytes || !block.data) {
    const size_t rounded = (bytes + alignment) / alignment * alignment;
    void* fresh = std::aligned_alloc(alignment, rounded);
    if (!fresh) throw OutOfMemory("out of memory: " + std::to_string(rounded) + " bytes of scratch");
    std::free(block.data);
    block.data = fresh;
    block.bytes = rounded;
  }
  return block.data;
}

}  // namespace hebb
