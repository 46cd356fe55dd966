#include "cpu/gemm/outer_tile.h"

#include "cpu/gemm/tile_sums.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

struct OuterLoops {
  using Function = OuterTileFunction;

  template <int rows, int vectors>
  static void of(const OuterTile& t) {
    Vec sum[rows][vectors];
    clear(sum);
    const float* b = t.b;
    const float* next = t.next;
    const int64_t first = t.first;
    for (const float *const *left = t.a, *const *const end = left + t.depth; left != end;
         ++left, b += vectors * Vec::width, next += t.next_step) {
      if (t.next_step) __builtin_prefetch(next, 0, 2);
      const float* const a = *left + first;
      add_product_of<1>(sum, a, twin_of(a), b);
    }
    store_tile<rows, vectors>(t, sum);
  }
};

}  // namespace

OuterTileFunction outer_tile_function(int rows, int vectors) { return pick<OuterLoops, tile_rows>(rows, vectors); }

}  // namespace hebb::cpu::HEBB_ISA
