// The innermost loops: a tile of the product in registers.
#pragma once
#include "cpu/gemm/epilogue.h"
#include "cpu/gemm/tuning.h"

namespace hebb::cpu::HEBB_ISA {

struct Tile {
  int64_t depth;       // of both panels
  const float* a;      // panel of a
  const float* b;      // panel of b
  float* const* rows;  // rows of c
  int64_t column;      // the tile's first in them
  int last_lanes;      // columns of the tile's last vector
  bool accumulate;     // onto what c holds
  Epilogue epilogue;   // from the tile's first row and column
};
using TileFunction = void (*)(const Tile&);

TileFunction tile_function(int rows, int vectors);

}  // namespace hebb::cpu::HEBB_ISA
