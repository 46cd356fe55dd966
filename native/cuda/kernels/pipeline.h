// The loop of kernels that treat elements one by one.
#pragma once
#include "cuda/launch.h"

namespace hebb::cuda {

// store(i, load(i)) for all i < count, by all threads of a grid of pipeline_grid(count).
template <class Load, class Store>
__device__ void pipeline(int64_t count, const Load& load, const Store& store) {
  constexpr int in_flight = sizeof(load(count)) > 4 ? 2 : 4;  // loads of a thread that wait for memory together
  const int64_t step = index_step();
  for (int64_t first = first_index(); first < count; first += in_flight * step) {
    decltype(load(first)) values[in_flight] = {};
#pragma unroll
    for (int k = 0; k < in_flight; ++k) {
      if (first + k * step < count) values[k] = load(first + k * step);
    }
#pragma unroll
    for (int k = 0; k < in_flight; ++k) {
      if (first + k * step < count) store(first + k * step, values[k]);
    }
  }
}

inline Grid pipeline_grid(int64_t count) {
  constexpr int64_t per_thread = 2;
  return grid_for(count, Block{}.x, per_thread);
}

}  // namespace hebb::cuda
