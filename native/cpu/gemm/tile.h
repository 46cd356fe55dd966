// The innermost loops: a tile of the product in registers.
#pragma once
#include "cpu/gemm/store_tile.h"
#include "cpu/gemm/tuning.h"

namespace hebb::cpu::HEBB_ISA {

struct Tile : TileTarget {
  int64_t depth;   // of both panels
  const float* a;  // panel of a
  const float* b;  // panel of b, or where its columns begin
  int64_t b_step;  // from a depth of b to the next, where it is no panel
};
using TileFunction = void (*)(const Tile&);

TileFunction tile_function(int rows, int vectors);
// With tile_columns columns of b where they lie.
TileFunction resting_tile_function(int rows);

}  // namespace hebb::cpu::HEBB_ISA
