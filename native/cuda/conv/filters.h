// Filters multiplied ahead of a convolution, in place of its sums after it.
#pragma once
#include <cstdint>

namespace hebb::cuda {

// to[filter, :] = weight[filter, :] * scale[filter]
void scale_filters(const float* weight, const float* scale, float* to, int64_t filters, int64_t window);

}  // namespace hebb::cuda
