// The input of a convolution as the matrix whose rows are the window's patches.
#pragma once
#include "cpu/conv/conv2d.h"
#include "cpu/conv/patches.h"

namespace hebb::cpu::HEBB_ISA {

HEBB_INLINE Patches patches_of(const Convolution& c, const float* x, int64_t group) {
  const Conv2dGeometry& g = c.geometry;
  return {x + group * c.depth, c.height,       c.width,      c.channels,        c.depth,
          c.window_height,     c.window_width, c.out_height, c.out_width,       g.stride_height,
          g.stride_width,      -g.pad_top,     -g.pad_left,  g.dilation_height, g.dilation_width};
}

}  // namespace hebb::cpu::HEBB_ISA
