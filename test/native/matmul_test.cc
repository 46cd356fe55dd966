#include "ops/matmul.h"
#include "harness.h"

namespace hebb::test {
namespace {

Array<float> magnitudes(const Array<float>& values) {
  const Array<float> result = values.clone();
  for (int64_t index = 0; index < result.size(); ++index) result[index] = std::fabs(result[index]);
  return result;
}

// A sum of `length` products is off by at most (length + 3) roundings of the sum of their magnitudes (Higham, Accuracy
// and Stability of Numerical Algorithms, 3.1); bounds holds those sums.
auto sum_error(int64_t length, const Array<float>& bounds) {
  return [=](int64_t index, double) { return (static_cast<double>(length) + 3) * unit_roundoff * bounds[index]; };
}

Shape matrix(const Shape& batch, int64_t rows, int64_t columns) {
  Shape shape = batch;
  shape.dims[shape.rank++] = rows;
  shape.dims[shape.rank++] = columns;
  return shape;
}

void check_matmul(const Shape& a_batch, const Shape& b_batch, int64_t rows, int64_t columns, int64_t depth) {
  Random random(static_cast<uint64_t>(rows * 1000003 + columns * 1009 + depth));
  const Shape y = matrix(a_batch.rank ? a_batch : b_batch, rows, columns);
  for (const bool transpose_a : {false, true})
    for (const bool transpose_b : {false, true}) {
      const Shape a_shape = transpose_a ? matrix(a_batch, depth, rows) : matrix(a_batch, rows, depth);
      const Shape b_shape = transpose_b ? matrix(b_batch, columns, depth) : matrix(b_batch, depth, columns);
      const auto multiply = [&](const Array<float>& a, const Array<float>& b) {
        return [=](const KernelTable& kernels, Out<float> out) {
          ops::matmul::check(a, b, out, transpose_a, transpose_b);
          kernels.matmul(a, b, out, transpose_a, transpose_b);
        };
      };
      compare("matmul of integers", y, exact,
              multiply(random.integers(a_shape, -8, 8), random.integers(b_shape, -8, 8)));
      const Array<float> a = random.floats(a_shape, -1, 1), b = random.floats(b_shape, -1, 1), bounds(y);
      multiply(magnitudes(a), magnitudes(b))(reference(), bounds);
      compare("matmul of floats", y, sum_error(depth, bounds), multiply(a, b));
    }
}

void check_linear(int64_t rows, int64_t columns, int64_t depth) {
  Random random(static_cast<uint64_t>(rows * 1000003 + columns * 1009 + depth));
  const Array<float> x = random.floats({rows, depth}, -1, 1), weight = random.floats({columns, depth}, -1, 1);
  const Array<float> bias = random.floats({columns}, -1, 1), bounds({rows, columns});
  const Array<float> whole_x = random.integers({rows, depth}, -8, 8), whole_bias = random.integers({columns}, -99, 99);
  const Array<float> whole_weight = random.integers({columns, depth}, -8, 8);
  reference().linear(magnitudes(x), magnitudes(weight), magnitudes(bias), bounds, Activation::none);
  for (const Activation activation : {Activation::none, Activation::relu})
    for (const bool biased : {false, true}) {
      const auto run = [&](const Array<float>& x, const Array<float>& weight, const Array<float>& bias) {
        return [=](const KernelTable& kernels, Out<float> y) {
          const Optional<In<float>> offset = biased ? Optional<In<float>>(bias) : Optional<In<float>>();
          ops::linear::check(x, weight, offset, y, activation);
          kernels.linear(x, weight, offset, y, activation);
        };
      };
      compare("linear of integers", bounds.shape, exact, run(whole_x, whole_weight, whole_bias));
      compare("linear of floats", bounds.shape, sum_error(depth, bounds), run(x, weight, bias));
    }
}

}  // namespace

TEST(matmul_of_small_matrices) {
  for (const int64_t rows : {1, 2, 5, 15})
    for (const int64_t columns : {1, 3, 16, 17, 33})
      for (const int64_t depth : {0, 1, 7, 16, 40}) check_matmul({}, {}, rows, columns, depth);
}

TEST(matmul_of_large_matrices) {
  check_matmul({}, {}, 131, 67, 300);
  check_matmul({}, {}, 57, 550, 513);
  check_matmul({}, {}, 300, 90, 259);
  check_matmul({}, {}, 1, 530, 700);
  check_matmul({}, {}, 700, 1, 530);
  check_matmul({}, {}, 3, 300, 257);
}

// Rows enough for tiles of two panels of b (cpu/gemm/row_block.cc): whole pairs, a last one with lanes to spare, a
// panel left over, a second panel too narrow.
TEST(products_of_many_rows) {
  check_matmul({}, {}, 1029, 113, 21);
  check_matmul({}, {}, 1030, 81, 33);
  check_matmul({}, {}, 1027, 48, 17);
  check_linear(1030, 90, 258);
}

// Columns enough for packed rows with AVX-512 (cpu/gemm/gemm.cc, row_block.cc), a last panel with lanes to spare: b
// where it lies, b packed since its depths lie far apart, weights.
TEST(products_of_packed_rows) {
  check_matmul({}, {}, 70, 150, 300);
  check_matmul({}, {}, 29, 160, 17);
  check_matmul({}, {}, 45, 600, 260);
  check_matmul({}, {}, 230, 530, 40);
  check_linear(45, 300, 299);
  check_linear(200, 270, 40);
}

// Depths that fill their blocks, and panels of rows that fill theirs: what is packed of one ends where the next begins.
TEST(products_of_whole_depth_blocks) {
  check_matmul({}, {}, 45, 160, 256);
  check_matmul({}, {}, 84, 600, 512);
  check_matmul({}, {}, 131, 67, 256);
  check_matmul({}, {}, 20, 33, 2048);
  check_matmul(shape({3}), shape({3}), 48, 64, 256);
  check_linear(45, 300, 256);
  check_linear(6, 64, 512);
}

// Extents at and beside those of tiles, panels and blocks, in combinations that nobody thought of.
TEST(matmul_of_drawn_extents) {
  Random random(20261127);
  const auto extent = [&] {
    return random.one_of({1, 6, 8, 13, 14, 15, 28, 32, 33, 64, 100, 128, 160, 255, 256, 257, 300, 512, 768});
  };
  for (int count = 0; count < 64;) {
    const int64_t rows = extent(), columns = extent(), depth = extent();
    if (rows * columns * depth > 4'000'000) continue;
    check_matmul({}, {}, rows, columns, depth);
    ++count;
  }
}

// Nothing packed with AVX2 (cpu/gemm/unpacked.cc): whole panels, and a last one that is packed; several depth blocks;
// the largest such b.
TEST(products_of_sides_where_they_lie) {
  check_matmul({}, {}, 70, 90, 600);
  check_matmul({}, {}, 13, 7, 300);
  check_matmul({}, {}, 100, 192, 341);
  check_matmul({}, {}, 201, 64, 64);
}

TEST(matmul_of_a_long_depth) {
  check_matmul({}, {}, 6, 25, 5003);
  check_matmul({}, {}, 1, 2, 9000);
  check_matmul({}, {}, 40, 50, 3100);
}

TEST(matmul_of_batches) {
  const Shape batch = shape({2, 3});
  check_matmul(batch, batch, 5, 7, 9);
  check_matmul(batch, {}, 5, 7, 9);
  check_matmul({}, batch, 5, 7, 9);
  check_matmul(shape({40}), shape({40}), 20, 33, 65);
  check_matmul(shape({3}), shape({3}), 150, 160, 170);
  check_matmul(shape({3}), {}, 150, 160, 170);
}

TEST(matmul_of_nothing) {
  check_matmul({}, {}, 0, 5, 3);
  check_matmul({}, {}, 5, 0, 3);
  check_matmul({}, {}, 0, 0, 0);
  check_matmul(shape({0}), shape({0}), 3, 4, 5);
  check_matmul(shape({0}), {}, 3, 4, 5);
}

TEST(matmul_keeps_nan_and_infinity) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  for (const int64_t rows : {1, 3, 20}) {
    Random random(7);
    const Array<float> a = random.integers({rows, 40}, 1, 3), b = random.integers({40, 20}, 1, 3);
    a[5] = std::nanf("");
    b[7] = inf;
    compare("matmul with NaN", shape({rows, 20}), exact,
            [&](const KernelTable& kernels, Out<float> y) { kernels.matmul(a, b, y, false, false); });
    const Array<float> weight = random.integers({20, 40}, 1, 3);
    compare("linear with NaN", shape({rows, 20}), exact,
            [&](const KernelTable& kernels, Out<float> y) { kernels.linear(a, weight, {}, y, Activation::relu); });
  }
}

