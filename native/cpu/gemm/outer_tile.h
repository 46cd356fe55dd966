// The innermost loops of a product whose left side is read where it lies, the rows of each depth adjacent: a sum of
// outer products.
#pragma once
#include "cpu/gemm/store_tile.h"
#include "cpu/gemm/tuning.h"

namespace hebb::cpu::HEBB_ISA {

struct OuterTile : TileTarget {
  int64_t depth;
  const float* const* a;  // where each depth begins
  int64_t first;          // the tile's first row in it
  const float* b;         // panel of b
};
using OuterTileFunction = void (*)(const OuterTile&);

OuterTileFunction outer_tile_function(int rows, int vectors);  // of tile_rows rows at most

}  // namespace hebb::cpu::HEBB_ISA
