// AArch64 Advanced SIMD: 4 lanes. See simd.h.
#pragma once
#include <arm_neon.h>

#include <cstdint>

#include "core/inline.h"

namespace hebb::cpu::neon {

struct Vec {
  float32x4_t v;
  static constexpr int width = 4;
};
struct IVec {
  int32x4_t v;
};
struct Mask {
  uint32x4_t v;  // all bits of a lane set, or none
};

HEBB_INLINE Vec in_register(Vec a) {
  asm("" : "+w"(a.v));
  return a;
}
HEBB_INLINE Vec zero() { return {vdupq_n_f32(0)}; }
HEBB_INLINE Vec splat(float a) { return {vdupq_n_f32(a)}; }
HEBB_INLINE IVec splat_int(int32_t a) { return {vdupq_n_s32(a)}; }
HEBB_INLINE IVec iota() { return {int32x4_t{0, 1, 2, 3}}; }
HEBB_INLINE Mask first_lanes(int n) { return {vcgtq_s32(vdupq_n_s32(n), iota().v)}; }

HEBB_INLINE IVec as_int(Vec a) { return {vreinterpretq_s32_f32(a.v)}; }
HEBB_INLINE Vec as_float(IVec a) { return {vreinterpretq_f32_s32(a.v)}; }

HEBB_INLINE Vec load(const float* p) { return {vld1q_f32(p)}; }
HEBB_INLINE void store(float* p, Vec a) { vst1q_f32(p, a.v); }
HEBB_INLINE void store_around_cache(float* p, Vec a) { store(p, a); }
HEBB_INLINE void finish_stores() {}
HEBB_INLINE IVec load(const int32_t* p) { return {vld1q_s32(p)}; }
HEBB_INLINE void store(int32_t* p, IVec a) { vst1q_s32(p, a.v); }
HEBB_INLINE Vec load_partial(const float* p, int n) {
  float lanes[Vec::width] = {};
  for (int lane = 0; lane < n; ++lane) lanes[lane] = p[lane];
  return load(lanes);
}
HEBB_INLINE void store_partial(float* p, Vec a, int n) {
  float lanes[Vec::width];
  store(lanes, a);
  for (int lane = 0; lane < n; ++lane) p[lane] = lanes[lane];
}
HEBB_INLINE IVec load_partial(const int32_t* p, int n) {
  int32_t lanes[Vec::width] = {};
  for (int lane = 0; lane < n; ++lane) lanes[lane] = p[lane];
  return load(lanes);
}
HEBB_INLINE void store_partial(int32_t* p, IVec a, int n) {
  int32_t lanes[Vec::width];
  store(lanes, a);
  for (int lane = 0; lane < n; ++lane) p[lane] = lanes[lane];
}

HEBB_INLINE IVec operator+(IVec a, IVec b) { return {vaddq_s32(a.v, b.v)}; }
HEBB_INLINE IVec operator-(IVec a, IVec b) { return {vsubq_s32(a.v, b.v)}; }
HEBB_INLINE IVec operator&(IVec a, IVec b) { return {vandq_s32(a.v, b.v)}; }
HEBB_INLINE IVec operator|(IVec a, IVec b) { return {vorrq_s32(a.v, b.v)}; }
HEBB_INLINE IVec operator^(IVec a, IVec b) { return {veorq_s32(a.v, b.v)}; }
template <int count>
HEBB_INLINE IVec shift_left(IVec a) {
  return {vshlq_n_s32(a.v, count)};
}
template <int count>
HEBB_INLINE IVec shift_right(IVec a) {
  return {vreinterpretq_s32_u32(vshrq_n_u32(vreinterpretq_u32_s32(a.v), count))};
}
HEBB_INLINE IVec mul_low(IVec a, IVec b) { return {vmulq_s32(a.v, b.v)}; }
HEBB_INLINE IVec mul_high_unsigned(IVec a, IVec b) {
  const uint32x4_t x = vreinterpretq_u32_s32(a.v), y = vreinterpretq_u32_s32(b.v);
  const uint64x2_t low = vmull_u32(vget_low_u32(x), vget_low_u32(y));
  const uint64x2_t high = vmull_high_u32(x, y);
  return {vreinterpretq_s32_u32(vuzp2q_u32(vreinterpretq_u32_u64(low), vreinterpretq_u32_u64(high)))};
}

HEBB_INLINE Vec operator+(Vec a, Vec b) { return {vaddq_f32(a.v, b.v)}; }
HEBB_INLINE Vec operator-(Vec a, Vec b) { return {vsubq_f32(a.v, b.v)}; }
HEBB_INLINE Vec operator*(Vec a, Vec b) { return {vmulq_f32(a.v, b.v)}; }
HEBB_INLINE Vec operator/(Vec a, Vec b) { return {vdivq_f32(a.v, b.v)}; }
HEBB_INLINE Vec operator-(Vec a) { return {vnegq_f32(a.v)}; }
HEBB_INLINE Vec abs(Vec a) { return {vabsq_f32(a.v)}; }
HEBB_INLINE Vec fma(Vec a, Vec b, Vec c) { return {vfmaq_f32(c.v, a.v, b.v)}; }
HEBB_INLINE Vec fnma(Vec a, Vec b, Vec c) { return {vfmsq_f32(c.v, a.v, b.v)}; }
// Not vmaxq_f32, which propagates NaN: the same answer as on x86.
HEBB_INLINE Vec max(Vec a, Vec b) { return {vbslq_f32(vcgtq_f32(a.v, b.v), a.v, b.v)}; }
HEBB_INLINE Vec min(Vec a, Vec b) { return {vbslq_f32(vcltq_f32(a.v, b.v), a.v, b.v)}; }
HEBB_INLINE Vec approximate_inverse_sqrt(Vec a) {
  const float32x4_t root = vrsqrteq_f32(a.v);  // 8 bits
  return {vmulq_f32(root, vrsqrtsq_f32(vmulq_f32(a.v, root), root))};
}
template <int k>
HEBB_INLINE Vec lanes_from(Vec a, Vec b) {
  return {vextq_f32(a.v, b.v, k)};
}
HEBB_INLINE Vec sqrt(Vec a) { return {vsqrtq_f32(a.v)}; }
HEBB_INLINE Vec round_nearest(Vec a) { return {vrndnq_f32(a.v)}; }

HEBB_INLINE Mask operator&(Mask a, Mask b) { return {vandq_u32(a.v, b.v)}; }
HEBB_INLINE Mask operator|(Mask a, Mask b) { return {vorrq_u32(a.v, b.v)}; }
HEBB_INLINE Mask operator~(Mask a) { return {vmvnq_u32(a.v)}; }
HEBB_INLINE bool any(Mask a) { return vmaxvq_u32(a.v) != 0; }
HEBB_INLINE bool all(Mask a) { return vminvq_u32(a.v) != 0; }
HEBB_INLINE Mask lt(Vec a, Vec b) { return {vcltq_f32(a.v, b.v)}; }
HEBB_INLINE Mask gt(Vec a, Vec b) { return {vcgtq_f32(a.v, b.v)}; }
HEBB_INLINE Mask le(Vec a, Vec b) { return {vcleq_f32(a.v, b.v)}; }
HEBB_INLINE Mask ge(Vec a, Vec b) { return {vcgeq_f32(a.v, b.v)}; }
HEBB_INLINE Mask eq(Vec a, Vec b) { return {vceqq_f32(a.v, b.v)}; }
HEBB_INLINE Mask is_nan(Vec a) { return ~Mask{vceqq_f32(a.v, a.v)}; }
HEBB_INLINE Mask gt(IVec a, IVec b) { return {vcgtq_s32(a.v, b.v)}; }
HEBB_INLINE Mask eq(IVec a, IVec b) { return {vceqq_s32(a.v, b.v)}; }
HEBB_INLINE Vec select(Mask mask, Vec a, Vec b) { return {vbslq_f32(mask.v, a.v, b.v)}; }
HEBB_INLINE IVec select(Mask mask, IVec a, IVec b) { return {vbslq_s32(mask.v, a.v, b.v)}; }

HEBB_INLINE Vec to_float(IVec a) { return {vcvtq_f32_s32(a.v)}; }
HEBB_INLINE IVec to_int(Vec a) { return {vcvtnq_s32_f32(a.v)}; }
HEBB_INLINE IVec truncate(Vec a) { return {vcvtq_s32_f32(a.v)}; }

HEBB_INLINE uint8x16_t bytes_of_lanes(IVec lanes) {
  return vreinterpretq_u8_u32(vmlaq_n_u32(vdupq_n_u32(0x03020100), vreinterpretq_u32_s32(lanes.v), 0x04040404));
}
HEBB_INLINE Vec permute(Vec a, IVec lanes) {
  return {vreinterpretq_f32_u8(vqtbl1q_u8(vreinterpretq_u8_f32(a.v), bytes_of_lanes(lanes)))};
}
HEBB_INLINE Vec permute(Vec a, Vec b, IVec lanes) {
  const uint8x16x2_t table{vreinterpretq_u8_f32(a.v), vreinterpretq_u8_f32(b.v)};
  return {vreinterpretq_f32_u8(vqtbl2q_u8(table, bytes_of_lanes(lanes)))};
}

HEBB_INLINE IVec load_bytes(const uint8_t* p) {
  const int32_t lanes[Vec::width] = {p[0], p[1], p[2], p[3]};
  return load(lanes);
}
HEBB_INLINE void store_bytes(uint8_t* p, IVec a) {
  int32_t lanes[Vec::width];
  store(lanes, a);
  for (int lane = 0; lane < Vec::width; ++lane) p[lane] = static_cast<uint8_t>(lanes[lane]);
}

// (0 + 2) + (1 + 3), as the others do.
HEBB_INLINE float reduce_add(Vec a) {
  const float32x2_t two = vadd_f32(vget_low_f32(a.v), vget_high_f32(a.v));
  return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}
HEBB_INLINE float reduce_max(Vec a) { return vmaxvq_f32(a.v); }

}  // namespace hebb::cpu::neon
