// AVX2 with FMA: 8 lanes. See simd.h.
#pragma once
#include <immintrin.h>

#include <cstdint>

#include "core/inline.h"

namespace hebb::cpu::avx2 {

struct Vec {
  __m256 v;
  static constexpr int width = 8;
};
struct IVec {
  __m256i v;
};
struct Mask {
  __m256 v;  // all bits of a lane set, or none
};

HEBB_INLINE Vec in_register(Vec a) {
  asm("" : "+x"(a.v));
  return a;
}
HEBB_INLINE Vec zero() { return {_mm256_setzero_ps()}; }
HEBB_INLINE Vec splat(float a) { return {_mm256_set1_ps(a)}; }
HEBB_INLINE IVec splat_int(int32_t a) { return {_mm256_set1_epi32(a)}; }
HEBB_INLINE IVec iota() { return {_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)}; }

HEBB_INLINE IVec as_int(Vec a) { return {_mm256_castps_si256(a.v)}; }
HEBB_INLINE Vec as_float(IVec a) { return {_mm256_castsi256_ps(a.v)}; }

HEBB_INLINE __m256i first_bits(int n) { return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), iota().v); }
HEBB_INLINE Mask first_lanes(int n) { return {_mm256_castsi256_ps(first_bits(n))}; }

HEBB_INLINE Vec load(const float* p) { return {_mm256_loadu_ps(p)}; }
HEBB_INLINE void store_around_cache(float* p, Vec a) { _mm256_stream_ps(p, a.v); }
HEBB_INLINE void finish_stores() { _mm_sfence(); }
HEBB_INLINE void store(float* p, Vec a) { _mm256_storeu_ps(p, a.v); }
HEBB_INLINE Vec load_partial(const float* p, int n) { return {_mm256_maskload_ps(p, first_bits(n))}; }
// By halves: a masked store is dozens of operations on AMD's processors before Zen 4 (Fog, "Instruction tables").
HEBB_INLINE void store_partial(float* p, Vec a, int n) {
  if (n >= 8) return store(p, a);
  __m128 rest = _mm256_castps256_ps128(a.v);
  if (n & 4) {
    _mm_storeu_ps(p, rest);
    rest = _mm256_extractf128_ps(a.v, 1);
    p += 4;
  }
  if (n & 2) {
    _mm_storel_pi(reinterpret_cast<__m64*>(p), rest);
    rest = _mm_movehl_ps(rest, rest);
    p += 2;
  }
  if (n & 1) _mm_store_ss(p, rest);
}
HEBB_INLINE IVec load(const int32_t* p) { return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))}; }
HEBB_INLINE void store(int32_t* p, IVec a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a.v); }
HEBB_INLINE IVec load_partial(const int32_t* p, int n) { return {_mm256_maskload_epi32(p, first_bits(n))}; }
HEBB_INLINE void store_partial(int32_t* p, IVec a, int n) { _mm256_maskstore_epi32(p, first_bits(n), a.v); }

HEBB_INLINE IVec operator+(IVec a, IVec b) { return {_mm256_add_epi32(a.v, b.v)}; }
HEBB_INLINE IVec operator-(IVec a, IVec b) { return {_mm256_sub_epi32(a.v, b.v)}; }
HEBB_INLINE IVec operator&(IVec a, IVec b) { return {_mm256_and_si256(a.v, b.v)}; }
HEBB_INLINE IVec operator|(IVec a, IVec b) { return {_mm256_or_si256(a.v, b.v)}; }
HEBB_INLINE IVec operator^(IVec a, IVec b) { return {_mm256_xor_si256(a.v, b.v)}; }
template <int count>
HEBB_INLINE IVec shift_left(IVec a) {
  return {_mm256_slli_epi32(a.v, count)};
}
template <int count>
HEBB_INLINE IVec shift_right(IVec a) {
  return {_mm256_srli_epi32(a.v, count)};
}
HEBB_INLINE IVec mul_low(IVec a, IVec b) { return {_mm256_mullo_epi32(a.v, b.v)}; }
HEBB_INLINE IVec mul_high_unsigned(IVec a, IVec b) {
  constexpr int odd_lanes = 0xAA;
  const __m256i even = _mm256_mul_epu32(a.v, b.v);
  const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(a.v, 32), _mm256_srli_epi64(b.v, 32));
  return {_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, odd_lanes)};
}

