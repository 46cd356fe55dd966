// A square of Vec::width x Vec::width floats turned over in registers.
#pragma once
#include "cpu/simd/simd.h"

namespace hebb::cpu::HEBB_ISA {

// low: a0 b0 a1 b1 ... of the lower halves; high: of the upper halves.
#if defined(__AVX512F__)
HEBB_INLINE void interleave(Vec a, Vec b, Vec& low, Vec& high) {
  const __m512i lower = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const __m512i upper = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  low.v = _mm512_permutex2var_ps(a.v, lower, b.v);
  high.v = _mm512_permutex2var_ps(a.v, upper, b.v);
}
#elif defined(__AVX2__)
HEBB_INLINE void interleave(Vec a, Vec b, Vec& low, Vec& high) {
  const __m256 even = _mm256_unpacklo_ps(a.v, b.v), odd = _mm256_unpackhi_ps(a.v, b.v);
  low.v = _mm256_permute2f128_ps(even, odd, 0x20);
  high.v = _mm256_permute2f128_ps(even, odd, 0x31);
}
#else
HEBB_INLINE void interleave(Vec a, Vec b, Vec& low, Vec& high) {
  low.v = __builtin_shufflevector(a.v, b.v, 0, 4, 1, 5);
  high.v = __builtin_shufflevector(a.v, b.v, 2, 6, 3, 7);
}
#endif

#if defined(__AVX512F__) || defined(__AVX2__)

// Within 128 bits a shuffle costs half of one across, or less, so four rows at a time are turned over there first: of
// quarter q of columns, rows 4 r ... 4 r + 3 then are quarter q of four vectors, one a column. Then the quarters are.
#if defined(__AVX512F__)
using Register = __m512;
HEBB_INLINE Register low_floats(Register a, Register b) { return _mm512_maskz_unpacklo_ps(every_lane, a, b); }
HEBB_INLINE Register high_floats(Register a, Register b) { return _mm512_maskz_unpackhi_ps(every_lane, a, b); }
HEBB_INLINE Register low_pairs(Register a, Register b) {
  return _mm512_castpd_ps(_mm512_maskz_unpacklo_pd(0xFF, _mm512_castps_pd(a), _mm512_castps_pd(b)));
}
HEBB_INLINE Register high_pairs(Register a, Register b) {
  return _mm512_castpd_ps(_mm512_maskz_unpackhi_pd(0xFF, _mm512_castps_pd(a), _mm512_castps_pd(b)));
}
// Quarters 0 and 2 of both, and 1 and 3.
HEBB_INLINE Register even_quarters(Register a, Register b) {
  return _mm512_maskz_shuffle_f32x4(every_lane, a, b, 0x88);
}
HEBB_INLINE Register odd_quarters(Register a, Register b) { return _mm512_maskz_shuffle_f32x4(every_lane, a, b, 0xDD); }
#else
using Register = __m256;
HEBB_INLINE Register low_floats(Register a, Register b) { return _mm256_unpacklo_ps(a, b); }
HEBB_INLINE Register high_floats(Register a, Register b) { return _mm256_unpackhi_ps(a, b); }
HEBB_INLINE Register low_pairs(Register a, Register b) {
  return _mm256_castpd_ps(_mm256_unpacklo_pd(_mm256_castps_pd(a), _mm256_castps_pd(b)));
}
HEBB_INLINE Register high_pairs(Register a, Register b) {
  return _mm256_castpd_ps(_mm256_unpackhi_pd(_mm256_castps_pd(a), _mm256_castps_pd(b)));
}
// The halves, here.
HEBB_INLINE Register even_quarters(Register a, Register b) { return _mm256_permute2f128_ps(a, b, 0x20); }
HEBB_INLINE Register odd_quarters(Register a, Register b) { return _mm256_permute2f128_ps(a, b, 0x31); }
#endif

HEBB_INLINE void transpose(Vec (&rows)[Vec::width]) {
  constexpr int quads = Vec::width / 4;
  Register columns[quads][4];
#pragma GCC unroll 4
  for (int quad = 0; quad < quads; ++quad) {
    const Vec* const r = rows + 4 * quad;
    const Register low = low_floats(r[0].v, r[1].v), high = high_floats(r[0].v, r[1].v);
    const Register next_low = low_floats(r[2].v, r[3].v), next_high = high_floats(r[2].v, r[3].v);
    columns[quad][0] = low_pairs(low, next_low), columns[quad][1] = high_pairs(low, next_low);
    columns[quad][2] = low_pairs(high, next_high), columns[quad][3] = high_pairs(high, next_high);
  }
#pragma GCC unroll 4
  for (int column = 0; column < 4; ++column) {
    Register even = even_quarters(columns[0][column], columns[1][column]);
    Register odd = odd_quarters(columns[0][column], columns[1][column]);
    if constexpr (quads == 2) {
      rows[column].v = even, rows[column + 4].v = odd;
    } else {
      const Register next_even = even_quarters(columns[quads - 2][column], columns[quads - 1][column]);
      const Register next_odd = odd_quarters(columns[quads - 2][column], columns[quads - 1][column]);
      rows[column].v = even_quarters(even, next_even), rows[column + 4 * (quads - 2)].v = odd_quarters(even, next_even);
      rows[column + 4].v = even_quarters(odd, next_odd), rows[column + 4 * (quads - 1)].v = odd_quarters(odd, next_odd);
    }
  }
}

#else

// log2(width) perfect shuffles of the rows.
HEBB_INLINE void transpose(Vec (&rows)[Vec::width]) {
  constexpr int half = Vec::width / 2;
#pragma GCC unroll 4
  for (int stage = 1; stage < Vec::width; stage *= 2) {
    Vec shuffled[Vec::width];
#pragma GCC unroll 8
    for (int row = 0; row < half; ++row)
      interleave(rows[row], rows[row + half], shuffled[2 * row], shuffled[2 * row + 1]);
#pragma GCC unroll 16
    for (int row = 0; row < Vec::width; ++row) rows[row] = shuffled[row];
  }
}

#endif

}  // namespace hebb::cpu::HEBB_ISA
