// How kernels are launched, and the small vocabulary they share. Kernels are ordinary CUDA (__global__, threadIdx,
// __shared__, __syncthreads, warp shuffles with full masks) and are also compiled for the host by cuda/emulation. So:
//   launch(grid, block, kernel, arguments...)   instead of <<< >>>;
//   __shared__ arrays of static size, or shared_memory<T>() for the dynamic part given to launch;
//   every thread of a block reaches every __syncthreads and every shuffle (no early return before one);
//   no float atomics, no assumption on which block runs first.
#pragma once
#include <algorithm>
#include <cstdint>

#include "cuda/runtime/context.h"

namespace hebb::cuda {

constexpr int warp = 32;
constexpr unsigned all_lanes = 0xffffffffu;

// Extents of a launch. Blocks in x may be up to 2^31 - 1, in y and z 65535.
struct Grid {
  int64_t x = 1;
  int y = 1, z = 1;
};
struct Block {
  int x = 256, y = 1;
  size_t shared = 0;  // bytes of dynamic shared memory, 48 KiB at most
};

#ifdef HEBB_EMULATED
template <class Kernel, class... Arguments>
void launch(Grid grid, Block block, Kernel kernel, Arguments... arguments) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
  emulation::launch(Context::current().stream(), dim3(static_cast<unsigned>(grid.x), grid.y, grid.z),
                    dim3(block.x, block.y), block.shared, [=] { kernel(arguments...); });
  require(cudaGetLastError(), "launch");
}
template <class T>
T* shared_memory() {
  return static_cast<T*>(emulation::dynamic_shared());
}
#else
template <class Kernel, class... Arguments>
void launch(Grid grid, Block block, Kernel kernel, Arguments... arguments) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
  // clang-format off
  kernel<<<dim3(static_cast<unsigned>(grid.x), grid.y, grid.z), dim3(block.x, block.y), block.shared,
           Context::current().stream()>>>(arguments...);
  // clang-format on
  require(cudaGetLastError(), "launch");
}
template <class T>
__device__ T* shared_memory() {
  extern __shared__ __align__(16) unsigned char hebb_shared[];
  return reinterpret_cast<T*>(hebb_shared);
}
#endif

constexpr int64_t blocks_for(int64_t count, int64_t per_block) { return (count + per_block - 1) / per_block; }

// A grid for a loop `for (i = first_index(); i < count; i += index_step())`: enough blocks to fill the device a few
// times over, no more than there is work.
inline Grid grid_for(int64_t count, int threads = 256, int64_t per_thread = 1) {
  const int64_t most = static_cast<int64_t>(Context::current().multiprocessors()) * 32;
  return {std::min(blocks_for(count, threads * per_thread), most)};
}
__device__ inline int64_t first_index() { return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; }
__device__ inline int64_t index_step() { return static_cast<int64_t>(gridDim.x) * blockDim.x; }

// Four floats in one 16-byte access. Tensors begin at 64-byte boundaries; rows may not.
inline bool aligned16(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer) % 16 == 0; }

// Sums and extrema over a warp, then over a block of up to 1024 threads (a multiple of 32). The order of additions is
// fixed. The result reaches every thread; all threads of the block must call, and the block's versions synchronise.
template <class T, class Combine>
__device__ inline T warp_reduce(T value, Combine combine) {
  for (int offset = warp / 2; offset > 0; offset /= 2)
    value = combine(value, __shfl_xor_sync(all_lanes, value, offset));
  return value;
}
template <class T, class Combine>
__device__ inline T block_reduce(T value, T identity, Combine combine) {
  __shared__ T partial[warp];
  const int thread = threadIdx.y * blockDim.x + threadIdx.x, threads = blockDim.x * blockDim.y;
  value = warp_reduce(value, combine);
  if (thread % warp == 0) partial[thread / warp] = value;
  __syncthreads();
  value = thread % warp < threads / warp ? partial[thread % warp] : identity;
  value = warp_reduce(value, combine);
  __syncthreads();  // partial may be used again
  return value;
}
struct Plus {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};

// Tells the host of a failure that only the device can see. The first one wins; its kernel goes on with safe values.
__device__ inline void report(DeviceFailure* failure, Failure code, long long value, long long at, long long limit) {
  if (atomicCAS(&failure->code, 0, -1) != 0) return;
  failure->value = value;
  failure->at = at;
  failure->limit = limit;
  __threadfence_system();
  failure->code = static_cast<int>(code);
}

}  // namespace hebb::cuda
