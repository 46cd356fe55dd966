// The end of a tile: its sums go through the epilogue to the rows of c.
#pragma once
#include "cpu/gemm/epilogue.h"

namespace hebb::cpu::HEBB_ISA {

// A tile's `rows`, `column`, `last_lanes`, `accumulate` and `epilogue` are those of Tile and RowTile.
template <int rows, int vectors, class AnyTile>
HEBB_INLINE void store_tile(const AnyTile& t, const Vec (&sum)[rows][vectors]) {
  constexpr int width = Vec::width;
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) {
    const bool whole = v + 1 < vectors || t.last_lanes == width;
    const int lanes = whole ? width : t.last_lanes;
    const ColumnsEpilogue epilogue(t.epilogue, v * width, lanes);
#pragma GCC unroll 16
    for (int row = 0; row < rows; ++row) {
      float* c = t.rows[row] + t.column + v * width;
      Vec value = sum[row][v];
      if (t.accumulate) value = (whole ? load(c) : load_partial(c, lanes)) + value;
      value = epilogue.of(value, row);
      if (whole) {
        store(c, value);
      } else {
        store_partial(c, value, lanes);
      }
    }
  }
}

}  // namespace hebb::cpu::HEBB_ISA
