#include "ops/random.h"

#include <cmath>
#include <string>

namespace hebb::ops {
namespace {

void check_state(const Shape& shape) {
  if (shape.rank != 1 || shape.dims[0] != RandomState::words) {
    throw ArgumentError("state", "shape [4]", to_string(shape));
  }
}

void check_probability(double probability) {
  if (!(probability >= 0 && probability <= 1)) {
    throw ArgumentError("probability", "a number from 0 to 1", std::to_string(probability));
  }
}

void check_float(const char* argument, double value) {
  if (!std::isfinite(static_cast<float>(value))) {
    throw ArgumentError(argument, "a finite number within float32's range", std::to_string(value));
  }
}

}  // namespace

void random_uniform::check(Out<float>, InOut<int32_t> state, double low, double high) {
  check_state(state.shape);
  check_float("low", low);
  check_float("high", high);
  if (!(low <= high) || !std::isfinite(static_cast<float>(high - low))) {
    throw ArgumentError("high", "at least low (" + std::to_string(low) + "), by a number within float32's range",
                        std::to_string(high));
  }
}

void random_normal::check(Out<float>, InOut<int32_t> state, double mean, double deviation) {
  check_state(state.shape);
  check_float("mean", mean);
  check_float("deviation", deviation);
  if (deviation < 0) throw ArgumentError("deviation", "0 or more", std::to_string(deviation));
}

void random_bernoulli::check(Out<float>, InOut<int32_t> state, double probability) {
  check_state(state.shape);
  check_probability(probability);
}

void dropout::check(In<float> x, Out<float> y, Out<uint8_t> mask, InOut<int32_t> state, double probability) {
  expect_shape("y", y.shape, x.shape);
  expect_shape("mask", mask.shape, x.shape);
  check_state(state.shape);
  check_probability(probability);
}

void dropout_backward::check(In<float> grad, In<uint8_t> mask, Out<float> dx, double probability) {
  expect_shape("mask", mask.shape, grad.shape);
  expect_shape("dx", dx.shape, grad.shape);
  check_probability(probability);
}

}  // namespace hebb::ops
