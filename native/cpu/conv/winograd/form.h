// What is particular to each of the algorithms. All have filters of points x points frequencies, and transformed inputs
// and products in slots, of which one or more share a frequency's filters.
#pragma once
#include "cpu/conv/winograd/transform.h"

namespace hebb::cpu::HEBB_ISA::winograd {

constexpr int frequencies = points * points;

// Those of a frequency, one behind the other.
struct Slots {
  int first, count;
};

// F(4 x 4, 3 x 3) and F(2 x 2, 5 x 5). Extents are along one axis: of a tile of inputs, from it to the next, and of a
// tile of results.
template <int taps_>
struct Unit {
  using Filter = Unit;                           // the form whose filters are transformed the same way
  static constexpr bool shares_filters = false;  // whether some frequencies have several slots
  static constexpr int taps = taps_, slots = frequencies;
  static constexpr int input_extent = points, result_extent = points + 1 - taps, input_step = result_extent;
  // Tiles and filters of a block; tiles at most, for filters to be transformed block by block; tiles of a block for the
  // gradient of the filters.
  static constexpr int64_t block = tile_block, filters = filter_block, few = few_tiles, gradient_block = gradient_tiles;
  // For the gate, in multiplications for each channel and filter.
  static constexpr int64_t tile_cost = frequencies, filter_cost = filter_transform_cost, gradient_tile_cost = tile_cost;
  static constexpr Slots slots_of(int frequency) { return {frequency, 1}; }
  HEBB_INLINE static void transform_filter(const Vec (&g)[taps], Vec (&t)[points]) { winograd::transform_filter(g, t); }
  HEBB_INLINE static void transform_filter_gradient(const Vec (&m)[points], Vec (&g)[taps]) {
    winograd::transform_filter_gradient(m, g);
  }
};

// F(4 x 4, 3 x 3) with strides of 2. Along one axis every other pixel meets the first and the last tap, which is F(4,
// 2), and those between meet the middle tap alone: 5 points and 4 pixels as they are, 9 multiplications instead of 12.
// The middle tap takes the place of the sixth point.
struct StridedForm {
  using Filter = StridedForm;
  static constexpr bool shares_filters = true;
  static constexpr int taps = 3, pixels = 4, values = finite_points + pixels, slots = values * values;
  static constexpr int64_t block = strided_tile_block, filters = strided_filter_block, few = few_strided_tiles,
                           gradient_block = gradient_strided_tiles;
  static constexpr int64_t tile_cost = strided_tile_cost, filter_cost = strided_filter_cost,
                           gradient_tile_cost = strided_gradient_tile_cost;

  // Value (row, column) of values x values.
  static constexpr int slot(int row, int column) {
    const int of_row = row < finite_points ? row : finite_points;
    const int of_column = column < finite_points ? column : finite_points;
    const int pixels_of_column = of_column < finite_points ? 1 : pixels;
    return slots_of(of_row * points + of_column).first + (row - of_row) * pixels_of_column + (column - of_column);
  }
  static constexpr Slots slots_of(int frequency) {
    const int row = frequency / points, column = frequency % points;
    if (row < finite_points && column < finite_points) return {row * finite_points + column, 1};
    constexpr int mixed = finite_points * finite_points, half = finite_points * pixels;
    if (row < finite_points) return {mixed + row * pixels, pixels};
    if (column < finite_points) return {mixed + half + column * pixels, pixels};
    return {mixed + 2 * half, pixels * pixels};
  }
  HEBB_INLINE static void transform_filter(const Vec (&g)[taps], Vec (&t)[points]) {
    const Vec outer[2] = {g[0], g[2]};
    Vec at[finite_points];
    winograd::transform_filter(outer, at);
#pragma GCC unroll 5
    for (int point = 0; point < finite_points; ++point) t[point] = at[point];
    t[finite_points] = g[1];
  }
  HEBB_INLINE static void transform_filter_gradient(const Vec (&m)[points], Vec (&g)[taps]) {
    const Vec at[finite_points] = {m[0], m[1], m[2], m[3], m[4]};
    Vec outer[2];
    winograd::transform_filter_gradient(at, outer);
    g[0] = outer[0], g[1] = m[finite_points], g[2] = outer[1];
  }
};

struct Strided : StridedForm {
  static constexpr int input_extent = 9, result_extent = pixels, input_step = 2 * pixels;
};
// The gradient of the input: every other pixel of the result is F(4, 2) of the gradient with the outer taps, the others
// are the gradient times the middle tap.
struct StridedBack : StridedForm {
  static constexpr int input_extent = finite_points, input_step = pixels, result_extent = 2 * pixels;
};

// Whether filters are best transformed while they are multiplied, tiles_on_the_way tiles at a time.
constexpr int tiles_on_the_way = 4;
constexpr int64_t groups_on_the_way(int64_t tiles) { return (tiles + tiles_on_the_way - 1) / tiles_on_the_way; }
constexpr bool transforms_on_the_way(int64_t tiles) {
  return cost_on_the_way > 0 &&
         groups_on_the_way(tiles) * cost_on_the_way < tiles * frequencies + filter_transform_cost;
}

}  // namespace hebb::cpu::HEBB_ISA::winograd
