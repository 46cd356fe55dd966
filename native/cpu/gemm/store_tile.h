// The end of a tile: its sums go through the epilogue to the rows of c.
#pragma once
#include "cpu/gemm/epilogue.h"

namespace hebb::cpu::HEBB_ISA {

// Where a tile's sums go.
struct TileTarget {
  float* const* rows;  // rows of c
  int64_t column;      // the tile's first in them
  int last_lanes;      // columns of the tile's last vector
  bool accumulate;     // onto what c holds
  Epilogue epilogue;   // from the tile's first row and column
  const float* next;   // fetched to the second-level cache meanwhile: next_step floats with each depth
  int64_t next_step;
};

// Fetches a row that will be written, and one of the residual that will be added.
template <int vectors>
HEBB_INLINE void fetch_row(const TileTarget& t, int row, int residual_row) {
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) __builtin_prefetch(t.rows[row] + t.column + v * Vec::width, 1);
  if (!t.epilogue.residual) return;
  const float* const residual = t.epilogue.residual + residual_row * t.epilogue.residual_stride;
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) __builtin_prefetch(residual + v * Vec::width);
}

// One vector of every row.
template <int rows, int vectors>
HEBB_INLINE void store_vector(const TileTarget& t, const Vec (&sum)[rows][vectors], int v, int lanes) {
  // Copies: a store to c might change t, for all that the compiler knows.
  const ColumnsEpilogue epilogue(t.epilogue, v * Vec::width, lanes);
  float* const* const to = t.rows;
  const int64_t column = t.column + v * Vec::width;
  const bool accumulate = t.accumulate, whole = lanes == Vec::width;
#pragma GCC unroll 16
  for (int row = 0; row < rows; ++row) {
    float* const c = to[row] + column;
    Vec value = sum[row][v];
    if (accumulate) value = (whole ? load(c) : load_partial(c, lanes)) + value;
    value = epilogue.of(value, row);
    if (whole) {
      store(c, value);
    } else {
      store_partial(c, value, lanes);
    }
  }
}

// Sums as they are, to whole vectors: nothing is asked row by row.
template <bool accumulate, int rows, int vectors>
HEBB_INLINE void store_sums(const TileTarget& t, const Vec (&sum)[rows][vectors]) {
  float* const* const to = t.rows;
  const int64_t column = t.column;
#pragma GCC unroll 16
  for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      float* const c = to[row] + column + v * Vec::width;
      store(c, accumulate ? load(c) + sum[row][v] : sum[row][v]);
    }
  }
}

template <int rows, int vectors>
HEBB_INLINE void store_tile(const TileTarget& t, const Vec (&sum)[rows][vectors]) {
  if (t.last_lanes == Vec::width && t.epilogue.is_nothing()) {
    return t.accumulate ? store_sums<true, rows, vectors>(t, sum) : store_sums<false, rows, vectors>(t, sum);
  }
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) {
    store_vector<rows, vectors>(t, sum, v, v + 1 < vectors ? Vec::width : t.last_lanes);
  }
}

}  // namespace hebb::cpu::HEBB_ISA
