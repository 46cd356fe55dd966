// The innermost loops of a product whose left side is read where it lies.
#pragma once
#include "cpu/gemm/store_tile.h"
#include "cpu/gemm/tuning.h"

namespace hebb::cpu::HEBB_ISA {

// Adjacent floats that every row has at the same distance from where the row begins.
struct Run {
  int64_t offset, length;
};

struct RowTile : TileTarget {
  const Run* runs;  // the depth, run after run
  int run_count;
  const float* const* a;  // where the rows of a begin
  const float* b;         // panel of b
  int64_t b_step;         // from one depth of a b at rest to the next
};
using RowTileFunction = void (*)(const RowTile&);

RowTileFunction row_tile_function(int rows, int vectors);
// For tile_vectors vectors of a b that is not packed, b_step floats from one depth to the next.
RowTileFunction resting_row_tile_function(int rows);
// For two panels of b at once, the second b_panel_floats after the first, of 2 * tile_vectors vectors together; rows:
// wide_tile_rows at most.
RowTileFunction wide_row_tile_function(int rows);

}  // namespace hebb::cpu::HEBB_ISA
