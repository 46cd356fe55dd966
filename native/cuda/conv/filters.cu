#include "cuda/conv/filters.h"

#include "cuda/launch.h"

namespace hebb::cuda {
namespace {

__global__ void scale_rows(const float* weight, const float* scale, float* to, int64_t filters, int64_t window) {
  for (int64_t filter = blockIdx.y; filter < filters; filter += gridDim.y) {
    const float factor = scale[filter];
    for (int64_t index = first_index(); index < window; index += index_step()) {
      to[filter * window + index] = weight[filter * window + index] * factor;
    }
  }
}

}  // namespace

void scale_filters(const float* weight, const float* scale, float* to, int64_t filters, int64_t window) {
  const int down = static_cast<int>(std::min(filters, int64_t{65535}));
  launch({blocks_for(window, 1024), down}, {}, scale_rows, weight, scale, to, filters, window);
}

}  // namespace hebb::cuda
