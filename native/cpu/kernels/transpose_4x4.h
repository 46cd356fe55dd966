// A 4 x 4 block of 32-bit elements turned over its diagonal, in the compiler's portable 128-bit vectors.
#pragma once
#include <cstdint>
#include <cstring>

#include "core/inline.h"

namespace hebb::cpu::HEBB_ISA {

// Any 32-bit element.
struct __attribute__((may_alias)) Word {
  uint32_t bits;
};

using Quad = uint32_t __attribute__((vector_size(16)));

HEBB_INLINE Quad load_quad(const Word* from) {
  Quad quad;
  std::memcpy(&quad, from, sizeof quad);
  return quad;
}
HEBB_INLINE void store_quad(Word* to, Quad quad) { std::memcpy(to, &quad, sizeof quad); }

HEBB_INLINE void transpose_4x4(Word* to, int64_t to_stride, const Word* from, int64_t from_stride) {
  const Quad a = load_quad(from), b = load_quad(from + from_stride);
  const Quad c = load_quad(from + 2 * from_stride), d = load_quad(from + 3 * from_stride);
  const Quad ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Quad cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  store_quad(to, __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5));
  store_quad(to + to_stride, __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7));
  store_quad(to + 2 * to_stride, __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5));
  store_quad(to + 3 * to_stride, __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7));
}

}  // namespace hebb::cpu::HEBB_ISA
