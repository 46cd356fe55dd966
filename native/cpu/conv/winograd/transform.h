// The transforms of F(4, 3) and F(2, 5), which compute 4 outputs of a filter of 3 taps, or 2 of one of 5, from 6 inputs
// by 6 multiplications, and of their transposes for the gradient of the filter: Toom and Cook's algorithm at the points
// 0, +-p, +-q and infinity. Those of F(4, 2), 5 inputs and multiplications, are the same without infinity.
// In two dimensions a transform is applied to columns, then to rows (Winograd, "Arithmetic Complexity of Computations",
// 1980; Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015).
#pragma once
#include "cpu/conv/winograd/tuning.h"

namespace hebb::cpu::HEBB_ISA::winograd {

constexpr int points = 6, finite_points = points - 1;

// Near 1 and with pq = 1 the transforms' coefficients are smallest: half the error of the usual 1 and 2, and a quarter
// of its maximum (Barabasz et al., "Error Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural
// Networks", 2020, choose points so; these were measured).
constexpr double p = 2.0 / 3, q = 3.0 / 2;
constexpr double p2 = p * p, q2 = q * q;
// One over the product of a point's distances to the others.
constexpr double scale_0 = 1 / (p2 * q2), scale_p = 1 / (2 * p2 * (p2 - q2)), scale_q = 1 / (2 * q2 * (q2 - p2));

// B^T: the inputs' transform. Rows are the coefficients of the product over the other points of (x - point). `count` is
// that of the points, with infinity or without.
template <int count>
HEBB_INLINE void transform_input(const Vec (&d)[count], Vec (&t)[count]) {
  const Vec sum = splat(p2 + q2), product = splat(p2 * q2);
  const Vec even_p = fnma(splat(q2), d[2], d[4]), odd_p = splat(p) * fnma(splat(q2), d[1], d[3]);
  const Vec even_q = fnma(splat(p2), d[2], d[4]), odd_q = splat(q) * fnma(splat(p2), d[1], d[3]);
  t[0] = fma(product, d[0], fnma(sum, d[2], d[4]));
  t[1] = even_p + odd_p;
  t[2] = even_p - odd_p;
  t[3] = even_q + odd_q;
  t[4] = even_q - odd_q;
  if constexpr (count == points) t[5] = fma(product, d[1], fnma(sum, d[3], d[5]));
}

// What is at 0, and even and odd at +-p and +-q.
template <int count>
HEBB_INLINE void put_points(Vec at_0, Vec even_p, Vec odd_p, Vec even_q, Vec odd_q, Vec (&t)[count]) {
  t[0] = at_0;
  t[1] = even_p + odd_p;
  t[2] = even_p - odd_p;
  t[3] = even_q + odd_q;
  t[4] = even_q - odd_q;
}

// G: the filter's values at the points, scaled.
HEBB_INLINE void transform_filter(const Vec (&g)[3], Vec (&t)[points]) {
  put_points(splat(scale_0) * g[0], splat(scale_p) * fma(splat(p2), g[2], g[0]), splat(scale_p * p) * g[1],
             splat(scale_q) * fma(splat(q2), g[2], g[0]), splat(scale_q * q) * g[1], t);
  t[5] = g[2];
}
HEBB_INLINE void transform_filter(const Vec (&g)[5], Vec (&t)[points]) {
  const Vec even_p = fma(splat(p2), fma(splat(p2), g[4], g[2]), g[0]), odd_p = fma(splat(p2), g[3], g[1]);
  const Vec even_q = fma(splat(q2), fma(splat(q2), g[4], g[2]), g[0]), odd_q = fma(splat(q2), g[3], g[1]);
  put_points(splat(scale_0) * g[0], splat(scale_p) * even_p, splat(scale_p * p) * odd_p, splat(scale_q) * even_q,
             splat(scale_q * q) * odd_q, t);
  t[5] = g[4];
}
HEBB_INLINE void transform_filter(const Vec (&g)[2], Vec (&t)[finite_points]) {
  put_points(splat(scale_0) * g[0], splat(scale_p) * g[0], splat(scale_p * p) * g[1], splat(scale_q) * g[0],
             splat(scale_q * q) * g[1], t);
}

// A: the outputs' gradients, as A^T takes them back.
template <int count>
HEBB_INLINE void transform_gradient(const Vec (&y)[4], Vec (&t)[count]) {
  put_points(y[0], fma(splat(p2), y[2], y[0]), splat(p) * fma(splat(p2), y[3], y[1]), fma(splat(q2), y[2], y[0]),
             splat(q) * fma(splat(q2), y[3], y[1]), t);
  if constexpr (count == points) t[5] = y[3];
}
HEBB_INLINE void transform_gradient(const Vec (&y)[2], Vec (&t)[points]) {
  put_points(y[0], y[0], splat(p) * y[1], y[0], splat(q) * y[1], t);
  t[5] = y[1];
}

// Sums and differences of products at +-p and +-q.
struct Pairs {
  Vec sum_p, difference_p, sum_q, difference_q;
  template <int count>
  HEBB_INLINE explicit Pairs(const Vec (&m)[count])
      : sum_p(m[1] + m[2]), difference_p(m[1] - m[2]), sum_q(m[3] + m[4]), difference_q(m[3] - m[4]) {}
};

// A^T: the outputs from the products.
template <int count>
HEBB_INLINE void transform_output(const Vec (&m)[count], Vec (&y)[4]) {
  const Pairs at(m);
  y[0] = m[0] + (at.sum_p + at.sum_q);
  y[1] = fma(splat(q), at.difference_q, splat(p) * at.difference_p);
  y[2] = fma(splat(q2), at.sum_q, splat(p2) * at.sum_p);
  y[3] = fma(splat(q2 * q), at.difference_q, splat(p2 * p) * at.difference_p);
  if constexpr (count == points) y[3] = m[5] + y[3];
}
HEBB_INLINE void transform_output(const Vec (&m)[points], Vec (&y)[2]) {
  const Pairs at(m);
  y[0] = m[0] + (at.sum_p + at.sum_q);
  y[1] = m[5] + fma(splat(q), at.difference_q, splat(p) * at.difference_p);
}

// G^T: the filter's gradient from the products.
HEBB_INLINE void transform_filter_gradient(const Vec (&m)[points], Vec (&g)[3]) {
  const Pairs at(m);
  g[0] = fma(splat(scale_0), m[0], fma(splat(scale_q), at.sum_q, splat(scale_p) * at.sum_p));
  g[1] = fma(splat(scale_q * q), at.difference_q, splat(scale_p * p) * at.difference_p);
  g[2] = m[5] + fma(splat(scale_q * q2), at.sum_q, splat(scale_p * p2) * at.sum_p);
}
HEBB_INLINE void transform_filter_gradient(const Vec (&m)[finite_points], Vec (&g)[2]) {
  const Pairs at(m);
  g[0] = fma(splat(scale_0), m[0], fma(splat(scale_q), at.sum_q, splat(scale_p) * at.sum_p));
  g[1] = fma(splat(scale_q * q), at.difference_q, splat(scale_p * p) * at.difference_p);
}
HEBB_INLINE void transform_filter_gradient(const Vec (&m)[points], Vec (&g)[5]) {
  const Pairs at(m);
  g[0] = fma(splat(scale_0), m[0], fma(splat(scale_q), at.sum_q, splat(scale_p) * at.sum_p));
  g[1] = fma(splat(scale_q * q), at.difference_q, splat(scale_p * p) * at.difference_p);
  g[2] = fma(splat(scale_q * q2), at.sum_q, splat(scale_p * p2) * at.sum_p);
  g[3] = fma(splat(scale_q * q2 * q), at.difference_q, splat(scale_p * p2 * p) * at.difference_p);
  g[4] = m[5] + fma(splat(scale_q * q2 * q2), at.sum_q, splat(scale_p * p2 * p2) * at.sum_p);
}

}  // namespace hebb::cpu::HEBB_ISA::winograd
