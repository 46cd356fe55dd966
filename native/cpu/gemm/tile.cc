#include "cpu/gemm/tile.h"

#include "cpu/gemm/tile_sums.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

template <int rows, int vectors, bool b_is_panel>
void multiply(const Tile& t) {
  Vec sum[rows][vectors];
  clear(sum);
  const float* a = t.a;
  const float* b = t.b;
  const int64_t b_step = b_is_panel ? vectors * Vec::width : t.b_step;
  const float* twin = twin_of(a);
  const auto step = [&]() __attribute__((always_inline)) {
    add_product_of<1>(sum, a, twin, b);
    a += tile_rows, twin += tile_rows, b += b_step;
  };
  // Rows of c are fetched one by one on the way: all at once they would fill the buffers that the panels come through.
  constexpr int64_t stretch = 16, line_length = 16;
  const float* next = t.next;
  int64_t left = t.depth;
  for (int row = 0; left >= stretch; left -= stretch, ++row) {
    if (row < rows) fetch_row<vectors>(t, row, row);
    const float* const stop = next + stretch * t.next_step;
    for (; next < stop; next += line_length) __builtin_prefetch(next, 0, 2);
    for (int64_t k = 0; k < stretch; k += 4) step(), step(), step(), step();
  }
  while (left-- > 0) step();
  store_tile<rows, vectors>(t, sum);
}

struct PanelLoops {
  using Function = TileFunction;
  template <int rows, int vectors>
  static constexpr Function of = multiply<rows, vectors, true>;
};

struct RestingLoops {
  using Function = TileFunction;
  template <int rows, int vectors>
  static constexpr Function of = multiply<rows, vectors, false>;
};

}  // namespace

TileFunction tile_function(int rows, int vectors) { return pick<PanelLoops, tile_rows>(rows, vectors); }

TileFunction resting_tile_function(int rows) { return pick<RestingLoops, tile_rows>(rows, tile_vectors); }

}  // namespace hebb::cpu::HEBB_ISA
