// Functions that CUDA offers in device code. Atomics on floats are left out: kernels may not use them.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include <math.h>  // the same functions, in the global namespace

template <class A, class B, class = std::enable_if_t<std::is_arithmetic_v<A> && std::is_arithmetic_v<B>>>
constexpr std::common_type_t<A, B> max(A a, B b) {
  using T = std::common_type_t<A, B>;
  if constexpr (std::is_floating_point_v<T>) return std::fmax(static_cast<T>(a), static_cast<T>(b));
  return static_cast<T>(a) < static_cast<T>(b) ? static_cast<T>(b) : static_cast<T>(a);
}
template <class A, class B, class = std::enable_if_t<std::is_arithmetic_v<A> && std::is_arithmetic_v<B>>>
constexpr std::common_type_t<A, B> min(A a, B b) {
  using T = std::common_type_t<A, B>;
  if constexpr (std::is_floating_point_v<T>) return std::fmin(static_cast<T>(a), static_cast<T>(b));
  return static_cast<T>(b) < static_cast<T>(a) ? static_cast<T>(b) : static_cast<T>(a);
}

inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline float cospif(float x) { return static_cast<float>(std::cos(M_PI * static_cast<double>(x))); }
inline float sinpif(float x) { return static_cast<float>(std::sin(M_PI * static_cast<double>(x))); }
inline void sincospif(float x, float* sine, float* cosine) { *sine = sinpif(x), *cosine = cospif(x); }

inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
inline float __fmul_rn(float a, float b) { return a * b; }  // never contracted to an fma
inline float __fadd_rn(float a, float b) { return a + b; }

inline int __float_as_int(float x) { return std::bit_cast<int>(x); }
inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
inline float __int_as_float(int x) { return std::bit_cast<float>(x); }
inline float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
// Truncates and saturates; NaN is 0.
inline int __float2int_rz(float x) {
  return x != x ? 0 : x >= 0x1p31f ? INT32_MAX : x <= -0x1p31f ? INT32_MIN : static_cast<int>(x);
}

inline int __popc(unsigned x) { return std::popcount(x); }
inline int __clz(int x) { return std::countl_zero(static_cast<unsigned>(x)); }
inline int __ffs(int x) { return x == 0 ? 0 : std::countr_zero(static_cast<unsigned>(x)) + 1; }
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>((static_cast<uint64_t>(a) * b) >> 32); }

template <class T>
T __ldg(const T* pointer) {
  return *pointer;
}
inline void __threadfence_block() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
inline void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
inline void __threadfence_system() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

namespace hebb::cuda::emulation {
template <class T>
using Integer = std::enable_if_t<std::is_integral_v<T> && (sizeof(T) == 4 || sizeof(T) == 8), T>;
}  // namespace hebb::cuda::emulation

template <class T>
hebb::cuda::emulation::Integer<T> atomicCAS(T* target, std::type_identity_t<T> expected,
                                            std::type_identity_t<T> value) {
  __atomic_compare_exchange_n(target, &expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  return expected;
}
template <class T>
hebb::cuda::emulation::Integer<T> atomicAdd(T* target, std::type_identity_t<T> value) {
  return __atomic_fetch_add(target, value, __ATOMIC_SEQ_CST);
}
template <class T>
hebb::cuda::emulation::Integer<T> atomicOr(T* target, std::type_identity_t<T> value) {
  return __atomic_fetch_or(target, value, __ATOMIC_SEQ_CST);
}
template <class T>
hebb::cuda::emulation::Integer<T> atomicExch(T* target, std::type_identity_t<T> value) {
  return __atomic_exchange_n(target, value, __ATOMIC_SEQ_CST);
}
template <class T>
hebb::cuda::emulation::Integer<T> atomicMax(T* target, std::type_identity_t<T> value) {
  T old = *target;
  while (old < value && !__atomic_compare_exchange_n(target, &old, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
  }
  return old;
}
template <class T>
hebb::cuda::emulation::Integer<T> atomicMin(T* target, std::type_identity_t<T> value) {
  T old = *target;
  while (value < old && !__atomic_compare_exchange_n(target, &old, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
  }
  return old;
}
