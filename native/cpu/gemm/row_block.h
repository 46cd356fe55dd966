// A block of located rows by panels of b: what one thread does of a product whose a lies in memory row by row.
#pragma once
#include "cpu/gemm/in_place.h"
#include "cpu/gemm/plan.h"

namespace hebb::cpu::HEBB_ISA {

// All of b, or its column panels [first_panel, ...) of one depth block: depth block by depth block, panel by panel.
struct Packed {
  const float* panels;
  Cut columns, depths;
  bool in_pairs;  // panels are multiplied by two
  int64_t first_depth = 0, first_panel = 0;
  const float* panel(int64_t depth, int64_t column) const {
    return panels + ((depth - first_depth) * columns.count + column - first_panel) * b_panel_floats;
  }
};

// Rows that many columns will be multiplied by are worth packing: the packed tile needs fewer instructions and less of
// the second-level cache for each product.
HEBB_INLINE bool packs_rows(const Gemm& gemm) { return gemm.columns >= packing_columns && gemm.rows >= packing_rows; }
constexpr int64_t row_panel_floats = (rows_of_block / tile_rows + 1) * a_panel_floats + Vec::width;

// Rows [first, first + count) by column panels, for some depth blocks. `memory` is the thread's own: for copies of
// lines, and for row_panel_floats if the rows are packed. What memory the next rows need is fetched meanwhile.
void multiply_rows(const Gemm& gemm, const Packed& b, int64_t first, int64_t count, Range column_panels,
                   Range depth_blocks, float* memory, Region ahead);

}  // namespace hebb::cpu::HEBB_ISA
