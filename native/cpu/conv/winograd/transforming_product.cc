#include "cpu/conv/winograd/transforming_product.h"

#include "cpu/gemm/pack.h"

namespace hebb::cpu::HEBB_ISA::winograd {
namespace {

constexpr int width = Vec::width, taps = 3, tap_count = taps * taps;

// The filter's values at the points, to be scaled by these.
constexpr double scales[points] = {scale_0, scale_p, scale_p, scale_q, scale_q, 1};
HEBB_INLINE void values_at_points(const Vec (&g)[taps], Vec (&t)[points]) {
  put_points(g[0], fma(splat(p2), g[2], g[0]), splat(p) * g[1], fma(splat(q2), g[2], g[0]), splat(q) * g[1], t);
  t[5] = g[2];
}

// A row of the filter's transform, of which the compiler leaves out what is not used.
template <int row>
HEBB_INLINE void transform_row(const float* values, Vec (&transformed)[points]) {
  Vec half[taps];
#pragma GCC unroll 3
  for (int column = 0; column < taps; ++column) {
    Vec of_column[taps], result[points];
#pragma GCC unroll 3
    for (int tap = 0; tap < taps; ++tap) of_column[tap] = load(values + (tap * taps + column) * width * width);
    values_at_points(of_column, result);
    half[column] = result[row];
  }
  values_at_points(half, transformed);
}

// `columns` frequencies of a row.
template <int row, int first_column, int columns, int tiles>
void multiply_frequencies(const TransformingProduct& product) {
  constexpr int first = row * points + first_column, parts = frequencies / columns, part = first / columns;
  constexpr int lines = ((row_stride * tap_count + parts - 1) / parts + row_stride - 1) / row_stride;  // for each depth
  Vec sums[columns][tiles];
#pragma GCC unroll 6
  for (int column = 0; column < columns; ++column)
#pragma GCC unroll 8
    for (int tile = 0; tile < tiles; ++tile) sums[column][tile] = zero();
  const float* inputs[columns];
#pragma GCC unroll 6
  for (int column = 0; column < columns; ++column)
    inputs[column] = product.inputs + (first + column) * product.input_frequency;
  const float* next = product.next + row_stride * tap_count * part / parts * width;
  for (int64_t depth = 0; depth < product.depth; ++depth) {
    Vec filters[points];
    transform_row<row>(product.filters[depth / width].values[0] + depth % width * width, filters);
#pragma GCC unroll 2
    for (int line = 0; line < lines; ++line) __builtin_prefetch(next + line * width, 0, 2);
    next += lines * width;
#pragma GCC unroll 6
    for (int column = 0; column < columns; ++column)
#pragma GCC unroll 8
      for (int tile = 0; tile < tiles; ++tile)
        sums[column][tile] =
            fma(filters[first_column + column], splat(inputs[column][tile * row_stride + depth]), sums[column][tile]);
  }
#pragma GCC unroll 6
  for (int column = 0; column < columns; ++column) {
    const Vec scale = splat(scales[row] * scales[first_column + column]);
    float* const to = product.sums + (first + column) * product.sum_frequency;
#pragma GCC unroll 8
    for (int tile = 0; tile < tiles; ++tile) {
      const Vec sum = sums[column][tile];
      store(to + tile * width, product.accumulate ? fma(scale, sum, load(to + tile * width)) : scale * sum);
    }
  }
}

// Rows of frequencies, or halves of rows for twice as many tiles.
template <int row, int tiles>
void multiply_rows(const TransformingProduct& product) {
  if constexpr (tiles <= tiles_on_the_way) {
    multiply_frequencies<row, 0, points, tiles>(product);
  } else {
    multiply_frequencies<row, 0, points / 2, tiles>(product);
    multiply_frequencies<row, points / 2, points / 2, tiles>(product);
  }
  if constexpr (row + 1 < points) multiply_rows<row + 1, tiles>(product);
}

}  // namespace

void multiply(const TransformingProduct& product) {
  if (product.tiles == 2 * tiles_on_the_way) return multiply_rows<0, 2 * tiles_on_the_way>(product);
  static constexpr void (*of_tiles[])(const TransformingProduct&) = {multiply_rows<0, 1>, multiply_rows<0, 2>,
                                                                     multiply_rows<0, 3>, multiply_rows<0, 4>};
  of_tiles[product.tiles - 1](product);
}

}  // namespace hebb::cpu::HEBB_ISA::winograd
