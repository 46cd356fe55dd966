// Packs of bfloat16 numbers, which are the high halves of floats.
#pragma once
#include "cuda/kernels/pack.h"

namespace hebb::cuda {

template <int width>
struct alignas(width * sizeof(uint16_t)) Halves {
  uint16_t lanes[width];
};

template <int width>
__device__ inline Pack<width> load(const uint16_t* p) {
  const Halves<width> halves = *reinterpret_cast<const Halves<width>*>(p);
  Pack<width> pack;
#pragma unroll
  for (int lane = 0; lane < width; ++lane)
    pack[lane] = __uint_as_float(static_cast<uint32_t>(halves.lanes[lane]) << 16);
  return pack;
}

// Rounds to nearest, ties to even.
template <int width>
__device__ inline void store(uint16_t* p, const Pack<width>& pack) {
  Halves<width> halves;
#pragma unroll
  for (int lane = 0; lane < width; ++lane) {
    const uint32_t bits = __float_as_uint(pack[lane]);
    const uint32_t rounded = bits + 0x7fff + (bits >> 16 & 1), still_nan = bits | 0x400000;
    halves.lanes[lane] = static_cast<uint16_t>((pack[lane] != pack[lane] ? still_nan : rounded) >> 16);
  }
  *reinterpret_cast<Halves<width>*>(p) = halves;
}

}  // namespace hebb::cuda
