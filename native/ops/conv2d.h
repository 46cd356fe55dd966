// Two-dimensional convolution (cross-correlation), NHWC, weights [out, kH, kW, in / groups].
#pragma once
#include "ops/activation.h"
#include "ops/op.h"

namespace hebb {
// How a convolution's window moves. The kernel's extents are those of the weight.
struct Conv2dGeometry {
  int64_t stride_height, stride_width;
  int64_t pad_top, pad_left, pad_bottom, pad_right;  // zeros around the image
  int64_t dilation_height, dilation_width;
  int64_t groups;
  static constexpr int count = 9;
};
}  // namespace hebb

namespace hebb::ops {

// y[n, oh, ow, o] = activation(scale[o] * sum over kh, kw, i of x[n, oh*sh - pt + kh*dh, ow*sw - pl + kw*dw, g*I + i] *
// weight[o, kh, kw, i] + bias[o] + residual[n, oh, ow, o])
struct conv2d {
  static constexpr Names names{"x", "weight", "scale", "bias", "residual", "y", "geometry", "activation"};
  static void check(In<float> x, In<float> weight, Optional<In<float>> scale, Optional<In<float>> bias,
                    Optional<In<float>> residual, Out<float> y, Conv2dGeometry geometry, Activation activation);
};
struct conv2d_input_gradient {
  static constexpr Names names{"grad", "weight", "dx", "geometry"};
  static void check(In<float> grad, In<float> weight, Out<float> dx, Conv2dGeometry geometry);
};
struct conv2d_weight_gradient {
  static constexpr Names names{"grad", "x", "dweight", "geometry"};
  static void check(In<float> grad, In<float> x, Out<float> dweight, Conv2dGeometry geometry);
};

}  // namespace hebb::ops
