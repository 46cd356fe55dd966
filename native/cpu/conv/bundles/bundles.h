// Convolutions with few channels and filters, of many small images: a network of digits' layers. Channels side by side
// would leave most of a vector's lanes empty, so images are: Vec::width of them, a bundle, with one vector for every
// pixel and channel. What is read is turned into bundles, and the results back, as they are needed.
#pragma once
#include "cpu/conv/conv2d.h"

namespace hebb::cpu::HEBB_ISA::bundles {

// Whether it is less work.
bool pays(const Convolution& c);
bool input_gradient_pays(const Convolution& c);
bool weight_gradient_pays(const Convolution& c);

// Without a residual.
void convolve(const Convolution& c, const float* x, const float* weight, const Epilogue& epilogue, float* y);
void gradient_of_input(const Convolution& c, const float* grad, const float* weight, float* dx);
void gradient_of_weight(const Convolution& c, const float* grad, const float* x, float* dweight);

}  // namespace hebb::cpu::HEBB_ISA::bundles
