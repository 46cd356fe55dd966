#include "ops/elementwise.h"

#include <algorithm>
#include <string>

namespace hebb::ops {

void check_same(const char* argument, const Shape& shape, const char* other, const Shape& expected) {
  if (shape != expected) {
    throw ArgumentError(argument, std::string("the shape of ") + other + ", " + to_string(expected), to_string(shape));
  }
}

namespace {

int64_t extent_from_last(const Shape& shape, int axis) {
  return axis < shape.rank ? shape.dims[shape.rank - 1 - axis] : 1;
}

void check_broadcast_to(const char* result_name, const Shape& a, const Shape& b, const Shape& result) {
  Shape expected;
  expected.rank = std::max(a.rank, b.rank);
  for (int axis = 0; axis < expected.rank; ++axis) {
    const int64_t of_a = extent_from_last(a, axis), of_b = extent_from_last(b, axis);
    if (of_a != of_b && of_a != 1 && of_b != 1) {
      throw ArgumentError("b", "a shape that broadcasts against " + to_string(a), to_string(b));
    }
    expected.dims[expected.rank - 1 - axis] = of_a == 1 ? of_b : of_a;
  }
  expect_shape(result_name, result, expected);
}

void check_gradient(const Shape& grad, const char* saved_name, const Shape& saved, const Shape& dx) {
  check_same("grad", grad, saved_name, saved);
  check_same("dx", dx, saved_name, saved);
}

}  // namespace

void check_broadcast(const Shape& a, const Shape& b, const Shape& y) { check_broadcast_to("y", a, b, y); }

void UnaryCheck::check(In<float> x, Out<float> y) { check_same("y", y.shape, "x", x.shape); }

void UnaryGradientCheck::check(In<float> grad, In<float> saved, Out<float> dx) {
  check_gradient(grad.shape, "saved", saved.shape, dx.shape);
}

void leaky_relu::check(In<float> x, Out<float> y, double) { check_same("y", y.shape, "x", x.shape); }
void elu::check(In<float> x, Out<float> y, double) { check_same("y", y.shape, "x", x.shape); }
void power_scalar::check(In<float> x, Out<float> y, double) { check_same("y", y.shape, "x", x.shape); }
void affine::check(In<float> x, Out<float> y, double, double) { check_same("y", y.shape, "x", x.shape); }

void leaky_relu_backward::check(In<float> grad, In<float> x, Out<float> dx, double) {
  check_gradient(grad.shape, "x", x.shape, dx.shape);
}
void elu_backward::check(In<float> grad, In<float> x, Out<float> dx, double) {
  check_gradient(grad.shape, "x", x.shape, dx.shape);
}
void power_scalar_backward::check(In<float> grad, In<float> x, Out<float> dx, double) {
  check_gradient(grad.shape, "x", x.shape, dx.shape);
}

void BinaryCheck::check(In<float> a, In<float> b, Out<float> y) { check_broadcast(a.shape, b.shape, y.shape); }

void ExtremumGradientCheck::check(In<float> grad, In<float> a, In<float> b, Out<float> da) {
  check_broadcast_to("grad", a.shape, b.shape, grad.shape);
  check_same("da", da.shape, "grad", grad.shape);
}

void accumulate::check(InOut<float> target, In<float> x) { check_same("x", x.shape, "target", target.shape); }

}  // namespace hebb::ops
