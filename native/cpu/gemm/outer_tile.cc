#include "cpu/gemm/outer_tile.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

template <int rows, int vectors>
void multiply_depths(const OuterTile& t) {
  constexpr int width = Vec::width;
  Vec sum[rows][vectors];
#pragma GCC unroll 16
  for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[row][v] = zero();
  }
  const float* b = t.b;
  const int64_t first = t.first;
  for (const float *const *left = t.a, *const *const end = left + t.depth; left != end; ++left, b += vectors * width) {
    const float* const a = *left + first;
    Vec right[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) right[v] = load(b + v * width);
#pragma GCC unroll 16
    for (int row = 0; row < rows; ++row) {
      const Vec factor = splat(a[row]);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[row][v] = fma(factor, right[v], sum[row][v]);
    }
  }
  store_tile<rows, vectors>(t, sum);
}

template <int rows>
HEBB_INLINE OuterTileFunction pick(int wanted, int vectors) {
  static_assert(tile_vectors == 2);
  if (wanted == rows) return vectors == 1 ? multiply_depths<rows, 1> : multiply_depths<rows, 2>;
  if constexpr (rows > 1) return pick<rows - 1>(wanted, vectors);
  return nullptr;
}

}  // namespace

OuterTileFunction outer_tile_function(int rows, int vectors) { return pick<tile_rows>(rows, vectors); }

}  // namespace hebb::cpu::HEBB_ISA
