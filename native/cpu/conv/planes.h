// Convolutions of one channel with few filters, as a network of digits begins with, of too few images for bundles:
// filters side by side in a vector would leave most of its lanes empty, so pixels are, and each filter's results are a
// plane until they are stored.
#pragma once
#include "cpu/conv/conv2d.h"

namespace hebb::cpu::HEBB_ISA::planes {

// Whether it is less work.
bool pays(const Convolution& c);

void convolve(const Convolution& c, const float* x, const float* weight, const Epilogue& epilogue, float* y);

}  // namespace hebb::cpu::HEBB_ISA::planes
