// The kernel `sum` for other kernels, which bring its scratch memory.
#pragma once
#include "core/view.h"

namespace hebb::cuda {

int64_t sum_scratch(const Shape& x, const Ints& axes);  // floats
void sum(In<float> x, Out<float> y, const Ints& axes, double scale, float* scratch);

}  // namespace hebb::cuda
