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
  const float* next;      // fetched meanwhile: next_step floats with each depth
  int64_t next_step;
};
using RowTileFunction = void (*)(const RowTile&);

RowTileFunction row_tile_function(int rows, int vectors);

}  // namespace hebb::cpu::HEBB_ISA
