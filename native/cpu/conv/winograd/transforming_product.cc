#include "cpu/conv/winograd/transforming_product.h"

#include "cpu/gemm/pack.h"

namespace hebb::cpu::HEBB_ISA::winograd {
namespace {

constexpr int width = Vec::width, taps = 3, tap_count = taps * taps;

// A row of the filter's transform: half[column] is G's row times a column of taps.
template <int row>
HEBB_INLINE void transform_row(const float* values, Vec (&transformed)[points]) {
  Vec half[taps];
#pragma GCC unroll 3
  for (int column = 0; column < taps; ++column) {
    Vec of_column[taps], result[points];
#pragma GCC unroll 3
    for (int tap = 0; tap < taps; ++tap) of_column[tap] = load(values + (tap * taps + column) * width * width);
    transform_filter(of_column, result);
    half[column] = result[row];
  }
  transform_filter(half, transformed);
}

// A row of frequencies.
template <int row, int tiles>
void multiply_row(const TransformingProduct& product) {
  Vec sums[points][tiles];
#pragma GCC unroll 6
  for (int column = 0; column < points; ++column)
#pragma GCC unroll 4
    for (int tile = 0; tile < tiles; ++tile) sums[column][tile] = zero();
  const float* inputs[points];
#pragma GCC unroll 6
  for (int column = 0; column < points; ++column)
    inputs[column] = product.inputs + (row * points + column) * product.input_frequency;
  const float* next = product.next + row * (row_stride / points) * tap_count * width;
  for (int64_t depth = 0; depth < product.depth; ++depth) {
    const float* const values = product.filters[depth / width].values[0] + depth % width * width;
    Vec filters[points];
    transform_row<row>(values, filters);
    __builtin_prefetch(next, 0, 2);
    __builtin_prefetch(next + 16, 0, 2);
    next += 32;
#pragma GCC unroll 6
    for (int column = 0; column < points; ++column)
#pragma GCC unroll 4
      for (int tile = 0; tile < tiles; ++tile)
        sums[column][tile] = fma(filters[column], splat(inputs[column][tile * row_stride + depth]), sums[column][tile]);
  }
#pragma GCC unroll 6
  for (int column = 0; column < points; ++column) {
    float* const to = product.sums + (row * points + column) * product.sum_frequency;
#pragma GCC unroll 4
    for (int tile = 0; tile < tiles; ++tile) {
      Vec& sum = sums[column][tile];
      store(to + tile * width, product.accumulate ? load(to + tile * width) + sum : sum);
    }
  }
}

template <int tiles>
void multiply_rows(const TransformingProduct& product) {
  multiply_row<0, tiles>(product);
  multiply_row<1, tiles>(product);
  multiply_row<2, tiles>(product);
  multiply_row<3, tiles>(product);
  multiply_row<4, tiles>(product);
  multiply_row<5, tiles>(product);
}

}  // namespace

void multiply(const TransformingProduct& product) {
  static constexpr void (*of_tiles[])(const TransformingProduct&) = {multiply_rows<1>, multiply_rows<2>,
                                                                     multiply_rows<3>, multiply_rows<4>};
  of_tiles[product.tiles - 1](product);
}

}  // namespace hebb::cpu::HEBB_ISA::winograd
