// Elementary functions on Vec, within 2.5 units in the last place, right at zero, infinities, NaN and overflow.
// Subnormal results may be flushed to zero. The polynomials are minimax fits of their own (Remez, relative error below
// 2^-28), the reductions are those of Cody and Waite, "Software Manual for the Elementary Functions", 1980.
#pragma once
#include <math.h>

#include "cpu/simd/simd.h"

namespace hebb::cpu::HEBB_ISA {

// ln 2 in two parts: n * ln2_high is exact for |n| < 2^9.
constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
constexpr float log2_e = 1.44269504f;

// a * 2^n for -250 <= n <= 250, in two steps so that neither factor leaves the range of exponents.
HEBB_INLINE Vec scale_exponent(Vec a, IVec n) {
  const IVec bias = splat_int(127), offset = splat_int(256);
  const IVec half = shift_right<1>(n + offset) - splat_int(128);
  return a * as_float(shift_left<23>(half + bias)) * as_float(shift_left<23>(n - half + bias));
}

// exp(r) - 1 for |r| <= ln(2) / 2
HEBB_INLINE Vec exp_minus_one_reduced(Vec r) {
  Vec p = splat(0.00138145406f);
  p = fma(p, r, splat(0.00836874545f));
  p = fma(p, r, splat(0.041668389f));
  p = fma(p, r, splat(0.166665211f));
  p = fma(p, r, splat(0.49999994f));
  return fma(p, r * r, r);
}

HEBB_INLINE Vec exp(Vec x) {
  // Beyond these bounds the result is 0 or infinity; min and max with x second keep a NaN.
  x = max(splat(-104.0f), min(splat(89.0f), x));
  const Vec n = round_nearest(x * splat(log2_e));
  const Vec r = fnma(n, splat(ln2_low), fnma(n, splat(ln2_high), x));
  return scale_exponent(splat(1.0f) + exp_minus_one_reduced(r), to_int(n));
}

// exp(x) - 1 without cancellation near 0, for x up to 87; above that the result is that of 87.
HEBB_INLINE Vec exp_minus_one(Vec x) {
  x = max(splat(-26.0f), min(splat(87.0f), x));
  const Vec n = round_nearest(x * splat(log2_e));
  const Vec r = fnma(n, splat(ln2_low), fnma(n, splat(ln2_high), x));
  const Vec scale = as_float(shift_left<23>(to_int(n) + splat_int(127)));
  return fma(scale, exp_minus_one_reduced(r), scale - splat(1.0f));
}

HEBB_INLINE Vec log(Vec x) {
  constexpr float smallest_normal = 0x1p-126f;
  constexpr int32_t sqrt_half_bits = 0x3F3504F3, one_bits = 0x3F800000;
  const Mask subnormal = lt(x, splat(smallest_normal));
  const IVec bits = as_int(select(subnormal, x * splat(0x1p23f), x)) + splat_int(one_bits - sqrt_half_bits);
  const Vec mantissa = as_float((bits & splat_int(0x007FFFFF)) + splat_int(sqrt_half_bits));
  const Vec exponent = to_float(shift_right<23>(bits) - splat_int(127)) - select(subnormal, splat(23.0f), zero());

  // log(1 + f) = f - f^2/2 + s (f^2/2 + R(s^2)), s = f / (2 + f), from the series of the inverse hyperbolic tangent.
  const Vec f = mantissa - splat(1.0f);
  const Vec s = f / (splat(2.0f) + f);
  const Vec z = s * s;
  Vec p = splat(0.298730731f);
  p = fma(p, z, splat(0.399774969f));
  p = fma(p, z, splat(0.666667759f));
  const Vec half_square = splat(0.5f) * f * f;
  const Vec correction = fma(s, fma(p, z, half_square), exponent * splat(ln2_low));
  const Vec finite = fma(exponent, splat(ln2_high), f - (half_square - correction));

  const Vec infinity = splat(__builtin_inff());
  const Vec positive = select(lt(x, infinity), finite, x);  // infinity and NaN are their own logarithms
  return select(lt(x, zero()), splat(__builtin_nanf("")), select(eq(x, zero()), -infinity, positive));
}

// tanh|x| = -t / (t + 2), t = exp(-2|x|) - 1
HEBB_INLINE Vec tanh(Vec x) {
  const IVec sign = as_int(x) & splat_int(INT32_MIN);
  const Vec t = exp_minus_one(splat(-2.0f) * abs(x));
  return as_float(as_int(abs(t / (t + splat(2.0f)))) | sign);
}

HEBB_INLINE Vec sigmoid(Vec x) { return splat(1.0f) / (splat(1.0f) + exp(-x)); }

// The sine of x plus `quarters` right angles, for |x| <= largest_reduced.
constexpr float largest_reduced = 8192.0f;
HEBB_INLINE Vec sine_reduced(Vec x, int32_t quarters) {
  // pi / 2 in four parts, the first three of 11 bits: n times each is exact.
  const Vec n = round_nearest(x * splat(0.636619772f));
  Vec r = fnma(n, splat(0x1.92p+0f), x);
  r = fnma(n, splat(0x1.fb4p-12f), r);
  r = fnma(n, splat(0x1.444p-24f), r);
  r = fnma(n, splat(0x1.68c234p-39f), r);
  const IVec quadrant = to_int(n) + splat_int(quarters);

  const Vec z = r * r;
  Vec p = splat(-0.000195169778f);
  p = fma(p, z, splat(0.00833217613f));
  p = fma(p, z, splat(-0.166666552f));
  const Vec sine = fma(p, z * r, r);

  Vec q = splat(2.44380917e-05f);
  q = fma(q, z, splat(-0.00138873642f));
  q = fma(q, z, splat(0.0416666456f));
  const Vec cosine = fma(q, z * z, fnma(splat(0.5f), z, splat(1.0f)));

  const Mask odd = eq(quadrant & splat_int(1), splat_int(1));
  const IVec negative = shift_left<30>(quadrant & splat_int(2));
  return as_float(as_int(select(odd, cosine, sine)) ^ negative);
}

// Lanes too large for the reduction, and infinities and NaN, go one by one to the C library.
HEBB_INLINE Vec with_large_lanes(Vec x, Vec reduced, float (*exact)(float)) {
  const Mask small = le(abs(x), splat(largest_reduced));
  if (all(small)) return reduced;
  float values[Vec::width];
  store(values, x);
  for (float& value : values) value = exact(value);
  return select(small, reduced, load(values));
}

HEBB_INLINE Vec sin(Vec x) { return with_large_lanes(x, sine_reduced(x, 0), sinf); }
HEBB_INLINE Vec cos(Vec x) { return with_large_lanes(x, sine_reduced(x, 1), cosf); }

}  // namespace hebb::cpu::HEBB_ISA
