#pragma once
#include "cpu/gemm/pack.h"

namespace hebb::cpu::HEBB_ISA::winograd {

HEBB_INLINE int64_t ceil_divide(int64_t value, int64_t divisor) { return (value + divisor - 1) / divisor; }

// An extent in blocks of one size, but for the last.
struct Blocks {
  int64_t extent, size, count;
  HEBB_INLINE int64_t begin(int64_t block) const { return block * size; }
  HEBB_INLINE int64_t length(int64_t block) const { return at_most(extent - block * size, size); }
};
HEBB_INLINE Blocks blocks_of(int64_t extent, int64_t largest, int64_t multiple) {
  const int64_t size = round_up(ceil_divide(extent, ceil_divide(extent, largest)), multiple);
  return {extent, size, ceil_divide(extent, size)};
}

}  // namespace hebb::cpu::HEBB_ISA::winograd
