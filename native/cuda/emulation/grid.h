// The launch grid: where a thread stands, barriers, and what the lanes of a warp tell each other.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <source_location>
#include <type_traits>

#include "cuda/emulation/runtime_api.h"
#include "cuda/emulation/vector_types.h"

inline constinit thread_local uint3 threadIdx{}, blockIdx{};
inline constinit thread_local dim3 blockDim{}, gridDim{};
constexpr int warpSize = 32;

namespace hebb::cuda::emulation {

using Site = std::source_location;  // of a barrier: threads that wait together must wait at the same one

// Runs the kernel for every thread of the grid as work of the stream. A wrong configuration, and a thread that waits
// for others that never come, are errors of the launch, told as CUDA tells them.
void launch(cudaStream_t stream, dim3 grid, dim3 block, size_t shared_bytes, std::function<void()> kernel);

// Dynamic shared memory of the running block: exactly as many bytes as its launch asked for.
void* dynamic_shared();

enum class WarpOperation : uint8_t { synchronize, shuffle, ballot };

void block_barrier(const Site& site);
// What lane `source` of the group gave as its value; for ballot, a bit for each lane whose value is not 0.
uint64_t warp_exchange(WarpOperation operation, unsigned mask, uint64_t value, int source, const Site& site);
int lane();

template <class T>
T shuffle(unsigned mask, T value, int source, const Site& site) {
  static_assert(std::is_arithmetic_v<T> && (sizeof(T) == 4 || sizeof(T) == 8), "as in CUDA");
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = warp_exchange(WarpOperation::shuffle, mask, bits, source, site);
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

}  // namespace hebb::cuda::emulation

inline void __syncthreads(hebb::cuda::emulation::Site site = hebb::cuda::emulation::Site::current()) {
  hebb::cuda::emulation::block_barrier(site);
}
inline void __syncwarp(unsigned mask = 0xffffffffu,
                       hebb::cuda::emulation::Site site = hebb::cuda::emulation::Site::current()) {
  hebb::cuda::emulation::warp_exchange(hebb::cuda::emulation::WarpOperation::synchronize, mask, 0, 0, site);
}

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = warpSize,
              hebb::cuda::emulation::Site site = hebb::cuda::emulation::Site::current()) {
  const int segment = hebb::cuda::emulation::lane() / width * width;
  return hebb::cuda::emulation::shuffle(mask, value, segment + (source & (width - 1)), site);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = warpSize,
                  hebb::cuda::emulation::Site site = hebb::cuda::emulation::Site::current()) {
  const int lane = hebb::cuda::emulation::lane(), source = lane ^ lanes;
  return hebb::cuda::emulation::shuffle(mask, value, source / width <= lane / width ? source : lane, site);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = warpSize,
                   hebb::cuda::emulation::Site site = hebb::cuda::emulation::Site::current()) {
  const int lane = hebb::cuda::emulation::lane(), source = lane + static_cast<int>(delta);
  return hebb::cuda::emulation::shuffle(mask, value, source / width == lane / width ? source : lane, site);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = warpSize,
                 hebb::cuda::emulation::Site site = hebb::cuda::emulation::Site::current()) {
  const int lane = hebb::cuda::emulation::lane(), source = lane - static_cast<int>(delta);
  return hebb::cuda::emulation::shuffle(mask, value, source >= lane / width * width ? source : lane, site);
}

inline unsigned __ballot_sync(unsigned mask, int predicate,
                              hebb::cuda::emulation::Site site = hebb::cuda::emulation::Site::current()) {
  return static_cast<unsigned>(hebb::cuda::emulation::warp_exchange(hebb::cuda::emulation::WarpOperation::ballot, mask,
                                                                    predicate != 0, 0, site));
}
inline int __any_sync(unsigned mask, int predicate,
                      hebb::cuda::emulation::Site site = hebb::cuda::emulation::Site::current()) {
  return __ballot_sync(mask, predicate, site) != 0;
}
inline int __all_sync(unsigned mask, int predicate,
                      hebb::cuda::emulation::Site site = hebb::cuda::emulation::Site::current()) {
  return __ballot_sync(mask, !predicate, site) == 0;
}
