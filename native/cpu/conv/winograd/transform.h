// The transforms of F(4, 3), which computes 4 outputs of a filter of 3 taps from 6 inputs by 6 multiplications, and of
// its transpose for the gradient of the filter: Toom and Cook's algorithm at the points 0, +-p, +-q and infinity.
// In two dimensions a transform is applied to columns, then to rows (Winograd, "Arithmetic Complexity of Computations",
// 1980; Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015).
#pragma once
#include "cpu/conv/winograd/tuning.h"

namespace hebb::cpu::HEBB_ISA::winograd {

constexpr int outputs = 4, taps = 3, points = 6;
constexpr int frequencies = points * points;

// Near 1 and with pq = 1 the transforms' coefficients are smallest: half the error of the usual 1 and 2, and a quarter
// of its maximum (Barabasz et al., "Error Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural
// Networks", 2020, choose points so; these were measured).
constexpr double p = 2.0 / 3, q = 3.0 / 2;
constexpr double p2 = p * p, q2 = q * q;

// B^T: the inputs' transform. Rows are the coefficients of the product over the other points of (x - point).
HEBB_INLINE void transform_input(const Vec (&d)[points], Vec (&t)[points]) {
  const Vec sum = splat(p2 + q2), product = splat(p2 * q2);
  const Vec even_p = fnma(splat(q2), d[2], d[4]), odd_p = splat(p) * fnma(splat(q2), d[1], d[3]);
  const Vec even_q = fnma(splat(p2), d[2], d[4]), odd_q = splat(q) * fnma(splat(p2), d[1], d[3]);
  t[0] = fma(product, d[0], fnma(sum, d[2], d[4]));
  t[1] = even_p + odd_p;
  t[2] = even_p - odd_p;
  t[3] = even_q + odd_q;
  t[4] = even_q - odd_q;
  t[5] = fma(product, d[1], fnma(sum, d[3], d[5]));
}

// G: the filter's values at the points, each over the product of the point's distances to the others.
HEBB_INLINE void transform_filter(const Vec (&g)[taps], Vec (&t)[points]) {
  constexpr double scale_p = 1 / (2 * p2 * (p2 - q2)), scale_q = 1 / (2 * q2 * (q2 - p2));
  const Vec even_p = splat(scale_p) * fma(splat(p2), g[2], g[0]), odd_p = splat(scale_p * p) * g[1];
  const Vec even_q = splat(scale_q) * fma(splat(q2), g[2], g[0]), odd_q = splat(scale_q * q) * g[1];
  t[0] = splat(1 / (p2 * q2)) * g[0];
  t[1] = even_p + odd_p;
  t[2] = even_p - odd_p;
  t[3] = even_q + odd_q;
  t[4] = even_q - odd_q;
  t[5] = g[2];
}

// A^T: the outputs from the products.
HEBB_INLINE void transform_output(const Vec (&m)[points], Vec (&y)[outputs]) {
  const Vec sum_p = m[1] + m[2], difference_p = m[1] - m[2];
  const Vec sum_q = m[3] + m[4], difference_q = m[3] - m[4];
  y[0] = m[0] + (sum_p + sum_q);
  y[1] = fma(splat(q), difference_q, splat(p) * difference_p);
  y[2] = fma(splat(q2), sum_q, splat(p2) * sum_p);
  y[3] = m[5] + fma(splat(q2 * q), difference_q, splat(p2 * p) * difference_p);
}

// A: the outputs' gradients, as A^T takes them back.
HEBB_INLINE void transform_gradient(const Vec (&y)[outputs], Vec (&t)[points]) {
  const Vec even_p = fma(splat(p2), y[2], y[0]), odd_p = splat(p) * fma(splat(p2), y[3], y[1]);
  const Vec even_q = fma(splat(q2), y[2], y[0]), odd_q = splat(q) * fma(splat(q2), y[3], y[1]);
  t[0] = y[0];
  t[1] = even_p + odd_p;
  t[2] = even_p - odd_p;
  t[3] = even_q + odd_q;
  t[4] = even_q - odd_q;
  t[5] = y[3];
}

// G^T: the filter's gradient from the products.
HEBB_INLINE void transform_filter_gradient(const Vec (&m)[points], Vec (&g)[taps]) {
  constexpr double scale_p = 1 / (2 * p2 * (p2 - q2)), scale_q = 1 / (2 * q2 * (q2 - p2));
  const Vec sum_p = m[1] + m[2], difference_p = m[1] - m[2];
  const Vec sum_q = m[3] + m[4], difference_q = m[3] - m[4];
  g[0] = fma(splat(1 / (p2 * q2)), m[0], fma(splat(scale_q), sum_q, splat(scale_p) * sum_p));
  g[1] = fma(splat(scale_q * q), difference_q, splat(scale_p * p) * difference_p);
  g[2] = m[5] + fma(splat(scale_q * q2), sum_q, splat(scale_p * p2) * sum_p);
}

}  // namespace hebb::cpu::HEBB_ISA::winograd
