// AVX-512 F, BW, VL, DQ: 16 lanes. See simd.h.
#pragma once
#include <cstdint>

// GCC 12's own intrinsics read an undefined register on purpose, and its warning fires where they are inlined.
#pragma GCC diagnostic push
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#pragma GCC diagnostic pop

#include "core/inline.h"

namespace hebb::cpu::avx512 {

struct Vec {
  __m512 v;
  static constexpr int width = 16;
};
struct IVec {
  __m512i v;
};
struct Mask {
  __mmask16 v;
};

HEBB_INLINE Mask first_lanes(int n) { return {static_cast<__mmask16>((1u << n) - 1)}; }
constexpr __mmask16 every_lane = 0xFFFF;

HEBB_INLINE Vec load(const float* p) { return {_mm512_loadu_ps(p)}; }
HEBB_INLINE void store(float* p, Vec a) { _mm512_storeu_ps(p, a.v); }
HEBB_INLINE void store_around_cache(float* p, Vec a) { _mm512_stream_ps(p, a.v); }
HEBB_INLINE void finish_stores() { _mm_sfence(); }
HEBB_INLINE Vec load_partial(const float* p, int n) { return {_mm512_maskz_loadu_ps(first_lanes(n).v, p)}; }
HEBB_INLINE void store_partial(float* p, Vec a, int n) { _mm512_mask_storeu_ps(p, first_lanes(n).v, a.v); }
HEBB_INLINE IVec load(const int32_t* p) { return {_mm512_loadu_si512(p)}; }
HEBB_INLINE void store(int32_t* p, IVec a) { _mm512_storeu_si512(p, a.v); }
HEBB_INLINE IVec load_partial(const int32_t* p, int n) { return {_mm512_maskz_loadu_epi32(first_lanes(n).v, p)}; }
HEBB_INLINE void store_partial(int32_t* p, IVec a, int n) { _mm512_mask_storeu_epi32(p, first_lanes(n).v, a.v); }

HEBB_INLINE Vec in_register(Vec a) {
  asm("" : "+v"(a.v));
  return a;
}
HEBB_INLINE Vec zero() { return {_mm512_setzero_ps()}; }
HEBB_INLINE Vec splat(float a) { return {_mm512_set1_ps(a)}; }
HEBB_INLINE IVec splat_int(int32_t a) { return {_mm512_set1_epi32(a)}; }
HEBB_INLINE IVec iota() { return {_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)}; }

HEBB_INLINE IVec as_int(Vec a) { return {_mm512_castps_si512(a.v)}; }
HEBB_INLINE Vec as_float(IVec a) { return {_mm512_castsi512_ps(a.v)}; }

HEBB_INLINE IVec operator+(IVec a, IVec b) { return {_mm512_add_epi32(a.v, b.v)}; }
HEBB_INLINE IVec operator-(IVec a, IVec b) { return {_mm512_sub_epi32(a.v, b.v)}; }
HEBB_INLINE IVec operator&(IVec a, IVec b) { return {_mm512_and_si512(a.v, b.v)}; }
HEBB_INLINE IVec operator|(IVec a, IVec b) { return {_mm512_or_si512(a.v, b.v)}; }
HEBB_INLINE IVec operator^(IVec a, IVec b) { return {_mm512_xor_si512(a.v, b.v)}; }
template <int count>
HEBB_INLINE IVec shift_left(IVec a) {
  return {_mm512_maskz_slli_epi32(every_lane, a.v, count)};
}
template <int count>
HEBB_INLINE IVec shift_right(IVec a) {
  return {_mm512_maskz_srli_epi32(every_lane, a.v, count)};
}
HEBB_INLINE IVec mul_low(IVec a, IVec b) { return {_mm512_mullo_epi32(a.v, b.v)}; }
HEBB_INLINE IVec mul_high_unsigned(IVec a, IVec b) {
  constexpr __mmask8 every_pair = 0xFF;
  constexpr __mmask16 odd_lanes = 0xAAAA;
  const __m512i even = _mm512_maskz_mul_epu32(every_pair, a.v, b.v);
  const __m512i odd = _mm512_maskz_mul_epu32(every_pair, _mm512_maskz_srli_epi64(every_pair, a.v, 32),
                                             _mm512_maskz_srli_epi64(every_pair, b.v, 32));
  return {_mm512_mask_blend_epi32(odd_lanes, _mm512_maskz_srli_epi64(every_pair, even, 32), odd)};
}

