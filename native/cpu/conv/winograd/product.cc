#include "cpu/conv/winograd/product.h"

#include "cpu/gemm/pack.h"
#include "cpu/gemm/tile_sums.h"

namespace hebb::cpu::HEBB_ISA::winograd {
namespace {

constexpr int width = Vec::width;

struct Tile {
  int64_t depth;
  const float* a;
  const float* b;
  int64_t b_step;
  float* c;
  int64_t c_stride;
  bool accumulate;
  const float* next;  // prefetched, next_step floats for each depth
  int64_t next_step;
};
using TileFunction = void (*)(const Tile&);

template <bool transposed>
struct FrequencyLoops {
  using Function = TileFunction;

  template <int rows, int vectors>
  static void of(const Tile& t) {
    constexpr int64_t depth_step = transposed ? row_stride : 1;
    Vec sum[rows][vectors];
    clear(sum);
#pragma GCC unroll 16
    for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) __builtin_prefetch(t.c + row * t.c_stride + v * width, 1);
    }
    const float* a = t.a;
    const float* b = t.b;
    const float* next = t.next;
    for (const float* end = a + t.depth * depth_step; a != end; a += depth_step, b += t.b_step, next += t.next_step) {
      __builtin_prefetch(next, 0, 2);
      add_product_of<transposed ? 1 : row_stride>(sum, a, twin_of(a), b);
    }
    float* c = t.c;
#pragma GCC unroll 16
    for (int row = 0; row < rows; ++row, c += t.c_stride) {
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v)
        store(c + v * width, t.accumulate ? load(c + v * width) + sum[row][v] : sum[row][v]);
    }
  }
};

// Panel of b by panel: it stays in the cache while those of a pass, and meanwhile the next one comes.
template <bool transposed>
HEBB_INLINE void multiply_tiles(const Product& p) {
  const int64_t panels = (p.rows + row_tile - 1) / row_tile;
  Tile tile;
  tile.b_step = p.b_step, tile.c_stride = p.c_stride, tile.next_step = column_tile / panels;
  const float* b = p.b;
  for (int64_t column = 0; column < p.columns; column += column_tile, b += p.panel_step) {
    const float* next = b + p.panel_step;
    for (int64_t panel = 0; panel < panels; ++panel) {
      const int64_t row = p.rows * panel / panels;
      const int rows = static_cast<int>(p.rows * (panel + 1) / panels - row);
      const TileFunction function =
          pick<FrequencyLoops<transposed>, row_tile>(rows, p.columns - column > width ? 2 : 1);
      tile.a = p.a + row * (transposed ? 1 : row_stride);
      tile.b = b;
      tile.c = p.c + row * p.c_stride + column;
      tile.accumulate = p.accumulate;
      for (int64_t rest = p.depth; rest > 0; rest -= tile.depth) {
        tile.depth = at_most(rest, row_stride);
        tile.next = next;
        function(tile);
        tile.accumulate = true;
        tile.a += p.chunk_step;
        tile.b += tile.depth * p.b_step;
        next += tile.depth * tile.next_step;
      }
    }
  }
}

}  // namespace

void multiply(const Product& product) { multiply_tiles<false>(product); }
void multiply_transposed(const Product& product) { multiply_tiles<true>(product); }

}  // namespace hebb::cpu::HEBB_ISA::winograd
