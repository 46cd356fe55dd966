// Unary functions, and their gradients: f takes the gradient of y and what the forward saved.
#include "cpu/kernels/map.h"
#include "cpu/simd/math.h"
#include "ops/elementwise.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

template <class F>
HEBB_INLINE void light(In<float> x, Out<float> y, F f) {
  map(x.data, y.data, x.size(), light_grain, f);
}
template <class F>
HEBB_INLINE void heavy(In<float> x, Out<float> y, F f) {
  map(x.data, y.data, x.size(), heavy_grain, f);
}
template <class F>
HEBB_INLINE void gradient(In<float> grad, In<float> saved, Out<float> dx, F f) {
  map(grad.data, saved.data, dx.data, saved.size(), light_grain, f);
}

}  // namespace

void negate(In<float> x, Out<float> y) {
  light(x, y, [](Vec v) { return -v; });
}
void absolute(In<float> x, Out<float> y) {
  light(x, y, [](Vec v) { return abs(v); });
}
void exponential(In<float> x, Out<float> y) {
  heavy(x, y, [](Vec v) { return exp(v); });
}
void logarithm(In<float> x, Out<float> y) {
  heavy(x, y, [](Vec v) { return log(v); });
}
void square_root(In<float> x, Out<float> y) {
  light(x, y, [](Vec v) { return sqrt(v); });
}
void sine(In<float> x, Out<float> y) {
  heavy(x, y, [](Vec v) { return sin(v); });
}
void cosine(In<float> x, Out<float> y) {
  heavy(x, y, [](Vec v) { return cos(v); });
}
void relu(In<float> x, Out<float> y) {
  light(x, y, [](Vec v) { return max(zero(), v); });  // a NaN, second, stays
}
void sigmoid(In<float> x, Out<float> y) {
  heavy(x, y, [](Vec v) { return sigmoid(v); });
}
void hyperbolic_tangent(In<float> x, Out<float> y) {
  heavy(x, y, [](Vec v) { return tanh(v); });
}

void absolute_backward(In<float> grad, In<float> saved, Out<float> dx) {
  // Neither above nor below 0: x itself is the 0, or the NaN.
  gradient(grad, saved, dx, [](Vec g, Vec x) { return select(gt(x, zero()), g, select(lt(x, zero()), -g, x)); });
}
void square_root_backward(In<float> grad, In<float> saved, Out<float> dx) {
  gradient(grad, saved, dx, [](Vec g, Vec y) { return g / (y + y); });
}
void relu_backward(In<float> grad, In<float> saved, Out<float> dx) {
  gradient(grad, saved, dx, [](Vec g, Vec y) { return select(le(y, zero()), zero(), g); });
}
void sigmoid_backward(In<float> grad, In<float> saved, Out<float> dx) {
  gradient(grad, saved, dx, [](Vec g, Vec y) { return g * y * (splat(1.0f) - y); });
}
void hyperbolic_tangent_backward(In<float> grad, In<float> saved, Out<float> dx) {
  gradient(grad, saved, dx, [](Vec g, Vec y) { return g * fnma(y, y, splat(1.0f)); });
}

void leaky_relu(In<float> x, Out<float> y, double slope) {
  const Vec below = splat(static_cast<float>(slope));
  light(x, y, [=](Vec v) { return select(gt(v, zero()), v, below * v); });
}
void leaky_relu_backward(In<float> grad, In<float> x, Out<float> dx, double slope) {
  const Vec below = splat(static_cast<float>(slope));
  gradient(grad, x, dx, [=](Vec g, Vec v) { return select(gt(v, zero()), g, below * g); });
}
void elu(In<float> x, Out<float> y, double alpha) {
  const Vec below = splat(static_cast<float>(alpha));
  heavy(x, y, [=](Vec v) { return select(gt(v, zero()), v, below * exp_minus_one(v)); });
}
void elu_backward(In<float> grad, In<float> x, Out<float> dx, double alpha) {
  const Vec below = splat(static_cast<float>(alpha));
  map(grad.data, x.data, dx.data, x.size(), heavy_grain,
      [=](Vec g, Vec v) { return select(gt(v, zero()), g, g * (below * exp(v))); });
}
void affine(In<float> x, Out<float> y, double scale, double shift) {
  const Vec slope = splat(static_cast<float>(scale)), offset = splat(static_cast<float>(shift));
  light(x, y, [=](Vec v) { return fma(v, slope, offset); });
}

void accumulate(InOut<float> target, In<float> x) {
  map(target.data, x.data, target.data, x.size(), light_grain, [](Vec t, Vec v) { return t + v; });
}

}  // namespace hebb::cpu::HEBB_ISA