TEST(matmul_checks) {
  const Array<float> a({2, 3}), b({3, 4}), y({2, 4}), vector({3}), batch({5, 3, 4}), other({6, 2, 3});
  CHECK_THROWS(ops::matmul::check(vector, b, y, false, false), "a: expected 2 dimensions at least, got shape [3]");
  CHECK_THROWS(ops::matmul::check(a, vector, y, false, false), "b: expected 2 dimensions at least");
  CHECK_THROWS(ops::matmul::check(a, b, y, true, false), "b: expected 2 rows, got shape [3, 4]");
  CHECK_THROWS(ops::matmul::check(a, b, y, false, true), "b: expected 3 columns, got shape [3, 4]");
  CHECK_THROWS(ops::matmul::check(a, b, a, false, false), "y: expected shape [2, 4], got [2, 3]");
  CHECK_THROWS(ops::matmul::check(a, batch, y, false, false), "y: expected shape [5, 2, 4]");
  CHECK_THROWS(ops::matmul::check(other, batch, y, false, false), "b: expected the leading dimensions of a");
  CHECK_THROWS(ops::matmul::check(other.reshape({2, 3, 2, 3}), batch, y, false, false), "b: expected the leading");
}

TEST(linear_of_many_shapes) {
  for (const int64_t rows : {0, 1, 2, 3, 5, 9, 17})
    for (const int64_t columns : {0, 1, 10, 16, 35})
      for (const int64_t depth : {0, 1, 20, 33}) check_linear(rows, columns, depth);
  check_linear(1, 300, 1000);
  check_linear(4, 1000, 300);
  check_linear(32, 400, 784);
  check_linear(128, 84, 784);
  check_linear(3, 5, 6000);
}

TEST(linear_checks) {
  const Array<float> x({2, 3}), weight({4, 3}), bias({4}), y({2, 4});
  CHECK_THROWS(ops::linear::check(bias, weight, bias, y, Activation::none), "x: expected 2 dimensions");
  CHECK_THROWS(ops::linear::check(x, bias, bias, y, Activation::none), "weight: expected 2 dimensions");
  CHECK_THROWS(ops::linear::check(x, y, bias, y, Activation::none), "weight: expected 3 columns, got shape [2, 4]");
  CHECK_THROWS(ops::linear::check(x, weight, Array<float>({3}), y, Activation::none), "bias: expected shape [4]");
  CHECK_THROWS(ops::linear::check(x, weight, bias, x, Activation::none), "y: expected shape [2, 4]");
  CHECK_THROWS(ops::linear::check(x, weight, bias, y, Activation::count), "activation: expected");
  CHECK_THROWS(ops::linear::check(x, weight, bias, y, static_cast<Activation>(-1)), "activation: expected");
}

}  // namespace hebb::test
