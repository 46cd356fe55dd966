// Neighbouring floats that a thread holds: 4, moved in one 16-byte access, or 1 where alignment allows no more.
#pragma once
#include "cuda/launch.h"

namespace hebb::cuda {

template <int width>
struct alignas(width * sizeof(float)) Pack {
  float lanes[width];
  __device__ float& operator[](int lane) { return lanes[lane]; }
  __device__ float operator[](int lane) const { return lanes[lane]; }
};

template <int width>
__device__ inline Pack<width> load(const float* p) {
  return *reinterpret_cast<const Pack<width>*>(p);
}
template <int width>
__device__ inline void store(float* p, const Pack<width>& pack) {
  *reinterpret_cast<Pack<width>*>(p) = pack;
}

// Four bytes, beside a Pack<4>, or one.
template <int width>
struct alignas(width) Bytes {
  uint8_t lanes[width];
  __device__ uint8_t& operator[](int lane) { return lanes[lane]; }
  __device__ uint8_t operator[](int lane) const { return lanes[lane]; }
};
template <int width>
__device__ inline Bytes<width> load(const uint8_t* p) {
  return *reinterpret_cast<const Bytes<width>*>(p);
}
template <int width>
__device__ inline void store(uint8_t* p, const Bytes<width>& bytes) {
  *reinterpret_cast<Bytes<width>*>(p) = bytes;
}

// Whether rows of `channels` floats can be moved in packs of 4. Null pointers, of absent tensors, are aligned.
template <class... Pointers>
bool packs_of_four(int64_t channels, Pointers... pointers) {
  return channels % 4 == 0 && (aligned16(pointers) && ...);
}

}  // namespace hebb::cuda
