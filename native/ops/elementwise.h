// Elementwise unary functions and their gradients, binary functions with broadcasting.
#pragma once
#include "ops/op.h"

namespace hebb::ops {

void check_same(const char* argument, const Shape& shape, const char* other, const Shape& expected);
// y's shape is that of a and b broadcast against each other, aligned at the last axis.
void check_broadcast(const Shape& a, const Shape& b, const Shape& y);

struct UnaryCheck {
  static constexpr Names names{"x", "y"};
  static void check(In<float> x, Out<float> y);
};

// The gradient with respect to x: grad times the derivative. `saved` is the forward's input or output, as each op says.
struct UnaryGradientCheck {
  static constexpr Names names{"grad", "saved", "dx"};
  static void check(In<float> grad, In<float> saved, Out<float> dx);
};

struct negate : UnaryCheck {};
struct absolute : UnaryCheck {};
struct exponential : UnaryCheck {};
struct logarithm : UnaryCheck {};
struct square_root : UnaryCheck {};
struct sine : UnaryCheck {};
struct cosine : UnaryCheck {};
struct relu : UnaryCheck {};
struct sigmoid : UnaryCheck {};
struct hyperbolic_tangent : UnaryCheck {};

struct absolute_backward : UnaryGradientCheck {};            // saved = x; the derivative at 0 is 0
struct square_root_backward : UnaryGradientCheck {};         // saved = y
struct relu_backward : UnaryGradientCheck {};                // saved = y; the derivative at 0 is 0
struct sigmoid_backward : UnaryGradientCheck {};             // saved = y
struct hyperbolic_tangent_backward : UnaryGradientCheck {};  // saved = y

// y = x > 0 ? x : slope * x
struct leaky_relu {
  static constexpr Names names{"x", "y", "slope"};
  static void check(In<float> x, Out<float> y, double slope);
};
struct leaky_relu_backward {
  static constexpr Names names{"grad", "x", "dx", "slope"};
  static void check(In<float> grad, In<float> x, Out<float> dx, double slope);
};
// y = x > 0 ? x : alpha * (exp(x) - 1)
struct elu {
  static constexpr Names names{"x", "y", "alpha"};
  static void check(In<float> x, Out<float> y, double alpha);
};
struct elu_backward {
  static constexpr Names names{"grad", "x", "dx", "alpha"};
  static void check(In<float> grad, In<float> x, Out<float> dx, double alpha);
};
// y = x ^ exponent (the C library's powf: NaN for a negative base and a fractional exponent)
struct power_scalar {
  static constexpr Names names{"x", "y", "exponent"};
  static void check(In<float> x, Out<float> y, double exponent);
};
// dx = grad * exponent * x ^ (exponent - 1); 0 where exponent is 0
struct power_scalar_backward {
  static constexpr Names names{"grad", "x", "dx", "exponent"};
  static void check(In<float> grad, In<float> x, Out<float> dx, double exponent);
};
// y = fma(x, scale, shift), with scale and shift rounded to float (product and sum rounded each where there is no fma)
struct affine {
  static constexpr Names names{"x", "y", "scale", "shift"};
  static void check(In<float> x, Out<float> y, double scale, double shift);
};

struct BinaryCheck {
  static constexpr Names names{"a", "b", "y"};
  static void check(In<float> a, In<float> b, Out<float> y);
};
struct add : BinaryCheck {};
struct subtract : BinaryCheck {};
struct multiply : BinaryCheck {};
struct divide : BinaryCheck {};
struct power : BinaryCheck {};
struct maximum : BinaryCheck {};  // NaN if either is NaN
struct minimum : BinaryCheck {};
struct equal : BinaryCheck {};    // 1 where it holds, else 0
struct greater : BinaryCheck {};  // a > b
struct greater_equal : BinaryCheck {};

// da = grad where a > b (maximum) or a < b (minimum), half of it where they are equal, else 0, over the broadcast
// shape. For db call it with a and b exchanged.
struct ExtremumGradientCheck {
  static constexpr Names names{"grad", "a", "b", "da"};
  static void check(In<float> grad, In<float> a, In<float> b, Out<float> da);
};
struct maximum_backward : ExtremumGradientCheck {};
struct minimum_backward : ExtremumGradientCheck {};

// target += x
struct accumulate {
  static constexpr Names names{"target", "x"};
  static void check(InOut<float> target, In<float> x);
};

}  // namespace hebb::ops
