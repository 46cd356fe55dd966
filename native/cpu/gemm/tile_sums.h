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

// Where a multiply-add can repeat an element of memory in all its lanes, every other row does without loading it first:
// an instruction less, for one load more. Instructions and loads are then short in equal measure where another thread
// has the core's other half.
#if defined(__AVX512F__)
constexpr bool repeats_elements = true;
#else
constexpr bool repeats_elements = false;
#endif

// The same address, but that the compiler does not know it: what it loads through both, once for each vector, it makes
// an operand of each multiply-add.
HEBB_INLINE const float* twin_of(const float* a) {
  if constexpr (repeats_elements) asm("" : "+r"(a));
  return a;
}

// The elements of a are `step` floats apart.
template <int64_t step, int rows, int vectors>
HEBB_INLINE void add_product_of(Vec (&sum)[rows][vectors], const float* a, const float* twin, const float* b) {
  Vec loaded[vectors];
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) loaded[v] = in_register(load(b + v * Vec::width));
#pragma GCC unroll 16
  for (int row = 0; row < rows; ++row) {
    const bool repeats = repeats_elements && row % 2 == 1;
    const Vec factor = splat(a[row * step]);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v)
      sum[row][v] = fma(repeats && v > 0 ? splat(twin[row * step]) : factor, loaded[v], sum[row][v]);
  }
}

// Loops::of<rows, vectors>, a Loops::Function, for numbers that are known at run time: `rows` rows at most.
template <class Loops, int rows>
HEBB_INLINE typename Loops::Function pick(int wanted, int vectors) {
  static_assert(tile_vectors == 2);
  if constexpr (rows > 0) {
    if (wanted == rows) return vectors == 1 ? Loops::template of<rows, 1> : Loops::template of<rows, 2>;
    return pick<Loops, rows - 1>(wanted, vectors);
  }
  return nullptr;
}

}  // namespace hebb::cpu::HEBB_ISA
