#include "cpu/gemm/row_tile.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

template <int rows, int vectors>
void multiply_rows(const RowTile& t) {
  constexpr int width = Vec::width;
  Vec sum[rows][vectors];
#pragma GCC unroll 16
  for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[row][v] = zero();
    // The residual's come from memory: those of the rows after these. (A prefetch past the end does nothing.)
    fetch_row<vectors>(t, row, row + rows);
  }
  const float* b = t.b;
  const float* next = t.next;
  const int64_t next_step = t.next_step;
  for (const Run *run = t.runs, *const end = run + t.run_count; run != end; ++run) {
    const float* a[rows];
#pragma GCC unroll 16
    for (int row = 0; row < rows; ++row) a[row] = t.a[row] + run->offset;
    const int64_t length = run->length;
#pragma GCC unroll 4
    for (int64_t k = 0; k < length; ++k, b += vectors * width, next += next_step) {
      __builtin_prefetch(next, 0, 2);
      Vec right[vectors];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) right[v] = load(b + v * width);
#pragma GCC unroll 16
      for (int row = 0; row < rows; ++row) {
        const Vec left = splat(a[row][k]);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) sum[row][v] = fma(left, right[v], sum[row][v]);
      }
    }
  }
  store_tile<rows, vectors>(t, sum);
}

template <int rows>
HEBB_INLINE RowTileFunction pick(int wanted, int vectors) {
  static_assert(tile_vectors == 2);
  if (wanted == rows) return vectors == 1 ? multiply_rows<rows, 1> : multiply_rows<rows, 2>;
  if constexpr (rows > 1) return pick<rows - 1>(wanted, vectors);
  return nullptr;
}

}  // namespace

RowTileFunction row_tile_function(int rows, int vectors) { return pick<row_tile_rows>(rows, vectors); }

}  // namespace hebb::cpu::HEBB_ISA
