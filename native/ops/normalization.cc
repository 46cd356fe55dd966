#include "ops/normalization.h"

#include <string>

#include "ops/elementwise.h"

namespace hebb::ops {
namespace {

constexpr int64_t largest_window = 1024;  // channels

void check_images(const char* argument, const Shape& shape) {
  if (shape.rank == 0 || shape.dims[shape.rank - 1] == 0) {
    throw ArgumentError(argument, "at least one channel, along the last axis", to_string(shape));
  }
}

void check_channels(const char* argument, const Shape& shape, const Shape& x) {
  const int64_t channels = x.dims[x.rank - 1];
  if (shape.rank != 1 || shape.dims[0] != channels) {
    throw ArgumentError(argument, "shape [" + std::to_string(channels) + "]", to_string(shape));
  }
}

void check_several(const Shape& x) {
  if (x.size() / x.dims[x.rank - 1] < 2) {
    throw ArgumentError("x", "at least 2 values a channel for the batch's statistics", to_string(x));
  }
}

}  // namespace

void batch_norm::check(In<float> x, In<float> weight, In<float> bias, Optional<In<float>> residual,
                       InOut<float> running_mean, InOut<float> running_variance, Out<float> y, Out<float> mean,
                       Out<float> inverse_deviation, double, double, Activation) {
  check_images("x", x.shape);
  check_several(x.shape);
  check_channels("weight", weight.shape, x.shape);
  check_channels("bias", bias.shape, x.shape);
  check_channels("runningMean", running_mean.shape, x.shape);
  check_channels("runningVariance", running_variance.shape, x.shape);
  if (residual) check_same("residual", residual.shape, "x", x.shape);
  check_same("y", y.shape, "x", x.shape);
  check_channels("mean", mean.shape, x.shape);
  check_channels("inverseDeviation", inverse_deviation.shape, x.shape);
}

void batch_norm_inference::check(In<float> x, In<float> weight, In<float> bias, Optional<In<float>> residual,
                                 In<float> mean, In<float> variance, Out<float> y, double, Activation) {
  check_images("x", x.shape);
  check_channels("weight", weight.shape, x.shape);
  check_channels("bias", bias.shape, x.shape);
  check_channels("mean", mean.shape, x.shape);
  check_channels("variance", variance.shape, x.shape);
  if (residual) check_same("residual", residual.shape, "x", x.shape);
  check_same("y", y.shape, "x", x.shape);
}

void batch_norm_fold::check(Optional<In<float>> offset, In<float> weight, In<float> bias, In<float> mean,
                            In<float> variance, Out<float> scale, Out<float> shift, double) {
  expect_rank("weight", weight.shape, 1);
  if (offset) check_same("offset", offset.shape, "weight", weight.shape);
  check_same("bias", bias.shape, "weight", weight.shape);
  check_same("mean", mean.shape, "weight", weight.shape);
  check_same("variance", variance.shape, "weight", weight.shape);
  check_same("scale", scale.shape, "weight", weight.shape);
  check_same("shift", shift.shape, "weight", weight.shape);
}

void batch_norm_backward::check(In<float> grad, In<float> x, Optional<In<float>> y, In<float> weight, In<float> bias,
                                In<float> mean, In<float> inverse_deviation, Optional<Out<float>> dx,
                                Optional<Out<float>> dresidual, Out<float> dweight, Out<float> dbias,
                                bool with_batch_statistics, Activation) {
  check_images("x", x.shape);
  if (with_batch_statistics) check_several(x.shape);
  check_same("grad", grad.shape, "x", x.shape);
  if (y) check_same("y", y.shape, "x", x.shape);
  check_channels("weight", weight.shape, x.shape);
  check_channels("bias", bias.shape, x.shape);
  check_channels("mean", mean.shape, x.shape);
  check_channels("inverseDeviation", inverse_deviation.shape, x.shape);
  if (dx) check_same("dx", dx.shape, "x", x.shape);
  if (dresidual) check_same("dresidual", dresidual.shape, "x", x.shape);
  check_channels("dweight", dweight.shape, x.shape);
  check_channels("dbias", dbias.shape, x.shape);
}

void local_response_norm::check(In<float> x, Out<float> y, int64_t size, double, double, double) {
  check_images("x", x.shape);
  check_same("y", y.shape, "x", x.shape);
  expect_range("size", size, 1, largest_window);
}

void local_response_norm_backward::check(In<float> grad, In<float> x, Out<float> dx, int64_t size, double, double,
                                         double) {
  check_images("x", x.shape);
  check_same("grad", grad.shape, "x", x.shape);
  check_same("dx", dx.shape, "x", x.shape);
  expect_range("size", size, 1, largest_window);
}

}  // namespace hebb::ops
