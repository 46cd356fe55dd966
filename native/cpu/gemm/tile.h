// The innermost loops: a tile of the product in registers.
#pragma once
#include "cpu/gemm/store_tile.h"
#include "cpu/gemm/tuning.h"

namespace hebb::cpu::HEBB_ISA {

struct Tile : TileTarget {
  int64_t depth;   // of both panels
  const float* a;  // panel of a
  const float* b;  // panel of b
};
using TileFunction = void (*)(const Tile&);

TileFunction tile_function(int rows, int vectors);

}  // namespace hebb::cpu::HEBB_ISA
