#include "cpu/conv/winograd/blocks.h"
#include "cpu/conv/winograd/transform.h"
#include "cpu/conv/winograd/winograd.h"

namespace hebb::cpu::HEBB_ISA::winograd {

bool pays(const Convolution& c) {
  const Conv2dGeometry& g = c.geometry;
  if (c.window_height != taps || c.window_width != taps || g.stride_height != 1 || g.stride_width != 1 ||
      g.dilation_height != 1 || g.dilation_width != 1) {
    return false;
  }
  if (c.depth < least_channels || c.group_filters() < least_channels) return false;
  // Multiplications for each pair of a channel and a filter: the direct way's, and those of the products, to which the
  // transform of the pair's nine weights adds what takes as long as some more.
  const int64_t tiles = c.images * ceil_divide(c.out_height, outputs) * ceil_divide(c.out_width, outputs);
  return tiles * frequencies + filter_transform_cost < c.positions() * taps * taps;
}

}  // namespace hebb::cpu::HEBB_ISA::winograd
