// The products of few tiles with filters that are transformed on the way, in registers: so few that storing the
// filters' transforms would take longer than multiplying by them.
#pragma once
#include "cpu/conv/winograd/filters.h"

namespace hebb::cpu::HEBB_ISA::winograd {

struct TransformingProduct {
  const Square<3>* filters;  // a vector of filters at `depth` depths, row_stride at most
  int64_t depth;
  int tiles;            // 1 to tiles_on_the_way, or twice as many
  const float* inputs;  // frequency f of tile t at depth k: f * input_frequency + t * row_stride + k
  int64_t input_frequency;
  float* sums;  // of frequency f and tile t: f * sum_frequency + t * Vec::width
  int64_t sum_frequency;
  bool accumulate;    // onto what the sums hold
  const float* next;  // fetched meanwhile: as much as the filters of row_stride depths
};

void multiply(const TransformingProduct& product);

}  // namespace hebb::cpu::HEBB_ISA::winograd
