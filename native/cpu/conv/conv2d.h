// The three kernels of a convolution as matrix products over one group of channels after the other.
#pragma once
#include "cpu/gemm/epilogue.h"
#include "ops/conv2d.h"

namespace hebb::cpu::HEBB_ISA {

// The extents of a convolution, and how its window moves.
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
};

// weight_is_tensor: it is memory whose writes are told of, so that what is packed of it may be kept.
void convolve(const Convolution& c, const float* x, const float* weight, bool weight_is_tensor,
              const Epilogue& epilogue, float* y);
void gradient_of_input(const Convolution& c, const float* grad, const float* weight, float* dx);
// The same by another way, for one group without dilation.
void scatter_gradient_of_input(const Convolution& c, const float* grad, const float* weight, float* dx);
void gradient_of_weight(const Convolution& c, const float* grad, const float* x, float* dweight);

}  // namespace hebb::cpu::HEBB_ISA
