// One small vocabulary of vector operations, the same for every instruction set, for files compiled once per set.
//
// Each header below defines in its namespace (hebb::cpu::avx512 and so on), all always inlined:
//   Vec (float lanes), IVec (int32 lanes), Mask (one truth value a lane); Vec::width lanes each.
//   load, store             unaligned; also for int32_t* with IVec
//   load_partial(p, n), store_partial(p, v, n)
//                           of the first n lanes only (0 <= n <= width); the other lanes load as 0
//   store_around_cache      straight to memory, p aligned to a vector; finish_stores() comes before others may read
//   splat(float), splat_int(int32_t), zero(), iota() = 0, 1, 2 ..., first_lanes(n)
//   in_register(a)          a; the compiler will not load it again for each use, as it likes to where loads are
//   operands
//   + - * / and unary -     on Vec; + - & | ^ on IVec; & | ~ on Mask
//   fma(a, b, c) = a * b + c, fnma(a, b, c) = c - a * b: rounded once, except in scalar (twice)
//   max(a, b), min(a, b)    a > b ? a : b and a < b ? a : b, so b where either is NaN
//   abs, sqrt, approximate_inverse_sqrt (off by 2^-11 at most, of normal numbers)
//   round_nearest           ties to even; a zero result may have either sign
//   lt, gt, le, ge, eq      on Vec, false with NaN; gt, eq on IVec; is_nan
//   select(mask, a, b)      a where true, b elsewhere
//   any(mask), all(mask)
//   lanes_from<k>(a, b)     the lanes k ... k + width - 1 of a and b side by side, 0 < k < width
//   permute(a, lanes), permute(a, b, lanes)
//                           lane i is lane lanes[i] of a, or of a and b side by side; 0 <= lanes[i] < width, 2 width
//   as_int(Vec), as_float(IVec)      the same bits
//   to_float(IVec), to_int(Vec), truncate(Vec)
//                           to_int rounds to nearest, truncate to zero; both unspecified out of range
//   shift_left<k>, shift_right<k>    of unsigned lanes
//   mul_low, mul_high_unsigned       the halves of the 64-bit product
//   load_bytes(const uint8_t*), store_bytes
//                           widens to IVec; keeps each lane's low byte
//   reduce_add, reduce_max  over all lanes, in a fixed order (max: unspecified with NaN)
#pragma once
#include <cstdint>

#include "core/inline.h"

#ifndef HEBB_ISA
#error "compile with -DHEBB_ISA=scalar, avx2, avx512 or neon"
#endif

#define HEBB_SIMD_QUOTE(path) #path
#define HEBB_SIMD_HEADER(isa) HEBB_SIMD_QUOTE(isa.h)
#include HEBB_SIMD_HEADER(HEBB_ISA)
#undef HEBB_SIMD_HEADER
#undef HEBB_SIMD_QUOTE

namespace hebb::cpu::HEBB_ISA {

// As max and min, but NaN where either is NaN.
HEBB_INLINE Vec max_nan(Vec a, Vec b) { return select(is_nan(a), a, max(a, b)); }
HEBB_INLINE Vec min_nan(Vec a, Vec b) { return select(is_nan(a), a, min(a, b)); }

HEBB_INLINE IVec load_bytes_partial(const uint8_t* p, int n) {
  uint8_t bytes[Vec::width] = {};
  for (int lane = 0; lane < n; ++lane) bytes[lane] = p[lane];
  return load_bytes(bytes);
}
HEBB_INLINE void store_bytes_partial(uint8_t* p, IVec a, int n) {
  uint8_t bytes[Vec::width];
  store_bytes(bytes, a);
  for (int lane = 0; lane < n; ++lane) p[lane] = bytes[lane];
}

}  // namespace hebb::cpu::HEBB_ISA
