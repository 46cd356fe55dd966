// CUDA's words for where code runs and where variables live.
#pragma once

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
// The blocks of a launch run one after the other on one system thread, so one copy a thread is one copy a block.
#define __shared__ static thread_local
