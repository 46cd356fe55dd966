// Neighbouring elements that a thread holds: 4 floats, moved in one 16-byte access, or 1 where alignment allows no
// more.
#pragma once
#include "cuda/launch.h"

namespace hebb::cuda {

template <int width, class T = float>
struct alignas(width * sizeof(T)) Pack {
  T lanes[width];
  __device__ T& operator[](int lane) { return lanes[lane]; }
  __device__ const T& operator[](int lane) const { return lanes[lane]; }
};

template <int width, class T>
__device__ inline Pack<width, T> load(const T* p) {
  return *reinterpret_cast<const Pack<width, T>*>(p);
}
template <int width, class T>
__device__ inline void store(T* p, const Pack<width, T>& pack) {
  *reinterpret_cast<Pack<width, T>*>(p) = pack;
}

// Four bytes, beside a Pack<4>, or one.
template <int width>
using Bytes = Pack<width, uint8_t>;

// Whether rows of `channels` floats can be moved in packs of 4. Null pointers, of absent tensors, are aligned.
template <class... Pointers>
bool packs_of_four(int64_t channels, Pointers... pointers) {
  return channels % 4 == 0 && (aligned16(pointers) && ...);
}

}  // namespace hebb::cuda
