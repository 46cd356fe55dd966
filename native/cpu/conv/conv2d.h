// The three kernels of a convolution as matrix products over one group of channels after the other.
#pragma once
#include "cpu/gemm/epilogue.h"
#include "ops/conv2d.h"

namespace hebb::cpu::HEBB_ISA {

// weight_is_tensor: it is memory whose writes are told of, so that what is packed of it may be kept.
void convolve(const Convolution& c, const float* x, const float* weight, bool weight_is_tensor,
              const Epilogue& epilogue, float* y);
void gradient_of_input(const Convolution& c, const float* grad, const float* weight, float* dx);
// The same by another way, for one group without dilation.
void scatter_gradient_of_input(const Convolution& c, const float* grad, const float* weight, float* dx);
void gradient_of_weight(const Convolution& c, const float* grad, const float* x, float* dweight);

}  // namespace hebb::cpu::HEBB_ISA
