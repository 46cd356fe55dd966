// The three kernels of a convolution as matrix products of patches, for any geometry.
#pragma once
#include "cuda/kernels/epilogue.h"
#include "ops/conv2d.h"

namespace hebb::cuda::products {

// Floats of patches at a time, unless one row of positions takes more. A variable for tests only.
extern int64_t most_floats;

void convolve(const Convolution& c, const float* x, const float* weight, const Epilogue& epilogue, float* y);
void gradient_of_input(const Convolution& c, const float* grad, const float* weight, float* dx);
void gradient_of_weight(const Convolution& c, const float* grad, const float* x, float* dweight);

}  // namespace hebb::cuda::products
