// A convolution of one group, forward or, with the filters turned over, backward.
#pragma once
#include "cpu/conv/winograd/filters.h"
#include "cpu/conv/winograd/results.h"
#include "cpu/conv/winograd/tiles.h"

namespace hebb::cpu::HEBB_ISA::winograd {

struct Pass {
  Tiles tiles;
  Filters filters;
  Results results;
  int64_t tile_count, filter_count, depth;
};

// Of 3 taps, with so few tiles that the filters are best transformed while they are multiplied.
void run_on_the_way(const Pass& pass);

}  // namespace hebb::cpu::HEBB_ISA::winograd
