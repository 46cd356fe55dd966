#include "cpu/conv/winograd/transform.h"
#include "cpu/conv/winograd/winograd.h"
#include "cpu/gemm/plan.h"

namespace hebb::cpu::HEBB_ISA::winograd {

namespace {

// Multiplications for each pair of a channel and a filter: the direct way's, and cost(taps, tiles).
template <class Cost>
bool is_faster(const Convolution& c, const Cost& cost) {
  const Conv2dGeometry& g = c.geometry;
  const int64_t taps = c.window_height;
  if ((taps != 3 && taps != 5) || c.window_width != taps || g.stride_height != 1 || g.stride_width != 1 ||
      g.dilation_height != 1 || g.dilation_width != 1) {
    return false;
  }
  if (c.depth < least_channels || c.group_filters() < least_channels) return false;
  const int64_t outputs = points + 1 - taps;
  const int64_t tiles = c.images * ceil_divide(c.out_height, outputs) * ceil_divide(c.out_width, outputs);
  return cost(taps, tiles) < c.positions() * taps * taps;
}

}  // namespace

bool pays(const Convolution& c) {
  return is_faster(c, [](int64_t taps, int64_t tiles) {
    return transforms_on_the_way(taps, tiles) ? groups_on_the_way(tiles) * cost_on_the_way
                                              : tiles * frequencies + filter_transform_cost;
  });
}
bool weight_gradient_pays(const Convolution& c) {
  return is_faster(c, [](int64_t, int64_t tiles) { return tiles * frequencies + filter_gradient_cost; });
}

}  // namespace hebb::cpu::HEBB_ISA::winograd
