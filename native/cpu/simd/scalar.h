// No instruction set assumed: 4 lanes of the compiler's portable vectors. See simd.h.
#pragma once
#include <cstdint>

#include "core/inline.h"

namespace hebb::cpu::scalar {

using Floats = float __attribute__((vector_size(16)));
using Integers = int32_t __attribute__((vector_size(16)));
using Unsigneds = uint32_t __attribute__((vector_size(16)));

struct Vec {
  Floats v;
  static constexpr int width = 4;
};
struct IVec {
  Integers v;
};
struct Mask {
  Integers v;  // all bits of a lane set, or none
};

HEBB_INLINE Vec in_register(Vec a) { return a; }
HEBB_INLINE Vec zero() { return {Floats{}}; }
HEBB_INLINE Vec splat(float a) { return {Floats{a, a, a, a}}; }
HEBB_INLINE IVec splat_int(int32_t a) { return {Integers{a, a, a, a}}; }
HEBB_INLINE IVec iota() { return {Integers{0, 1, 2, 3}}; }
HEBB_INLINE Mask first_lanes(int n) { return {iota().v < splat_int(n).v}; }

HEBB_INLINE IVec as_int(Vec a) { return {reinterpret_cast<Integers>(a.v)}; }
HEBB_INLINE Vec as_float(IVec a) { return {reinterpret_cast<Floats>(a.v)}; }

HEBB_INLINE Vec load(const float* p) {
  Vec a;
  __builtin_memcpy(&a.v, p, sizeof a.v);
  return a;
}
HEBB_INLINE void store(float* p, Vec a) { __builtin_memcpy(p, &a.v, sizeof a.v); }
HEBB_INLINE void store_around_cache(float* p, Vec a) { store(p, a); }
HEBB_INLINE void finish_stores() {}
HEBB_INLINE IVec load(const int32_t* p) {
  IVec a;
  __builtin_memcpy(&a.v, p, sizeof a.v);
  return a;
}
HEBB_INLINE void store(int32_t* p, IVec a) { __builtin_memcpy(p, &a.v, sizeof a.v); }
HEBB_INLINE Vec load_partial(const float* p, int n) {
  float lanes[Vec::width] = {};
  for (int lane = 0; lane < n; ++lane) lanes[lane] = p[lane];
  return load(lanes);
}
HEBB_INLINE void store_partial(float* p, Vec a, int n) {
  for (int lane = 0; lane < n; ++lane) p[lane] = a.v[lane];
}
HEBB_INLINE IVec load_partial(const int32_t* p, int n) {
  int32_t lanes[Vec::width] = {};
  for (int lane = 0; lane < n; ++lane) lanes[lane] = p[lane];
  return load(lanes);
}
HEBB_INLINE void store_partial(int32_t* p, IVec a, int n) {
  for (int lane = 0; lane < n; ++lane) p[lane] = a.v[lane];
}

HEBB_INLINE Unsigneds bits_of(IVec a) { return reinterpret_cast<Unsigneds>(a.v); }
HEBB_INLINE IVec from_bits(Unsigneds a) { return {reinterpret_cast<Integers>(a)}; }
// Sums and products wrap around, as in the other sets: on unsigned lanes, where that is defined.
HEBB_INLINE IVec operator+(IVec a, IVec b) { return from_bits(bits_of(a) + bits_of(b)); }
HEBB_INLINE IVec operator-(IVec a, IVec b) { return from_bits(bits_of(a) - bits_of(b)); }
HEBB_INLINE IVec operator&(IVec a, IVec b) { return {a.v & b.v}; }
HEBB_INLINE IVec operator|(IVec a, IVec b) { return {a.v | b.v}; }
HEBB_INLINE IVec operator^(IVec a, IVec b) { return {a.v ^ b.v}; }
template <int count>
HEBB_INLINE IVec shift_left(IVec a) {
  return from_bits(bits_of(a) << count);
}
template <int count>
HEBB_INLINE IVec shift_right(IVec a) {
  return from_bits(bits_of(a) >> count);
}
HEBB_INLINE IVec mul_low(IVec a, IVec b) { return from_bits(bits_of(a) * bits_of(b)); }
HEBB_INLINE IVec mul_high_unsigned(IVec a, IVec b) {
  const Unsigneds x = bits_of(a), y = bits_of(b);
  Unsigneds high{};
  for (int lane = 0; lane < Vec::width; ++lane) high[lane] = static_cast<uint32_t>(uint64_t{x[lane]} * y[lane] >> 32);
  return from_bits(high);
}

HEBB_INLINE Vec operator+(Vec a, Vec b) { return {a.v + b.v}; }
HEBB_INLINE Vec operator-(Vec a, Vec b) { return {a.v - b.v}; }
HEBB_INLINE Vec operator*(Vec a, Vec b) { return {a.v * b.v}; }
HEBB_INLINE Vec operator/(Vec a, Vec b) { return {a.v / b.v}; }
HEBB_INLINE Vec operator-(Vec a) { return as_float(as_int(a) ^ splat_int(INT32_MIN)); }
HEBB_INLINE Vec abs(Vec a) { return as_float(as_int(a) & splat_int(INT32_MAX)); }
HEBB_INLINE Vec fma(Vec a, Vec b, Vec c) { return {a.v * b.v + c.v}; }
HEBB_INLINE Vec fnma(Vec a, Vec b, Vec c) { return {c.v - a.v * b.v}; }

HEBB_INLINE Mask operator&(Mask a, Mask b) { return {a.v & b.v}; }
HEBB_INLINE Mask operator|(Mask a, Mask b) { return {a.v | b.v}; }
HEBB_INLINE Mask operator~(Mask a) { return {~a.v}; }
HEBB_INLINE bool any(Mask a) { return (a.v[0] | a.v[1] | a.v[2] | a.v[3]) != 0; }
HEBB_INLINE bool all(Mask a) { return (a.v[0] & a.v[1] & a.v[2] & a.v[3]) != 0; }
HEBB_INLINE Mask lt(Vec a, Vec b) { return {a.v < b.v}; }
HEBB_INLINE Mask gt(Vec a, Vec b) { return {a.v > b.v}; }
HEBB_INLINE Mask le(Vec a, Vec b) { return {a.v <= b.v}; }
HEBB_INLINE Mask ge(Vec a, Vec b) { return {a.v >= b.v}; }
HEBB_INLINE Mask eq(Vec a, Vec b) { return {a.v == b.v}; }
HEBB_INLINE Mask is_nan(Vec a) { return {a.v != a.v}; }
HEBB_INLINE Mask gt(IVec a, IVec b) { return {a.v > b.v}; }
HEBB_INLINE Mask eq(IVec a, IVec b) { return {a.v == b.v}; }
HEBB_INLINE IVec select(Mask mask, IVec a, IVec b) { return {(mask.v & a.v) | (~mask.v & b.v)}; }
HEBB_INLINE Vec select(Mask mask, Vec a, Vec b) { return as_float(select(mask, as_int(a), as_int(b))); }

HEBB_INLINE Vec max(Vec a, Vec b) { return select(gt(a, b), a, b); }
HEBB_INLINE Vec min(Vec a, Vec b) { return select(lt(a, b), a, b); }
HEBB_INLINE Vec approximate_inverse_sqrt(Vec a) {
  for (int lane = 0; lane < Vec::width; ++lane) a.v[lane] = 1 / __builtin_sqrtf(a.v[lane]);
  return a;
}
template <int k>
HEBB_INLINE Vec lanes_from(Vec a, Vec b) {
  Vec y = a;
  for (int lane = 0; lane < Vec::width; ++lane)
    y.v[lane] = lane + k < Vec::width ? a.v[lane + k] : b.v[lane + k - Vec::width];
  return y;
}
HEBB_INLINE Vec sqrt(Vec a) {
  for (int lane = 0; lane < Vec::width; ++lane) a.v[lane] = __builtin_sqrtf(a.v[lane]);
  return a;
}
HEBB_INLINE Vec round_nearest(Vec a) {
  // Adding 1.5 * 2^23 leaves no fraction bits; above 2^22 the sum could round twice, and above 2^23 a is whole anyway.
  constexpr float no_fraction = 12582912.0f, small = 4194304.0f;
  const Vec shifted = (a + splat(no_fraction)) - splat(no_fraction);
  const Vec sign = as_float(as_int(a) & splat_int(INT32_MIN));
  const Vec whole = splat(8388608.0f);
  const Vec large = as_float(as_int((abs(a) + whole) - whole) | as_int(sign));
  return select(lt(abs(a), splat(small)), shifted, select(lt(abs(a), whole), large, a));
}

HEBB_INLINE Vec to_float(IVec a) { return {__builtin_convertvector(a.v, Floats)}; }
HEBB_INLINE IVec truncate(Vec a) {
  // Lane by lane through int64: an unspecified answer out of range, not undefined behaviour, for all but the huge.
  Integers whole{};
  for (int lane = 0; lane < Vec::width; ++lane) {
    const float clamped = a.v[lane] > -2147483648.0f ? a.v[lane] : -2147483648.0f;
    whole[lane] = clamped < 2147483648.0f ? static_cast<int32_t>(clamped) : INT32_MIN;
  }
  return {whole};
}
HEBB_INLINE IVec to_int(Vec a) { return truncate(round_nearest(a)); }

HEBB_INLINE Vec permute(Vec a, IVec lanes) { return {__builtin_shuffle(a.v, lanes.v)}; }
HEBB_INLINE Vec permute(Vec a, Vec b, IVec lanes) { return {__builtin_shuffle(a.v, b.v, lanes.v)}; }

HEBB_INLINE IVec load_bytes(const uint8_t* p) { return {Integers{p[0], p[1], p[2], p[3]}}; }
HEBB_INLINE void store_bytes(uint8_t* p, IVec a) {
  for (int lane = 0; lane < Vec::width; ++lane) p[lane] = static_cast<uint8_t>(a.v[lane]);
}

HEBB_INLINE float reduce_add(Vec a) { return (a.v[0] + a.v[2]) + (a.v[1] + a.v[3]); }
HEBB_INLINE float reduce_max(Vec a) {
  const float even = a.v[0] > a.v[2] ? a.v[0] : a.v[2], odd = a.v[1] > a.v[3] ? a.v[1] : a.v[3];
  return even > odd ? even : odd;
}

}  // namespace hebb::cpu::scalar
