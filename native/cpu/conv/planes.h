// Convolutions of one channel with few filters, as a network of digits begins with: filters side by side in a vector
// would leave most of its lanes empty, so pixels are, and each filter's results are a plane until they are stored.
#pragma once
#include "cpu/conv/conv2d.h"

namespace hebb::cpu::HEBB_ISA::planes {

// Whether it is less work, forward and for the gradient of the weights.
bool pays(const Convolution& c);

void convolve(const Convolution& c, const float* x, const float* weight, const Epilogue& epilogue, float* y);
void gradient_of_weight(const Convolution& c, const float* grad, const float* x, float* dweight);

}  // namespace hebb::cpu::HEBB_ISA::planes
