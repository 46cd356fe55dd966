// Elementwise loops over tensors of one shape: a thread reads and writes four neighbours in 16 bytes where alignment
// allows. The result may be one of the operands.
#pragma once
#include "cuda/kernels/pack.h"

namespace hebb::cuda {

template <int width, class F, class... Packs>
__device__ inline Pack<width> each_lane(F f, const Packs&... x) {
  Pack<width> y;
#pragma unroll
  for (int lane = 0; lane < width; ++lane) y[lane] = f(x[lane]...);
  return y;
}

// y[i] = f(x[i]...)
template <int width, class F, class... Operand>
__global__ void map_packs(F f, float* y, int64_t count, const Operand*... x) {
  const int64_t packs = count / width, last = packs * width + first_index();
  for (int64_t pack = first_index(); pack < packs; pack += index_step()) {
    store(y + pack * width, each_lane<width>(f, load<width>(x + pack * width)...));
  }
  if (last < count) y[last] = f(x[last]...);
}

template <class F, class... Operand>
void map(F f, float* y, int64_t count, const Operand*... x) {
  if (aligned16(y) && (aligned16(x) && ...)) {
    launch(grid_for(count, 256, 4), {}, map_packs<4, F, Operand...>, f, y, count, x...);
  } else {
    launch(grid_for(count), {}, map_packs<1, F, Operand...>, f, y, count, x...);
  }
}

}  // namespace hebb::cuda
