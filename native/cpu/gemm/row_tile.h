// The innermost loops of a product whose left side is read where it lies.
#pragma once
#include "cpu/gemm/epilogue.h"
#include "cpu/gemm/tuning.h"

namespace hebb::cpu::HEBB_ISA {

// Adjacent floats that every row has at the same distance from where the row begins.
struct Run {
  int64_t offset, length;
};

struct RowTile {
  const Run* runs;  // the depth, run after run
  int run_count;
  const float* const* a;  // where the rows of a begin
  const float* b;         // panel of b
  float* const* rows;     // rows of c
  int64_t column;         // the tile's first in them
  int last_lanes;         // columns of the tile's last vector
  bool accumulate;        // onto what c holds
  Epilogue epilogue;      // from the tile's first row and column
};
using RowTileFunction = void (*)(const RowTile&);

RowTileFunction row_tile_function(int rows, int vectors);

}  // namespace hebb::cpu::HEBB_ISA
