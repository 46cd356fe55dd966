// Convolution by cuDNN. Each function says whether it took the convolution: it may be missing or turned off
// (HEBB_CUDNN=0), and it does not support everything.
#pragma once
#include "cuda/kernels/epilogue.h"
#include "ops/conv2d.h"

namespace hebb::cuda::dnn {

bool convolve(const Convolution& c, const float* x, const float* weight, const Epilogue& epilogue, float* y);
bool gradient_of_input(const Convolution& c, const float* grad, const float* weight, float* dx);
bool gradient_of_weight(const Convolution& c, const float* grad, const float* x, float* dweight);

}  // namespace hebb::cuda::dnn
