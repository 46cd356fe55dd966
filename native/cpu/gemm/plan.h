// How a product is cut into panels and blocks, and its pieces shared among threads.
#pragma once
#include "cpu/gemm/pack.h"

namespace hebb::cpu::HEBB_ISA {

HEBB_INLINE int64_t ceil_divide(int64_t value, int64_t divisor) { return (value + divisor - 1) / divisor; }

struct Range {
  int64_t begin, end;
};

// An extent cut into pieces of one size, but for the last.
struct Cut {
  int64_t extent, piece, count;
  HEBB_INLINE int64_t begin(int64_t index) const { return index * piece; }
  HEBB_INLINE int64_t size(int64_t index) const { return at_most(extent - index * piece, piece); }
  HEBB_INLINE Range range(int64_t index) const { return {begin(index), begin(index) + size(index)}; }
};
HEBB_INLINE Cut cut_by(int64_t extent, int64_t piece) { return {extent, piece, ceil_divide(extent, piece)}; }
HEBB_INLINE Cut cut_evenly(int64_t extent, int64_t largest_piece, int64_t multiple) {
  if (extent == 0) return {0, largest_piece, 0};
  const int64_t piece = round_up(ceil_divide(extent, ceil_divide(extent, largest_piece)), multiple);
  return cut_by(extent, piece);
}

HEBB_INLINE Cut column_panels_of(int64_t columns) { return cut_by(columns, tile_columns); }
// A product of no depth still writes its elements: one block of depth 0.
HEBB_INLINE Cut depth_blocks_of(int64_t depth) {
  return depth == 0 ? Cut{0, depth_block, 1} : cut_evenly(depth, depth_block, Vec::width);
}

// Packs the panels of one operand that hold some of the pieces of a cut.
HEBB_INLINE void pack(const Operand& operand, const Cut& cut, Range pieces, const Cut& depths, int64_t depth,
                      float* panels) {
  if (depths.extent == 0) return;
  const int64_t first = cut.begin(pieces.begin);
  operand.pack(operand.source, {first, at_most(cut.extent, cut.begin(pieces.end)) - first, cut.piece,
                                depths.begin(depth), depths.size(depth), panels});
}

// How threads share the product: a grid of pieces, each of some row panels and some column panels, chosen for the least
// work of the thread that has most. shared_cost: that of fetching a panel of b which another thread has packed, if they
// pack for each other.
struct Grid {
  int rows, columns;
};
HEBB_INLINE Grid grid_of(int64_t row_count, int64_t column_count, int threads, int64_t shared_cost = 0) {
  Grid best{threads, 1};
  int64_t least = INT64_MAX;
  for (int columns = 1; columns <= threads; ++columns) {
    if (threads % columns) continue;
    const Grid grid{threads / columns, columns};
    const int64_t row_panels = ceil_divide(row_count, grid.rows);
    const int64_t column_panels = ceil_divide(column_count, grid.columns);
    const int64_t b_cost = shared_cost == 0 || grid.rows == 1 ? b_panel_cost : b_panel_cost / grid.rows + shared_cost;
    const int64_t work =
        row_panels * column_panels * panel_products + row_panels * a_panel_cost + column_panels * b_cost;
    if (work < least) least = work, best = grid;
  }
  return best;
}

HEBB_INLINE Range piece(int64_t count, int index, int pieces) {
  return {count * index / pieces, count * (index + 1) / pieces};
}

template <class Visit>
HEBB_INLINE void for_blocks(Range panels, int64_t largest, const Visit& visit) {
  const Cut blocks = cut_evenly(panels.end - panels.begin, largest, 1);
  for (int64_t block = 0; block < blocks.count; ++block) {
    const int64_t first = panels.begin + blocks.begin(block);
    visit(Range{first, first + blocks.size(block)});
  }
}

}  // namespace hebb::cpu::HEBB_ISA
