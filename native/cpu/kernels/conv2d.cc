#include "ops/conv2d.h"

#include "core/scratch.h"
#include "cpu/conv/bundles/bundles.h"
#include "cpu/conv/conv2d.h"
#include "cpu/conv/merge.h"
#include "cpu/conv/planes.h"
#include "cpu/conv/winograd/winograd.h"
#include "cpu/gemm/pack.h"
#include "cpu/winograd_switch.h"
#include "ops/kernel_table.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

// Memory for merged filters and as many scales and biases.
float* filter_memory(const Convolution& merged) {
  const int64_t floats = merged.filters * (merged.window() + 2);
  return scratch(ScratchSlot::extra, floats);
}

// A filter's values for each of its positions, one after the other; null stays null.
const float* repeat(const float* values, int64_t count, int64_t positions, float* to) {
  if (!values) return nullptr;
  for (int64_t position = 0; position < positions; ++position) copy_floats(values, to + position * count, count);
  return to;
}

}  // namespace

decltype(ops::conv2d::check) conv2d;
void conv2d(In<float> x, In<float> weight, Optional<In<float>> scale, Optional<In<float>> bias,
            Optional<In<float>> residual, Out<float> y, Conv2dGeometry geometry, Activation activation) {
  if (y.size() == 0) return;
  const Convolution c(x.shape, weight.shape, y.shape, geometry);
  Epilogue epilogue{scale ? scale.data : nullptr, bias ? bias.data : nullptr, residual ? residual.data : nullptr,
                    c.filters, activation};
  if (winograd_is_on() && winograd::pays(c)) return winograd::convolve(c, x.data, weight.data, true, epilogue, y.data);
  if (!residual && bundles::pays(c)) return bundles::convolve(c, x.data, weight.data, epilogue, y.data);
  if (planes::pays(c)) return planes::convolve(c, x.data, weight.data, epilogue, y.data);
  const int64_t positions = positions_to_merge(c);
  if (positions == 1) return convolve(c, x.data, weight.data, true, epilogue, y.data);
  const Convolution merged = merge_positions(c, positions);
  float* const filters = filter_memory(merged);
  merge_filters(c, positions, weight.data, filters);
  float* const repeated = filters + merged.filters * merged.window();
  epilogue.scale = repeat(epilogue.scale, c.filters, positions, repeated);
  epilogue.bias = repeat(epilogue.bias, c.filters, positions, repeated + merged.filters);
  epilogue.residual_stride = merged.filters;
  convolve(merged, x.data, filters, false, epilogue, y.data);
}

decltype(ops::conv2d_input_gradient::check) conv2d_input_gradient;
void conv2d_input_gradient(In<float> grad, In<float> weight, Out<float> dx, Conv2dGeometry geometry) {
  if (dx.size() == 0) return;
  const Convolution c(dx.shape, weight.shape, grad.shape, geometry);
  if (winograd_is_on() && winograd::input_gradient_pays(c))
    return winograd::gradient_of_input(c, grad.data, weight.data, dx.data);
  if (bundles::input_gradient_pays(c)) return bundles::gradient_of_input(c, grad.data, weight.data, dx.data);
  const int64_t positions = positions_to_merge(c);
  if (positions == 1) return gradient_of_input(c, grad.data, weight.data, dx.data);
  const Convolution merged = merge_positions(c, positions);
  float* const filters = filter_memory(merged);
  merge_filters(c, positions, weight.data, filters);
  gradient_of_input(merged, grad.data, filters, dx.data);
}

decltype(ops::conv2d_weight_gradient::check) conv2d_weight_gradient;
void conv2d_weight_gradient(In<float> grad, In<float> x, Out<float> dweight, Conv2dGeometry geometry) {
  if (dweight.size() == 0) return;
  const Convolution c(x.shape, dweight.shape, grad.shape, geometry);
  if (winograd_is_on() && winograd::weight_gradient_pays(c))
    return winograd::gradient_of_weight(c, grad.data, x.data, dweight.data);
  if (bundles::weight_gradient_pays(c)) return bundles::gradient_of_weight(c, grad.data, x.data, dweight.data);
  const int64_t positions = positions_to_merge(c);
  if (positions == 1) return gradient_of_weight(c, grad.data, x.data, dweight.data);
  const Convolution merged = merge_positions(c, positions);
  float* const filters = filter_memory(merged);
  gradient_of_weight(merged, grad.data, x.data, filters);
  split_filter_gradients(c, positions, filters, dweight.data);
}

}  // namespace hebb::cpu::HEBB_ISA
