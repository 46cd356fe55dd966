#include "cpu/gemm/tile.h"

#include "cpu/gemm/tile_sums.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

struct PackedLoops {
  using Function = TileFunction;

  template <int rows, int vectors>
  static void of(const Tile& t) {
    Vec sum[rows][vectors];
    clear(sum);
    const float* a = t.a;
    const float* b = t.b;
    auto step = [&]() __attribute__((always_inline)) {
      add_product(
          sum, [&](int row) { return a[row * depth_block]; }, b);
      ++a, b += vectors * Vec::width;
    };
    // Rows of c are fetched one by one on the way: all at once they would fill the buffers that the panels come
    // through.
    const float* const end = a + t.depth;
    const int64_t gap = t.depth / rows;
    for (int row = 0; row < rows; ++row) {
      fetch_row<vectors>(t, row, row);
      for (const float* stop = a + gap; a != stop;) step();
    }
    while (a != end) step();
    store_tile<rows, vectors>(t, sum);
  }
};

}  // namespace

TileFunction tile_function(int rows, int vectors) { return pick<PackedLoops, tile_rows>(rows, vectors); }

}  // namespace hebb::cpu::HEBB_ISA
