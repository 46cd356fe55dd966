// The patches of an image that a convolution's window covers, as the rows of a matrix that is never stored (implicit
// im2col): row (n, oh, ow), column (kh, kw, i), zeros where the window is outside the image.
#pragma once
#include "cpu/gemm/gemm.h"

namespace hebb::cpu::HEBB_ISA {

struct Patches {
  const float* data;                // of the first channel wanted
  int64_t height, width, channels;  // of the image; channels is the distance between its pixels
  int64_t depth;                    // channels wanted
  int64_t window_height, window_width;
  int64_t out_height, out_width;  // positions of the window
  int64_t stride_height, stride_width;
  int64_t top, left;  // of the window at position (0, 0), negative in padding
  int64_t dilation_height, dilation_width;

  int64_t columns() const { return window_height * window_width * depth; }
};

Operand patches_as_a(const Patches* patches);  // rows are patches
Operand patches_as_b(const Patches* patches);  // the depth of the product runs over patches

}  // namespace hebb::cpu::HEBB_ISA