HEBB_INLINE Vec operator+(Vec a, Vec b) { return {_mm512_add_ps(a.v, b.v)}; }
HEBB_INLINE Vec operator-(Vec a, Vec b) { return {_mm512_sub_ps(a.v, b.v)}; }
HEBB_INLINE Vec operator*(Vec a, Vec b) { return {_mm512_mul_ps(a.v, b.v)}; }
HEBB_INLINE Vec operator/(Vec a, Vec b) { return {_mm512_div_ps(a.v, b.v)}; }
HEBB_INLINE Vec operator-(Vec a) { return as_float(as_int(a) ^ splat_int(INT32_MIN)); }
HEBB_INLINE Vec abs(Vec a) { return as_float(as_int(a) & splat_int(INT32_MAX)); }
HEBB_INLINE Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
HEBB_INLINE Vec fnma(Vec a, Vec b, Vec c) { return {_mm512_fnmadd_ps(a.v, b.v, c.v)}; }
HEBB_INLINE Vec max(Vec a, Vec b) { return {_mm512_maskz_max_ps(every_lane, a.v, b.v)}; }
HEBB_INLINE Vec min(Vec a, Vec b) { return {_mm512_maskz_min_ps(every_lane, a.v, b.v)}; }
HEBB_INLINE Vec approximate_inverse_sqrt(Vec a) { return {_mm512_rsqrt14_ps(a.v)}; }
template <int k>
HEBB_INLINE Vec lanes_from(Vec a, Vec b) {
  return {_mm512_castsi512_ps(
      _mm512_maskz_alignr_epi32(every_lane, _mm512_castps_si512(b.v), _mm512_castps_si512(a.v), k))};
}
HEBB_INLINE Vec sqrt(Vec a) { return {_mm512_maskz_sqrt_ps(every_lane, a.v)}; }
HEBB_INLINE Vec round_nearest(Vec a) {
  return {_mm512_maskz_roundscale_ps(every_lane, a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}

HEBB_INLINE Mask operator&(Mask a, Mask b) { return {static_cast<__mmask16>(a.v & b.v)}; }
HEBB_INLINE Mask operator|(Mask a, Mask b) { return {static_cast<__mmask16>(a.v | b.v)}; }
HEBB_INLINE Mask operator~(Mask a) { return {static_cast<__mmask16>(~a.v)}; }
HEBB_INLINE bool any(Mask a) { return a.v != 0; }
HEBB_INLINE bool all(Mask a) { return a.v == every_lane; }
HEBB_INLINE Mask lt(Vec a, Vec b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
HEBB_INLINE Mask gt(Vec a, Vec b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ)}; }
HEBB_INLINE Mask le(Vec a, Vec b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LE_OQ)}; }
HEBB_INLINE Mask ge(Vec a, Vec b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GE_OQ)}; }
HEBB_INLINE Mask eq(Vec a, Vec b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ)}; }
HEBB_INLINE Mask is_nan(Vec a) { return {_mm512_cmp_ps_mask(a.v, a.v, _CMP_UNORD_Q)}; }
HEBB_INLINE Mask gt(IVec a, IVec b) { return {_mm512_cmpgt_epi32_mask(a.v, b.v)}; }
HEBB_INLINE Mask eq(IVec a, IVec b) { return {_mm512_cmpeq_epi32_mask(a.v, b.v)}; }
HEBB_INLINE Vec select(Mask mask, Vec a, Vec b) { return {_mm512_mask_blend_ps(mask.v, b.v, a.v)}; }
HEBB_INLINE IVec select(Mask mask, IVec a, IVec b) { return {_mm512_mask_blend_epi32(mask.v, b.v, a.v)}; }

HEBB_INLINE Vec to_float(IVec a) { return {_mm512_maskz_cvtepi32_ps(every_lane, a.v)}; }
HEBB_INLINE IVec to_int(Vec a) { return {_mm512_maskz_cvtps_epi32(every_lane, a.v)}; }
HEBB_INLINE IVec truncate(Vec a) { return {_mm512_maskz_cvttps_epi32(every_lane, a.v)}; }

HEBB_INLINE Vec permute(Vec a, IVec lanes) { return {_mm512_maskz_permutexvar_ps(every_lane, lanes.v, a.v)}; }
HEBB_INLINE Vec permute(Vec a, Vec b, IVec lanes) { return {_mm512_permutex2var_ps(a.v, lanes.v, b.v)}; }

HEBB_INLINE IVec load_bytes(const uint8_t* p) {
  return {_mm512_maskz_cvtepu8_epi32(every_lane, _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}
HEBB_INLINE void store_bytes(uint8_t* p, IVec a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_maskz_cvtepi32_epi8(every_lane, a.v));
}

HEBB_INLINE __m256 lower_half(Vec a) { return _mm512_castps512_ps256(a.v); }
HEBB_INLINE __m256 upper_half(Vec a) { return _mm512_maskz_extractf32x8_ps(0xFF, a.v, 1); }
HEBB_INLINE float reduce_add(Vec a) {
  const __m256 eight = _mm256_add_ps(lower_half(a), upper_half(a));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
HEBB_INLINE float reduce_max(Vec a) {
  const __m256 eight = _mm256_max_ps(lower_half(a), upper_half(a));
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

}  // namespace hebb::cpu::avx512
