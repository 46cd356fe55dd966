// Work on random numbers: a thread takes whole Philox blocks, of four elements each.
#pragma once
#include "core/philox.h"
#include "cuda/kernels/last_block.h"

namespace hebb::cuda {

constexpr int philox_elements = 4;  // of a block

inline Grid philox_grid(int64_t count) { return grid_for(blocks_for(count, philox_elements)); }

// body(the first element's index, the block) for every block that `count` elements need; the state moves on.
template <class Body>
__device__ inline void for_each_philox_block(int64_t count, int32_t* state, const Body& body) {
  __shared__ int32_t words[4];
  if (threadIdx.x < 4) words[threadIdx.x] = state[threadIdx.x];
  __syncthreads();
  const PhiloxState philox(words);
  if (threadIdx.x == 0 && arrives_last()) philox.advance(state, count);
  const int64_t blocks = (count + philox_elements - 1) / philox_elements;
  for (int64_t block = first_index(); block < blocks; block += index_step())
    body(block * philox_elements, philox.block(static_cast<uint64_t>(block)));
}

}  // namespace hebb::cuda
