#include "cpu/conv/merge.h"

#include "cpu/gemm/pack.h"

namespace hebb::cpu::HEBB_ISA {

int64_t positions_to_merge(const Convolution& c) {
  const Conv2dGeometry& g = c.geometry;
  if (g.groups != 1 || g.dilation_width != 1 || c.filters == 0 || c.depth == 0) return 1;
  for (int64_t positions = at_most(tile_columns / c.filters, c.out_width); positions > 1; --positions) {
    if (c.out_width % positions) continue;
    if (g.stride_width > c.window_width) return 1;
    if ((c.window_width + (positions - 1) * g.stride_width) * c.depth <= Vec::width) return positions;
  }
  return 1;
}

Convolution merge_positions(const Convolution& c, int64_t positions) {
  Convolution merged = c;
  merged.filters *= positions;
  merged.window_width += (positions - 1) * c.geometry.stride_width;
  merged.out_width /= positions;
  merged.geometry.stride_width *= positions;
  return merged;
}

void merge_filters(const Convolution& c, int64_t positions, const float* weight, float* merged) {
  const int64_t line = c.window_width * c.depth, shift = c.geometry.stride_width * c.depth;
  const int64_t merged_line = line + (positions - 1) * shift;
  for (int64_t position = 0; position < positions; ++position)
    for (int64_t row = 0; row < c.filters * c.window_height; ++row, merged += merged_line) {
      zero_floats(merged, merged_line);
      copy_floats(weight + row * line, merged + position * shift, line);
    }
}

void split_filter_gradients(const Convolution& c, int64_t positions, const float* merged, float* dweight) {
  const int64_t line = c.window_width * c.depth, shift = c.geometry.stride_width * c.depth;
  const int64_t merged_line = line + (positions - 1) * shift, rows = c.filters * c.window_height;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t index = 0; index < line; ++index) {
      float sum = 0;
      for (int64_t position = 0; position < positions; ++position)
        sum += merged[(position * rows + row) * merged_line + position * shift + index];
      dweight[row * line + index] = sum;
    }
}

}  // namespace hebb::cpu::HEBB_ISA
