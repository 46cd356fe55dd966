// For what may only happen once all blocks have read something: the block that comes last does it.
#pragma once
#include "cuda/launch.h"

namespace hebb::cuda {

static __device__ int arrived_blocks;  // 0 between kernels, which follow one another on their device's stream

// One thread of each block of a one-dimensional grid calls this, after it has read; true in that of the last block.
__device__ inline bool arrives_last() {
  __threadfence();
  if (atomicAdd(&arrived_blocks, 1) + 1 != static_cast<int>(gridDim.x)) return false;
  arrived_blocks = 0;
  return true;
}

}  // namespace hebb::cuda
