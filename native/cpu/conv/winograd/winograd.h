// Convolutions of 3 x 3 and 5 x 5 windows with unit strides and dilations by Winograd's F(4 x 4, 3 x 3) and F(2 x 2,
// 5 x 5): a quarter and a third of the direct way's multiplications, at about three times its error. An infinity or NaN
// spoils all of its tile.
#pragma once
#include "cpu/conv/conv2d.h"

namespace hebb::cpu::HEBB_ISA::winograd {

// The gate: whether this is the faster way, forward and for the input's gradient, and for the weight's. It depends on
// the extents alone.
bool pays(const Convolution& c);
bool weight_gradient_pays(const Convolution& c);

// Any 3 x 3 or 5 x 5 window with strides and dilations of 1, inside the gate or not, and no extent of 0.
// weight_is_tensor: as in conv2d.h.
void convolve(const Convolution& c, const float* x, const float* weight, bool weight_is_tensor,
              const Epilogue& epilogue, float* y);
void gradient_of_input(const Convolution& c, const float* grad, const float* weight, float* dx);
void gradient_of_weight(const Convolution& c, const float* grad, const float* x, float* dweight);

}  // namespace hebb::cpu::HEBB_ISA::winograd
