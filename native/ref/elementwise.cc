// Elementwise functions in double, one element at a time.
#include "ops/elementwise.h"

#include <cmath>

namespace hebb::ref {
namespace {

template <class F>
void unary(In<float> x, Out<float> y, F f) {
  for (int64_t i = 0; i < x.size(); ++i) y.data[i] = static_cast<float>(f(static_cast<double>(x.data[i])));
}

template <class F>
void gradient(In<float> grad, In<float> saved, Out<float> dx, F derivative) {
  for (int64_t i = 0; i < saved.size(); ++i) {
    dx.data[i] = static_cast<float>(derivative(static_cast<double>(grad.data[i]), static_cast<double>(saved.data[i])));
  }
}

// Where the operand's element for element `index` of the broadcast shape y lies.
int64_t offset_of(int64_t index, const Shape& y, const Shape& operand) {
  int64_t offset = 0, stride = 1;
  for (int axis = y.rank - 1, own = operand.rank - 1; own >= 0; --axis, --own) {
    const int64_t coordinate = index % y.dims[axis];
    index /= y.dims[axis];
    if (operand.dims[own] != 1) offset += coordinate * stride;
    stride *= operand.dims[own];
  }
  return offset;
}

template <class F>
void binary(In<float> a, In<float> b, Out<float> y, F f) {
  for (int64_t i = 0; i < y.size(); ++i) {
    const double of_a = a.data[offset_of(i, y.shape, a.shape)], of_b = b.data[offset_of(i, y.shape, b.shape)];
    y.data[i] = static_cast<float>(f(of_a, of_b));
  }
}

template <class Wins>
void extremum_gradient(In<float> grad, In<float> a, In<float> b, Out<float> da, Wins wins) {
  for (int64_t i = 0; i < da.size(); ++i) {
    const float of_a = a.data[offset_of(i, da.shape, a.shape)], of_b = b.data[offset_of(i, da.shape, b.shape)];
    da.data[i] = wins(of_a, of_b) ? grad.data[i] : of_a == of_b ? grad.data[i] / 2 : 0;
  }
}

}  // namespace

void negate(In<float> x, Out<float> y) {
  unary(x, y, [](double v) { return -v; });
}
void absolute(In<float> x, Out<float> y) {
  unary(x, y, [](double v) { return std::fabs(v); });
}
void exponential(In<float> x, Out<float> y) {
  unary(x, y, [](double v) { return std::exp(v); });
}
void logarithm(In<float> x, Out<float> y) {
  unary(x, y, [](double v) { return std::log(v); });
}
void square_root(In<float> x, Out<float> y) {
  unary(x, y, [](double v) { return std::sqrt(v); });
}
void sine(In<float> x, Out<float> y) {
  unary(x, y, [](double v) { return std::sin(v); });
}
void cosine(In<float> x, Out<float> y) {
  unary(x, y, [](double v) { return std::cos(v); });
}
void relu(In<float> x, Out<float> y) {
  unary(x, y, [](double v) { return v < 0 ? 0 : v; });
}
void sigmoid(In<float> x, Out<float> y) {
  unary(x, y, [](double v) { return 1 / (1 + std::exp(-v)); });
}
void hyperbolic_tangent(In<float> x, Out<float> y) {
  unary(x, y, [](double v) { return std::tanh(v); });
}

void absolute_backward(In<float> grad, In<float> saved, Out<float> dx) {
  gradient(grad, saved, dx, [](double g, double x) { return x > 0 ? g : x < 0 ? -g : x; });
}
void square_root_backward(In<float> grad, In<float> saved, Out<float> dx) {
  gradient(grad, saved, dx, [](double g, double y) { return g / (2 * y); });
}
void relu_backward(In<float> grad, In<float> saved, Out<float> dx) {
  gradient(grad, saved, dx, [](double g, double y) { return y <= 0 ? 0 : g; });
}
void sigmoid_backward(In<float> grad, In<float> saved, Out<float> dx) {
  gradient(grad, saved, dx, [](double g, double y) { return g * y * (1 - y); });
}
void hyperbolic_tangent_backward(In<float> grad, In<float> saved, Out<float> dx) {
  gradient(grad, saved, dx, [](double g, double y) { return g * (1 - y * y); });
}

void leaky_relu(In<float> x, Out<float> y, double slope) {
  unary(x, y, [=](double v) { return v > 0 ? v : slope * v; });
}
void leaky_relu_backward(In<float> grad, In<float> x, Out<float> dx, double slope) {
  gradient(grad, x, dx, [=](double g, double v) { return v > 0 ? g : slope * g; });
}
void elu(In<float> x, Out<float> y, double alpha) {
  unary(x, y, [=](double v) { return v > 0 ? v : alpha * std::expm1(v); });
}
void elu_backward(In<float> grad, In<float> x, Out<float> dx, double alpha) {
  gradient(grad, x, dx, [=](double g, double v) { return v > 0 ? g : g * alpha * std::exp(v); });
}
void power_scalar(In<float> x, Out<float> y, double exponent) {
  unary(x, y, [=](double v) { return std::pow(v, exponent); });
}
void power_scalar_backward(In<float> grad, In<float> x, Out<float> dx, double exponent) {
  gradient(grad, x, dx,
           [=](double g, double v) { return exponent == 0 ? 0 : g * exponent * std::pow(v, exponent - 1); });
}
void affine(In<float> x, Out<float> y, double scale, double shift) {
  const float rounded_scale = static_cast<float>(scale), rounded_shift = static_cast<float>(shift);
  for (int64_t i = 0; i < x.size(); ++i) y.data[i] = std::fma(x.data[i], rounded_scale, rounded_shift);
}

void add(In<float> a, In<float> b, Out<float> y) {
  binary(a, b, y, [](double p, double q) { return p + q; });
}
void subtract(In<float> a, In<float> b, Out<float> y) {
  binary(a, b, y, [](double p, double q) { return p - q; });
}
void multiply(In<float> a, In<float> b, Out<float> y) {
  binary(a, b, y, [](double p, double q) { return p * q; });
}
void divide(In<float> a, In<float> b, Out<float> y) {
  binary(a, b, y, [](double p, double q) { return p / q; });
}
void power(In<float> a, In<float> b, Out<float> y) {
  binary(a, b, y, [](double p, double q) { return std::pow(p, q); });
}
void maximum(In<float> a, In<float> b, Out<float> y) {
  binary(a, b, y, [](double p, double q) { return std::isnan(p) || p > q ? p : q; });
}
void minimum(In<float> a, In<float> b, Out<float> y) {
  binary(a, b, y, [](double p, double q) { return std::isnan(p) || p < q ? p : q; });
}
void equal(In<float> a, In<float> b, Out<float> y) {
  binary(a, b, y, [](double p, double q) { return p == q ? 1 : 0; });
}
void greater(In<float> a, In<float> b, Out<float> y) {
  binary(a, b, y, [](double p, double q) { return p > q ? 1 : 0; });
}
void greater_equal(In<float> a, In<float> b, Out<float> y) {
  binary(a, b, y, [](double p, double q) { return p >= q ? 1 : 0; });
}

void maximum_backward(In<float> grad, In<float> a, In<float> b, Out<float> da) {
  extremum_gradient(grad, a, b, da, [](float p, float q) { return p > q; });
}
void minimum_backward(In<float> grad, In<float> a, In<float> b, Out<float> da) {
  extremum_gradient(grad, a, b, da, [](float p, float q) { return p < q; });
}

void accumulate(InOut<float> target, In<float> x) {
  for (int64_t i = 0; i < x.size(); ++i) target.data[i] += x.data[i];
}

}  // namespace hebb::ref
