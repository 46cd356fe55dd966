#include "cpu/conv/winograd/form.h"
#include "cpu/conv/winograd/winograd.h"
#include "cpu/gemm/plan.h"

namespace hebb::cpu::HEBB_ISA::winograd {

namespace {

// Multiplications for each pair of a channel and a filter: the direct way's, and cost(form, tiles).
template <class Form, class Cost>
bool is_faster_by(const Convolution& c, const Cost& cost) {
  constexpr int64_t outputs = Form::result_extent;
  const int64_t tiles = c.images * ceil_divide(c.out_height, outputs) * ceil_divide(c.out_width, outputs);
  return cost(Form(), tiles) < c.positions() * Form::taps * Form::taps;
}

template <class Cost>
bool is_faster(const Convolution& c, const Cost& cost) {
  const Conv2dGeometry& g = c.geometry;
  const int64_t taps = c.window_height, stride = g.stride_height;
  if (c.window_width != taps || g.stride_width != stride || g.dilation_height != 1 || g.dilation_width != 1 ||
      c.depth < least_channels || c.group_filters() < least_channels) {
    return false;
  }
  if (taps == 3 && stride == 1) return is_faster_by<Unit<3>>(c, cost);
  if (taps == 5 && stride == 1) return is_faster_by<Unit<5>>(c, cost);
  return taps == 3 && stride == 2 && is_faster_by<Strided>(c, cost);
}

int64_t cost(Unit<3> form, int64_t tiles) {
  return transforms_on_the_way(tiles) ? groups_on_the_way(tiles) * cost_on_the_way
                                      : tiles * form.tile_cost + form.filter_cost;
}
template <class Form>
int64_t cost(Form form, int64_t tiles) {
  return tiles * form.tile_cost + form.filter_cost;
}

}  // namespace

bool pays(const Convolution& c) {
  return is_faster(c, [](auto form, int64_t tiles) { return cost(form, tiles); });
}
bool input_gradient_pays(const Convolution& c) {
  const bool odd = c.geometry.pad_top % 2 == 1 && c.geometry.pad_left % 2 == 1;
  return (!is_strided(c) || odd) && pays(c);
}
bool weight_gradient_pays(const Convolution& c) {
  return is_faster(c, [](auto form, int64_t tiles) { return tiles * form.gradient_tile_cost + filter_gradient_cost; });
}

}  // namespace hebb::cpu::HEBB_ISA::winograd
