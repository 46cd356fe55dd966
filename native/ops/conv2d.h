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

// The extents of a convolution that has been checked, and how its window moves.
struct Convolution {
  int64_t images, height, width, channels;
  int64_t filters, window_height, window_width, depth;  // depth: input channels of a group
  int64_t out_height, out_width;
  Conv2dGeometry geometry;

  HEBB_INLINE Convolution(const Shape& image, const Shape& weight, const Shape& result, const Conv2dGeometry& geometry)
      : images(image[0]),
        height(image[1]),
        width(image[2]),
        channels(image[3]),
        filters(weight[0]),
        window_height(weight[1]),
        window_width(weight[2]),
        depth(weight[3]),
        out_height(result[1]),
        out_width(result[2]),
        geometry(geometry) {}
  HEBB_INLINE int64_t positions() const { return images * out_height * out_width; }
  HEBB_INLINE int64_t window() const { return window_height * window_width * depth; }
  HEBB_INLINE int64_t group_filters() const { return filters / geometry.groups; }
  // Every window is one pixel and every pixel a window.
  HEBB_INLINE bool is_pointwise() const {
    return window_height == 1 && window_width == 1 && geometry.stride_height == 1 && geometry.stride_width == 1 &&
           out_height == height && out_width == width;
  }
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
