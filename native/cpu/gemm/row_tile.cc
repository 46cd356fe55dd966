#include "cpu/gemm/row_tile.h"

#include "cpu/gemm/gemm.h"
#include "cpu/gemm/tile_sums.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

// `panels` panels of b beside each other, of panel_vectors vectors.
template <int rows, int panels, int panel_vectors, bool b_is_panel = true>
void multiply(const RowTile& t) {
  constexpr int vectors = panels * panel_vectors;
  Vec sum[rows][vectors];
  clear(sum);
  // The residual's come from memory: those of the rows after these. (A prefetch past the end does nothing.)
#pragma GCC unroll 16
  for (int row = 0; row < rows; ++row) fetch_row<vectors>(t, row, row + rows);
  const float* b = t.b;
  const int64_t b_step = b_is_panel ? panel_vectors * Vec::width : t.b_step;
  const float* next = t.next;
  const int64_t next_step = t.next_step;
  for (const Run *run = t.runs, *const end = run + t.run_count; run != end; ++run) {
    const float* a[rows];
#pragma GCC unroll 16
    for (int row = 0; row < rows; ++row) a[row] = t.a[row] + run->offset;
    const int64_t length = run->length;
#pragma GCC unroll 4
    for (int64_t k = 0; k < length; ++k, b += b_step, next += next_step) {
      __builtin_prefetch(next, 0, 2);
      add_outer_product(
          sum, [&](int row) __attribute__((always_inline)) { return a[row][k]; },
          [&](int v) __attribute__((always_inline)) {
            return load(b + v / panel_vectors * b_panel_floats + v % panel_vectors * Vec::width);
          });
    }
  }
  store_tile<rows, vectors>(t, sum);
}

struct RowLoops {
  using Function = RowTileFunction;
  template <int rows, int vectors>
  static constexpr Function of = multiply<rows, 1, vectors>;
};

struct RestingLoops {
  using Function = RowTileFunction;
  template <int rows, int vectors>
  static constexpr Function of = multiply<rows, 1, vectors, false>;
};

struct WideLoops {
  using Function = RowTileFunction;
  template <int rows, int vectors>
  static constexpr Function of = multiply<rows, 2, tile_vectors>;
};

}  // namespace

RowTileFunction row_tile_function(int rows, int vectors) { return pick<RowLoops, row_tile_rows>(rows, vectors); }

RowTileFunction resting_row_tile_function(int rows) { return pick<RestingLoops, row_tile_rows>(rows, tile_vectors); }

RowTileFunction wide_row_tile_function(int rows) { return pick<WideLoops, wide_tile_rows>(rows, tile_vectors); }

}  // namespace hebb::cpu::HEBB_ISA
