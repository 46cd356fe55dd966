// Max and average pooling, NHWC.
#pragma once
#include "ops/activation.h"
#include "ops/op.h"

namespace hebb {
struct Pool2dGeometry {
  int64_t kernel_height, kernel_width;
  int64_t stride_height, stride_width;
  int64_t pad_top, pad_left, pad_bottom, pad_right;
  static constexpr int count = 8;
};
}  // namespace hebb

namespace hebb::ops {

// y = activation(the largest in each window); padding never wins. argmax, of y's shape, is kh * kernel_width + kw of
// the first largest (NaN counts as largest), or no_cell where ReLU lets no gradient pass. Windows have 256 cells at
// most, 255 with ReLU. Each pad is less than the kernel's extent.
constexpr uint8_t no_cell = 255;
struct max_pool2d {
  static constexpr Names names{"x", "y", "argmax", "geometry", "activation"};
  static void check(In<float> x, Out<float> y, Optional<Out<uint8_t>> argmax, Pool2dGeometry geometry,
                    Activation activation);
};
// Of the activation too: argmax tells all there is to know about it.
struct max_pool2d_backward {
  static constexpr Names names{"grad", "argmax", "dx", "geometry"};
  static void check(In<float> grad, In<uint8_t> argmax, Out<float> dx, Pool2dGeometry geometry);
};
// The sum of each window divided by its cells; those in the padding count when count_padding.
struct average_pool2d {
  static constexpr Names names{"x", "y", "geometry", "countPadding"};
  static void check(In<float> x, Out<float> y, Pool2dGeometry geometry, bool count_padding);
};
struct average_pool2d_backward {
  static constexpr Names names{"grad", "dx", "geometry", "countPadding"};
  static void check(In<float> grad, Out<float> dx, Pool2dGeometry geometry, bool count_padding);
};

}  // namespace hebb::ops
