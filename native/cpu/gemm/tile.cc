#include "cpu/gemm/tile.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

template <int rows, int vectors>
void multiply_tile(const Tile& t) {
  constexpr int width = Vec::width;
  Vec sum[rows][vectors];
#pragma GCC unroll 16
  for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[row][v] = zero();
  }
  const float* a = t.a;
  const float* b = t.b;
  auto step = [&]() __attribute__((always_inline)) {
    Vec right[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) right[v] = load(b + v * width);
#pragma GCC unroll 16
    for (int row = 0; row < rows; ++row) {
      const Vec left = splat(a[row * depth_block]);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[row][v] = fma(left, right[v], sum[row][v]);
    }
    ++a, b += vectors * width;
  };
  // Rows of c are fetched one by one on the way: all at once they would fill the buffers that the panels come through.
  const float* const end = a + t.depth;
  const int64_t gap = t.depth / rows;
  for (int row = 0; row < rows; ++row) {
    fetch_row<vectors>(t, row, row);
    for (const float* stop = a + gap; a != stop;) step();
  }
  while (a != end) step();
  store_tile<rows, vectors>(t, sum);
}

template <int rows>
HEBB_INLINE TileFunction pick(int wanted, int vectors) {
  static_assert(tile_vectors == 2);
  if (wanted == rows) return vectors == 1 ? multiply_tile<rows, 1> : multiply_tile<rows, 2>;
  if constexpr (rows > 1) return pick<rows - 1>(wanted, vectors);
  return nullptr;
}

}  // namespace

TileFunction tile_function(int rows, int vectors) { return pick<tile_rows>(rows, vectors); }

}  // namespace hebb::cpu::HEBB_ISA
