// Convolutions of 3 x 3 and 5 x 5 windows without dilation by Winograd's algorithms: F(4 x 4, 3 x 3) and F(2 x 2, 5 x
// 5) with unit strides, a quarter and a third of the direct way's multiplications at about three times its error, and
// F(4 x 4, 3 x 3) with strides of 2, 0.56 of the multiplications at twice the error. An infinity or NaN spoils all of
// its tile.
#pragma once
#include "cpu/conv/conv2d.h"

namespace hebb::cpu::HEBB_ISA::winograd {

// The gate: whether this is the faster way, forward and for either gradient. It depends on the extents alone.
bool pays(const Convolution& c);
bool input_gradient_pays(const Convolution& c);
bool weight_gradient_pays(const Convolution& c);

inline bool is_strided(const Convolution& c) { return c.geometry.stride_height == 2; }

// Any 3 x 3 or 5 x 5 window with strides and dilations of 1, inside the gate or not, and no extent of 0; 3 x 3 with
// both strides 2 as well, the input's gradient if padding at the top and at the left is odd. weight_is_tensor: as in
// conv2d.h.
void convolve(const Convolution& c, const float* x, const float* weight, bool weight_is_tensor,
              const Epilogue& epilogue, float* y);
void gradient_of_input(const Convolution& c, const float* grad, const float* weight, float* dx);
void gradient_of_weight(const Convolution& c, const float* grad, const float* x, float* dweight);

}  // namespace hebb::cpu::HEBB_ISA::winograd
