#include <cmath>

#include "harness.h"

namespace hebb::test {
namespace {

const float infinity = std::numeric_limits<float>::infinity(), nan = std::nanf("");

using Unary = decltype(ops::UnaryCheck::check)* KernelTable::*;
using Gradient = decltype(ops::UnaryGradientCheck::check)* KernelTable::*;
using Binary = decltype(ops::BinaryCheck::check)* KernelTable::*;
using ExtremumGradient = decltype(ops::ExtremumGradientCheck::check)* KernelTable::*;

// Around every vector width, and beyond the grains of parallel loops.
const int64_t lengths[] = {0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 100, 8192, 8193, 98305};

auto units_of(double count, double floor = 0) {
  return [=](int64_t, double want) { return unit_roundoff * (count * std::fabs(want) + floor); };
}

template <class Tolerance>
void check_unary(const char* name, Unary function, Tolerance tolerance) {
  Random random(1);
  for (int64_t n : lengths) {
    const Array<float> x = random.integers({n}, -9, 9);
    compare(name, x.shape, tolerance, [&](const KernelTable& kernels, Out<float> y) { (kernels.*function)(x, y); });
  }
}

template <class Tolerance>
void check_gradient(const char* name, Gradient function, Tolerance tolerance, float low, float high) {
  Random random(2);
  for (int64_t n : lengths) {
    const Array<float> grad = random.floats({n}, -2, 2), saved = random.floats({n}, low, high);
    if (n > 8) saved[3] = 0, saved[5] = -0.0f;
    compare(name, saved.shape, tolerance,
            [&](const KernelTable& kernels, Out<float> dx) { (kernels.*function)(grad, saved, dx); });
  }
}

struct BroadcastCase {
  std::initializer_list<int64_t> a, b, y;
};
const BroadcastCase broadcast_cases[] = {
    {{}, {}, {}},
    {{7}, {7}, {7}},
    {{3, 5}, {3, 5}, {3, 5}},
    {{70001}, {}, {70001}},
    {{1}, {33}, {33}},
    {{5, 17}, {17}, {5, 17}},
    {{17}, {5, 17}, {5, 17}},
    {{9, 200}, {200}, {9, 200}},
    {{400, 100}, {400, 1}, {400, 100}},
    {{400, 1}, {400, 100}, {400, 100}},
    {{5, 1}, {1, 7}, {5, 7}},
    {{5, 1}, {1, 1}, {5, 1}},
    {{20000, 3}, {3}, {20000, 3}},  // a short row down many
    {{6}, {10, 13, 11, 6}, {10, 13, 11, 6}},
    {{1000, 2}, {1, 2}, {1000, 2}},
    {{16, 63}, {63}, {16, 63}},
    {{2, 3, 4, 5}, {3, 1, 5}, {2, 3, 4, 5}},
    {{2, 1, 4, 1}, {3, 1, 5}, {2, 3, 4, 5}},
    {{2, 1, 2, 1, 2, 1, 2, 1}, {1, 2, 1, 2, 1, 2, 1, 2}, {2, 2, 2, 2, 2, 2, 2, 2}},
    {{3, 1, 40, 1, 30}, {50, 1, 4, 1}, {3, 50, 40, 4, 30}},
    {{0, 5}, {5}, {0, 5}},
    {{4, 1, 3}, {0, 1}, {4, 0, 3}},
};

template <class Tolerance>
void check_binary(const char* name, Binary function, Tolerance tolerance, int64_t low, int64_t high) {
  Random random(3);
  for (const BroadcastCase& one : broadcast_cases) {
    const Array<float> a = random.integers(one.a, low, high), b = random.integers(one.b, low, high);
    ops::check_broadcast(a.shape, b.shape, shape(one.y));
    compare(name, shape(one.y), tolerance,
            [&](const KernelTable& kernels, Out<float> y) { (kernels.*function)(a, b, y); });
  }
}

void check_extremum_gradient(const char* name, ExtremumGradient function) {
  Random random(4);
  for (const BroadcastCase& one : broadcast_cases) {
    const Array<float> a = random.integers(one.a, -2, 2), b = random.integers(one.b, -2, 2);
    const Array<float> grad = random.integers(one.y, -9, 9);
    compare(name, shape(one.y), exact,
            [&](const KernelTable& kernels, Out<float> da) { (kernels.*function)(grad, a, b, da); });
  }
}

// Results that are stored around the cache, and their last elements.
TEST(large_arrays) {
  Random random(31);
  const Shape large = shape({(1 << 19) + 37});
  const Array<float> a = random.integers(large, -9, 9), b = random.integers(large, -9, 9);
  compare("relu", large, exact, [&](const KernelTable& kernels, Out<float> y) { kernels.relu(a, y); });
  compare("add", large, exact, [&](const KernelTable& kernels, Out<float> y) { kernels.add(a, b, y); });
  compare("accumulate", large, exact, [&](const KernelTable& kernels, Out<float> y) {
    for (int64_t i = 0; i < a.size(); ++i) y.data[i] = a[i];
    kernels.accumulate(InOut<float>{y.data, y.shape}, b);
  });
}

TEST(unary_of_integers) {
  check_unary("negate", &KernelTable::negate, exact);
  check_unary("absolute", &KernelTable::absolute, exact);
  check_unary("relu", &KernelTable::relu, exact);
  check_unary("square_root", &KernelTable::square_root, exact);  // NaN below 0
  check_unary("exponential", &KernelTable::exponential, units_of(6));
  check_unary("logarithm", &KernelTable::logarithm, units_of(6));
  check_unary("sigmoid", &KernelTable::sigmoid, units_of(6));
  check_unary("hyperbolic_tangent", &KernelTable::hyperbolic_tangent, units_of(6));
  check_unary("sine", &KernelTable::sine, units_of(6));
  check_unary("cosine", &KernelTable::cosine, units_of(6));
}

TEST(unary_gradients) {
  check_gradient("absolute_backward", &KernelTable::absolute_backward, exact, -1, 1);
  check_gradient("relu_backward", &KernelTable::relu_backward, exact, -1, 1);
  check_gradient("square_root_backward", &KernelTable::square_root_backward, units_of(2), 0, 4);
  // 1 - y is rounded once, the two products once each; 1 - y^2 loses bits near 1 without fma.
  check_gradient("sigmoid_backward", &KernelTable::sigmoid_backward, units_of(6), 0, 1);
  check_gradient("hyperbolic_tangent_backward", &KernelTable::hyperbolic_tangent_backward, units_of(6, 4), -1, 1);
}

TEST(unary_of_nan) {
  const Array<float> x({4}, {nan, infinity, -infinity, 0});
  const Array<float> grad({4}, {1, 2, 3, 4});
  for (const Backend& backend : backends()) {
    const Array<float> y({4});
    backend.table.relu(x, y);
    CHECK(std::isnan(y[0]) && y[1] == infinity && y[2] == 0);
    backend.table.relu_backward(grad, y, y);
    CHECK(y[1] == 2 && y[2] == 0 && y[3] == 0);
    backend.table.absolute_backward(grad, x, y);
    CHECK(std::isnan(y[0]) && y[1] == 2 && y[2] == -3 && y[3] == 0);
    backend.table.leaky_relu(x, y, 0.5);
    CHECK(std::isnan(y[0]) && y[1] == infinity && y[2] == -infinity);
    backend.table.elu(x, y, 2);
    CHECK(std::isnan(y[0]) && y[1] == infinity && y[2] == -2 && y[3] == 0);
  }
}

TEST(unary_with_a_parameter) {
  Random random(5);
  for (int64_t n : lengths) {
    const Array<float> x = random.integers({n}, -9, 9), grad = random.integers({n}, -9, 9);
    const Array<float> noise = random.floats({n}, -4, 4);
    compare("leaky_relu", x.shape, exact, [&](const KernelTable& k, Out<float> y) { k.leaky_relu(x, y, 0.25); });
    compare("leaky_relu_backward", x.shape, exact,
            [&](const KernelTable& k, Out<float> y) { k.leaky_relu_backward(grad, x, y, 0.25); });
    compare("elu", x.shape, units_of(8), [&](const KernelTable& k, Out<float> y) { k.elu(noise, y, 1.5); });
    compare("elu_backward", x.shape, units_of(10),
            [&](const KernelTable& k, Out<float> y) { k.elu_backward(grad, noise, y, 1.5); });
    compare("affine", x.shape, exact, [&](const KernelTable& k, Out<float> y) { k.affine(x, y, 3, -2); });
    // Without fma, rounded twice: of a product below 40 and a sum below 42.
    compare("affine", x.shape, units_of(0, 96),
            [&](const KernelTable& k, Out<float> y) { k.affine(noise, y, 9.7, 2.3); });
  }
}

TEST(powers) {
  Random random(6);
  for (double exponent : {0.0, 1.0, 2.0, 3.0, -1.0, 0.5, 1.5, -2.0, 4.0, 0.333}) {
    for (int64_t n : {0, 1, 5, 17, 20000}) {
      const Array<float> x = random.floats({n}, -3, 3), grad = random.floats({n}, -2, 2);
      if (n > 4) x[0] = 0, x[1] = infinity, x[2] = -infinity, x[3] = nan, x[4] = 1;
      // The exponent, once rounded to float, is off by up to |log x| * exponent units.
      compare("power_scalar", x.shape, units_of(64, 1e-20),
              [&](const KernelTable& k, Out<float> y) { k.power_scalar(x, y, exponent); });
      compare("power_scalar_backward", x.shape, units_of(64, 1e-20),
              [&](const KernelTable& k, Out<float> y) { k.power_scalar_backward(grad, x, y, exponent); });
    }
  }
}

TEST(binary_of_integers) {
  check_binary("add", &KernelTable::add, exact, -99, 99);
  check_binary("subtract", &KernelTable::subtract, exact, -99, 99);
  check_binary("multiply", &KernelTable::multiply, exact, -99, 99);
  check_binary("divide", &KernelTable::divide, exact, -5, 5);  // rounded once; infinities and NaN among them
  check_binary("power", &KernelTable::power, units_of(4), -4, 4);
  check_binary("maximum", &KernelTable::maximum, exact, -3, 3);
  check_binary("minimum", &KernelTable::minimum, exact, -3, 3);
  check_binary("equal", &KernelTable::equal, exact, -3, 3);
  check_binary("greater", &KernelTable::greater, exact, -3, 3);
  check_binary("greater_equal", &KernelTable::greater_equal, exact, -3, 3);
}

TEST(extrema_of_nan) {
  const Array<float> a({4}, {nan, 1, nan, infinity}), b({4}, {1, nan, nan, -infinity}), one({4}, {1, 1, 1, 1});
  for (const Backend& backend : backends()) {
    const Array<float> y({4});
    for (auto function : {&KernelTable::maximum, &KernelTable::minimum}) {
      (backend.table.*function)(a, b, y);
      CHECK(std::isnan(y[0]) && std::isnan(y[1]) && std::isnan(y[2]) && std::isinf(y[3]));
    }
    backend.table.greater_equal(a, b, y);
    CHECK(y[0] == 0 && y[1] == 0 && y[2] == 0 && y[3] == 1);
    backend.table.maximum_backward(one, a, b, y);
    CHECK(y[0] == 0 && y[1] == 0 && y[2] == 0 && y[3] == 1);
  }
}

TEST(extremum_gradients) {
  check_extremum_gradient("maximum_backward", &KernelTable::maximum_backward);
  check_extremum_gradient("minimum_backward", &KernelTable::minimum_backward);
}

TEST(accumulate) {
  Random random(8);
  for (int64_t n : lengths) {
    const Array<float> start = random.integers({n}, -99, 99), x = random.integers({n}, -99, 99);
    compare("accumulate", x.shape, exact, [&](const KernelTable& kernels, Out<float> target) {
      for (int64_t i = 0; i < n; ++i) target.data[i] = start[i];
      kernels.accumulate({target.data, target.shape}, x);
    });
  }
}

// No 16-byte access is aligned there.
TEST(elementwise_at_odd_addresses) {
  Random random(9);
  const Array<float> a = random.integers({81}, -9, 9), row = random.integers({9}, -9, 9);
  const auto beyond_one = [](const Array<float>& array, std::initializer_list<int64_t> dims) {
    return In<float>{array.data.get() + 1, shape(dims)};
  };
  compare("relu", a.shape, exact, [&](const KernelTable& kernels, Out<float> y) {
    y.data[0] = 0;
    kernels.relu(beyond_one(a, {80}), Out<float>{y.data + 1, shape({80})});
  });
  compare("multiply", a.shape, exact, [&](const KernelTable& kernels, Out<float> y) {
    y.data[0] = 0;
    kernels.multiply(beyond_one(a, {10, 8}), beyond_one(row, {8}), Out<float>{y.data + 1, shape({10, 8})});
  });
}

TEST(elementwise_checks) {
  const Array<float> x({2, 3}), y({3, 2}), column({2, 1});
  CHECK_THROWS(ops::relu::check(x, y), "y: expected the shape of x, [2, 3], got [3, 2]");
  CHECK_THROWS(ops::relu_backward::check(y, x, x), "grad: expected the shape of saved, [2, 3], got [3, 2]");
  CHECK_THROWS(ops::elu_backward::check(x, x, y, 1), "dx: expected the shape of x");
  CHECK_THROWS(ops::affine::check(x, y, 1, 1), "y: expected");
  CHECK_THROWS(ops::add::check(x, y, x), "b: expected a shape that broadcasts against [2, 3], got [3, 2]");
  CHECK_THROWS(ops::add::check(x, column, column), "y: expected shape [2, 3], got [2, 1]");
  CHECK_THROWS(ops::maximum_backward::check(column, x, column, x), "grad: expected shape [2, 3]");
  CHECK_THROWS(ops::maximum_backward::check(x, x, column, column), "da: expected");
  CHECK_THROWS(ops::accumulate::check(x, column), "x: expected the shape of target");
  ops::add::check(x, column, x);
}

}  // namespace
}  // namespace hebb::test