HEBB_INLINE Vec operator+(Vec a, Vec b) { return {_mm256_add_ps(a.v, b.v)}; }
HEBB_INLINE Vec operator-(Vec a, Vec b) { return {_mm256_sub_ps(a.v, b.v)}; }
HEBB_INLINE Vec operator*(Vec a, Vec b) { return {_mm256_mul_ps(a.v, b.v)}; }
HEBB_INLINE Vec operator/(Vec a, Vec b) { return {_mm256_div_ps(a.v, b.v)}; }
HEBB_INLINE Vec operator-(Vec a) { return as_float(as_int(a) ^ splat_int(INT32_MIN)); }
HEBB_INLINE Vec abs(Vec a) { return as_float(as_int(a) & splat_int(INT32_MAX)); }
HEBB_INLINE Vec fma(Vec a, Vec b, Vec c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
HEBB_INLINE Vec fnma(Vec a, Vec b, Vec c) { return {_mm256_fnmadd_ps(a.v, b.v, c.v)}; }
HEBB_INLINE Vec max(Vec a, Vec b) { return {_mm256_max_ps(a.v, b.v)}; }
HEBB_INLINE Vec min(Vec a, Vec b) { return {_mm256_min_ps(a.v, b.v)}; }
HEBB_INLINE Vec approximate_inverse_sqrt(Vec a) { return {_mm256_rsqrt_ps(a.v)}; }
template <int k>
HEBB_INLINE Vec lanes_from(Vec a, Vec b) {
  constexpr int half = 4, bytes = 4;
  const __m256i first = _mm256_castps_si256(a.v), last = _mm256_castps_si256(b.v);
  const __m256i middle = _mm256_permute2x128_si256(first, last, 0x21);
  if constexpr (k < half)
    return {_mm256_castsi256_ps(_mm256_alignr_epi8(middle, first, k * bytes))};
  else
    return {_mm256_castsi256_ps(_mm256_alignr_epi8(last, middle, (k - half) * bytes))};
}
HEBB_INLINE Vec sqrt(Vec a) { return {_mm256_sqrt_ps(a.v)}; }
HEBB_INLINE Vec round_nearest(Vec a) { return {_mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }

HEBB_INLINE Mask operator&(Mask a, Mask b) { return {_mm256_and_ps(a.v, b.v)}; }
HEBB_INLINE Mask operator|(Mask a, Mask b) { return {_mm256_or_ps(a.v, b.v)}; }
HEBB_INLINE Mask operator~(Mask a) { return {_mm256_xor_ps(a.v, _mm256_castsi256_ps(_mm256_set1_epi32(-1)))}; }
HEBB_INLINE bool any(Mask a) { return _mm256_movemask_ps(a.v) != 0; }
HEBB_INLINE bool all(Mask a) { return _mm256_movemask_ps(a.v) == 0xFF; }
HEBB_INLINE Mask lt(Vec a, Vec b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ)}; }
HEBB_INLINE Mask gt(Vec a, Vec b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_GT_OQ)}; }
HEBB_INLINE Mask le(Vec a, Vec b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_LE_OQ)}; }
HEBB_INLINE Mask ge(Vec a, Vec b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_GE_OQ)}; }
HEBB_INLINE Mask eq(Vec a, Vec b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_EQ_OQ)}; }
HEBB_INLINE Mask is_nan(Vec a) { return {_mm256_cmp_ps(a.v, a.v, _CMP_UNORD_Q)}; }
HEBB_INLINE Mask gt(IVec a, IVec b) { return {_mm256_castsi256_ps(_mm256_cmpgt_epi32(a.v, b.v))}; }
HEBB_INLINE Mask eq(IVec a, IVec b) { return {_mm256_castsi256_ps(_mm256_cmpeq_epi32(a.v, b.v))}; }
HEBB_INLINE Vec select(Mask mask, Vec a, Vec b) { return {_mm256_blendv_ps(b.v, a.v, mask.v)}; }
HEBB_INLINE IVec select(Mask mask, IVec a, IVec b) { return as_int(select(mask, as_float(a), as_float(b))); }

HEBB_INLINE Vec to_float(IVec a) { return {_mm256_cvtepi32_ps(a.v)}; }
HEBB_INLINE IVec to_int(Vec a) { return {_mm256_cvtps_epi32(a.v)}; }
HEBB_INLINE IVec truncate(Vec a) { return {_mm256_cvttps_epi32(a.v)}; }

HEBB_INLINE Vec permute(Vec a, IVec lanes) { return {_mm256_permutevar8x32_ps(a.v, lanes.v)}; }
HEBB_INLINE Vec permute(Vec a, Vec b, IVec lanes) {
  const __m256i of_b = _mm256_slli_epi32(lanes.v, 28);  // bit 3 to the sign
  return {_mm256_blendv_ps(permute(a, lanes).v, permute(b, lanes).v, _mm256_castsi256_ps(of_b))};
}

HEBB_INLINE IVec load_bytes(const uint8_t* p) {
  return {_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)))};
}
HEBB_INLINE void store_bytes(uint8_t* p, IVec a) {
  // The low byte of each lane to the front of its 128-bit half, then both halves' four bytes side by side.
  const __m256i low_bytes = _mm256_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,  //
                                             0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  const __m256i packed = _mm256_shuffle_epi8(a.v, low_bytes);
  const __m128i bytes = _mm_unpacklo_epi32(_mm256_castsi256_si128(packed), _mm256_extracti128_si256(packed, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), bytes);
}

HEBB_INLINE float reduce_add(Vec a) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
HEBB_INLINE float reduce_max(Vec a) {
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

}  // namespace hebb::cpu::avx2
