// A square of Vec::width x Vec::width floats turned over in registers: log2(width) perfect shuffles of the rows.
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

}  // namespace hebb::cpu::HEBB_ISA
