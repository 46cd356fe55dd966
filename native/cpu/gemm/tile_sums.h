// What the innermost loops have in common: a tile's sums in registers, one product of a column and a row added at a
// time.
#pragma once
#include "cpu/gemm/tuning.h"

namespace hebb::cpu::HEBB_ISA {

template <int rows, int vectors>
HEBB_INLINE void clear(Vec (&sum)[rows][vectors]) {
#pragma GCC unroll 16
  for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[row][v] = zero();
  }
}

// left(row) is an element of a, right(v) a vector of a row of b.
template <int rows, int vectors, class Left, class Right>
HEBB_INLINE void add_outer_product(Vec (&sum)[rows][vectors], const Left& left, const Right& right) {
  Vec loaded[vectors];
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) loaded[v] = right(v);
#pragma GCC unroll 16
  for (int row = 0; row < rows; ++row) {
    const Vec factor = splat(left(row));
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[row][v] = fma(factor, loaded[v], sum[row][v]);
  }
}

// b points to the vectors of a row of b.
template <int rows, int vectors, class Left>
HEBB_INLINE void add_product(Vec (&sum)[rows][vectors], const Left& left, const float* b) {
  add_outer_product(
      sum, left, [&](int v) __attribute__((always_inline)) { return load(b + v * Vec::width); });
}

// Loops::of<rows, vectors>, a Loops::Function, for numbers that are known at run time: `rows` rows at most.
template <class Loops, int rows>
HEBB_INLINE typename Loops::Function pick(int wanted, int vectors) {
  static_assert(tile_vectors == 2);
  if (wanted == rows) return vectors == 1 ? Loops::template of<rows, 1> : Loops::template of<rows, 2>;
  if constexpr (rows > 1) return pick<Loops, rows - 1>(wanted, vectors);
  return nullptr;
}

}  // namespace hebb::cpu::HEBB_ISA
