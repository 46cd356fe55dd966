#include "ops/pool2d.h"

#include <string>

namespace hebb::ops {
namespace {

constexpr int64_t largest_extent = int64_t{1} << 30;  // of an image or a stride: sums of a few stay far from overflow
constexpr int64_t largest_kernel = int64_t{1} << 20;
constexpr int64_t largest_argmax_window = 256;  // cells that a byte can tell apart

int64_t pooled_extent(const char* image_name, int64_t image, int64_t kernel, int64_t stride, int64_t pads) {
  if (image < 1 || image > largest_extent || image + pads < kernel) {
    throw ArgumentError(image_name,
                        "a height and a width of at least 1 that hold the kernel together with the padding (" +
                            std::to_string(pads) + ")",
                        std::to_string(image) + " under a kernel of " + std::to_string(kernel));
  }
  return (image + pads - kernel) / stride + 1;
}

void check_pooling(const char* image_name, const Shape& image, const char* pooled_name, const Shape& pooled,
                   const Pool2dGeometry& geometry) {
  expect_range("geometry.kernelHeight", geometry.kernel_height, 1, largest_kernel);
  expect_range("geometry.kernelWidth", geometry.kernel_width, 1, largest_kernel);
  expect_range("geometry.strideHeight", geometry.stride_height, 1, largest_extent);
  expect_range("geometry.strideWidth", geometry.stride_width, 1, largest_extent);
  expect_range("geometry.padTop", geometry.pad_top, 0, geometry.kernel_height - 1);
  expect_range("geometry.padBottom", geometry.pad_bottom, 0, geometry.kernel_height - 1);
  expect_range("geometry.padLeft", geometry.pad_left, 0, geometry.kernel_width - 1);
  expect_range("geometry.padRight", geometry.pad_right, 0, geometry.kernel_width - 1);
  expect_rank(image_name, image, 4);
  Shape expected = image;
  expected.dims[1] = pooled_extent(image_name, image.dims[1], geometry.kernel_height, geometry.stride_height,
                                   geometry.pad_top + geometry.pad_bottom);
  expected.dims[2] = pooled_extent(image_name, image.dims[2], geometry.kernel_width, geometry.stride_width,
                                   geometry.pad_left + geometry.pad_right);
  expect_shape(pooled_name, pooled, expected);
}

void check_argmax_window(const Pool2dGeometry& geometry, int64_t most) {
  const int64_t cells = geometry.kernel_height * geometry.kernel_width;
  if (cells > most) {
    throw ArgumentError("geometry", "a window of at most " + std::to_string(most) + " cells", std::to_string(cells));
  }
}

}  // namespace

void max_pool2d::check(In<float> x, Out<float> y, Optional<Out<uint8_t>> argmax, Pool2dGeometry geometry,
                       Activation activation) {
  check_pooling("x", x.shape, "y", y.shape, geometry);
  expect_range("activation", static_cast<int64_t>(activation), 0, static_cast<int64_t>(Activation::count) - 1);
  check_argmax_window(geometry, activation == Activation::relu ? largest_argmax_window - 1 : largest_argmax_window);
  if (argmax) expect_shape("argmax", argmax.shape, y.shape);
}

void max_pool2d_backward::check(In<float> grad, In<uint8_t> argmax, Out<float> dx, Pool2dGeometry geometry) {
  check_pooling("dx", dx.shape, "grad", grad.shape, geometry);
  check_argmax_window(geometry, largest_argmax_window);
  expect_shape("argmax", argmax.shape, grad.shape);
}

void average_pool2d::check(In<float> x, Out<float> y, Pool2dGeometry geometry, bool) {
  check_pooling("x", x.shape, "y", y.shape, geometry);
}

void average_pool2d_backward::check(In<float> grad, Out<float> dx, Pool2dGeometry geometry, bool) {
  check_pooling("dx", dx.shape, "grad", grad.shape, geometry);
}

}  // namespace hebb::ops
