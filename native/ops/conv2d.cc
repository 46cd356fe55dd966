#include "ops/conv2d.h"

namespace hebb::ops {
namespace {

// Extents and parameters are bounded first, so that no sum or product of theirs overflows.
constexpr int64_t largest_extent = int64_t{1} << 30;
constexpr const char* geometry_name = "geometry";

void expect_within(const char* part, int64_t value, int64_t low) {
  if (value < low || value > largest_extent) {
    throw ArgumentError(geometry_name,
                        std::string(part) + " from " + std::to_string(low) + " to " + std::to_string(largest_extent),
                        std::to_string(value));
  }
}

void expect_image(const char* argument, const Shape& shape) {
  expect_rank(argument, shape, 4);
  for (int axis = 0; axis < 4; ++axis) expect_range(argument, shape[axis], 0, largest_extent);
}

int64_t output_extent(int64_t input, int64_t before, int64_t after, int64_t kernel, int64_t dilation, int64_t stride) {
  const int64_t padded = input + before + after, window = dilation * (kernel - 1) + 1;
  if (window > padded) {
    throw ArgumentError("weight", "a window no larger than the padded image, " + std::to_string(padded),
                        std::to_string(window));
  }
  return (padded - window) / stride + 1;
}

// What the three kernels share: image [N, H, W, groups * I], filters [O, kH, kW, I], result [N, OH, OW, O].
void check_convolution(const char* image_name, const Shape& image, const char* filters_name, const Shape& filters,
                       const char* result_name, const Shape& result, const Conv2dGeometry& geometry) {
  expect_image(image_name, image);
  expect_image(filters_name, filters);
  expect_within("a vertical stride", geometry.stride_height, 1);
  expect_within("a horizontal stride", geometry.stride_width, 1);
  expect_within("padding at the top", geometry.pad_top, 0);
  expect_within("padding on the left", geometry.pad_left, 0);
  expect_within("padding at the bottom", geometry.pad_bottom, 0);
  expect_within("padding on the right", geometry.pad_right, 0);
  expect_within("a vertical dilation", geometry.dilation_height, 1);
  expect_within("a horizontal dilation", geometry.dilation_width, 1);
  expect_within("a number of groups", geometry.groups, 1);
  if (filters[1] < 1 || filters[2] < 1) {
    throw ArgumentError(filters_name, "a kernel of 1 by 1 at least", "shape " + to_string(filters));
  }
  if (filters[0] % geometry.groups != 0) {
    throw ArgumentError(filters_name, "a number of filters that " + std::to_string(geometry.groups) + " groups divide",
                        "shape " + to_string(filters));
  }
  if (filters[3] * geometry.groups != image[3]) {
    throw ArgumentError(filters_name,
                        std::to_string(image[3]) + " input channels in " + std::to_string(geometry.groups) + " groups",
                        "shape " + to_string(filters));
  }
  const int64_t height = output_extent(image[1], geometry.pad_top, geometry.pad_bottom, filters[1],
                                       geometry.dilation_height, geometry.stride_height);
  const int64_t width = output_extent(image[2], geometry.pad_left, geometry.pad_right, filters[2],
                                      geometry.dilation_width, geometry.stride_width);
  expect_shape(result_name, result, Shape{4, {image[0], height, width, filters[0]}});
}

}  // namespace

void conv2d::check(In<float> x, In<float> weight, Optional<In<float>> scale, Optional<In<float>> bias,
                   Optional<In<float>> residual, Out<float> y, Conv2dGeometry geometry, Activation activation) {
  check_convolution("x", x.shape, "weight", weight.shape, "y", y.shape, geometry);
  if (scale) expect_shape("scale", scale.shape, Shape{1, {weight.shape[0]}});
  if (bias) expect_shape("bias", bias.shape, Shape{1, {weight.shape[0]}});
  if (residual) expect_shape("residual", residual.shape, y.shape);
  expect_range("activation", static_cast<int64_t>(activation), 0, static_cast<int64_t>(Activation::count) - 1);
}

void conv2d_input_gradient::check(In<float> grad, In<float> weight, Out<float> dx, Conv2dGeometry geometry) {
  check_convolution(names.items[2], dx.shape, names.items[1], weight.shape, names.items[0], grad.shape, geometry);
}

void conv2d_weight_gradient::check(In<float> grad, In<float> x, Out<float> dweight, Conv2dGeometry geometry) {
  check_convolution(names.items[1], x.shape, names.items[2], dweight.shape, names.items[0], grad.shape, geometry);
}

}  // namespace hebb::ops
