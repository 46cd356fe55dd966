// Binary functions with broadcasting.
#include <math.h>

#include "cpu/kernels/binary.h"
#include "ops/elementwise.h"
#include "ops/reduction.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

template <class F>
HEBB_INLINE void binary(In<float> a, In<float> b, Out<float> y, F f) {
  if (a.shape == y.shape && b.shape == y.shape) return map(a.data, b.data, y.data, y.size(), light_grain, f);
  binary_at(a, b, y, light_grain, [=](Vec p, Vec q, int64_t, int = 0) { return f(p, q); });
}

HEBB_INLINE Vec one_where(Mask holds) { return select(holds, splat(1.0f), zero()); }

// grad where a wins, half of it where a and b are equal, else 0
template <class Wins>
HEBB_INLINE void extremum_gradient(In<float> grad, In<float> a, In<float> b, Out<float> da, Wins wins) {
  struct Gradient {
    const float* grad;
    Wins wins;
    HEBB_INLINE Vec share(Vec g, Vec p, Vec q) const {
      return select(wins(p, q), g, select(eq(p, q), splat(0.5f) * g, zero()));
    }
    HEBB_INLINE Vec operator()(Vec p, Vec q, int64_t at) const { return share(load(grad + at), p, q); }
    HEBB_INLINE Vec operator()(Vec p, Vec q, int64_t at, int n) const {
      return share(load_partial(grad + at, n), p, q);
    }
  };
  binary_at(a, b, da, light_grain, Gradient{grad.data, wins});
}

}  // namespace

void add(In<float> a, In<float> b, Out<float> y) {
  binary(a, b, y, [](Vec p, Vec q) { return p + q; });
}
void subtract(In<float> a, In<float> b, Out<float> y) {
  binary(a, b, y, [](Vec p, Vec q) { return p - q; });
}
void multiply(In<float> a, In<float> b, Out<float> y) {
  binary(a, b, y, [](Vec p, Vec q) { return p * q; });
}
void divide(In<float> a, In<float> b, Out<float> y) {
  binary(a, b, y, [](Vec p, Vec q) { return p / q; });
}
void power(In<float> a, In<float> b, Out<float> y) {
  binary_at(a, b, y, heavy_grain, [](Vec p, Vec q, int64_t, int = 0) { return each_lane(p, q, powf); });
}
void maximum(In<float> a, In<float> b, Out<float> y) {
  binary(a, b, y, [](Vec p, Vec q) { return max_nan(p, q); });
}
void minimum(In<float> a, In<float> b, Out<float> y) {
  binary(a, b, y, [](Vec p, Vec q) { return min_nan(p, q); });
}
void equal(In<float> a, In<float> b, Out<float> y) {
  binary(a, b, y, [](Vec p, Vec q) { return one_where(eq(p, q)); });
}
void greater(In<float> a, In<float> b, Out<float> y) {
  binary(a, b, y, [](Vec p, Vec q) { return one_where(gt(p, q)); });
}
void greater_equal(In<float> a, In<float> b, Out<float> y) {
  binary(a, b, y, [](Vec p, Vec q) { return one_where(ge(p, q)); });
}

void maximum_backward(In<float> grad, In<float> a, In<float> b, Out<float> da) {
  extremum_gradient(grad, a, b, da, [](Vec p, Vec q) { return gt(p, q); });
}
void minimum_backward(In<float> grad, In<float> a, In<float> b, Out<float> da) {
  extremum_gradient(grad, a, b, da, [](Vec p, Vec q) { return lt(p, q); });
}

void broadcast(In<float> x, Out<float> y, double scale) {
  const float factor = static_cast<float>(scale);
  const In<float> scales{&factor, Shape{}};
  binary(x, scales, y, [](Vec p, Vec q) { return p * q; });
}

}  // namespace hebb::cpu::HEBB_ISA
