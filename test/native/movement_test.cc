#include "harness.h"

namespace hebb::test {
namespace {

// Bytes of all sorts, float bit patterns included.
template <class T>
Array<T> anything(Random& random, const Shape& shape) {
  Array<T> array(shape);
  for (int64_t i = 0; i < array.size(); ++i) array[i] = static_cast<T>(random.integer(-100, 100));
  return array;
}

template <class T>
void compare_transpose(Random& random, std::initializer_list<int64_t> dims, std::initializer_list<int64_t> axes) {
  const Array<T> x = anything<T>(random, shape(dims));
  const Ints permutation = shape(axes);
  Shape expected = x.shape;
  for (int axis = 0; axis < expected.rank; ++axis) expected.dims[axis] = x.shape.dims[permutation.dims[axis]];
  ops::transpose::check(x, garbage<T>(expected), permutation);
  compare<T>("transpose", expected, exact,
             [&](const KernelTable& kernels, const Array<T>& y) { kernels.transpose(x, y, permutation); });
}

template <class T>
void compare_transposes() {
  Random random(1);
  compare_transpose<T>(random, {}, {});
  compare_transpose<T>(random, {7}, {0});
  compare_transpose<T>(random, {3, 5}, {0, 1});
  compare_transpose<T>(random, {0, 5}, {1, 0});
  for (int64_t rows : {1, 3, 4, 31, 33, 64, 130})
    for (int64_t columns : {1, 2, 4, 5, 32, 35, 257}) compare_transpose<T>(random, {rows, columns}, {1, 0});
  compare_transpose<T>(random, {2, 9, 7, 3}, {0, 3, 1, 2});     // NHWC to NCHW
  compare_transpose<T>(random, {2, 3, 9, 7}, {0, 2, 3, 1});     // and back
  compare_transpose<T>(random, {4, 50, 51, 20}, {0, 3, 1, 2});  // several threads
  compare_transpose<T>(random, {5, 3, 70, 40}, {0, 2, 3, 1});
  compare_transpose<T>(random, {300, 200}, {1, 0});
  compare_transpose<T>(random, {40, 3, 5, 128}, {1, 0, 2, 3});  // runs
  compare_transpose<T>(random, {6, 5, 7}, {2, 1, 0});
  compare_transpose<T>(random, {6, 1, 7, 2}, {3, 1, 0, 2});
  compare_transpose<T>(random, {2, 3, 4, 5, 3, 2}, {4, 1, 5, 0, 3, 2});
  compare_transpose<T>(random, {2, 1, 2, 3, 2, 1, 2, 3}, {7, 6, 5, 4, 3, 2, 1, 0});
}

TEST(transpose_of_words) {
  compare_transposes<float>();
  compare_transposes<int32_t>();
}

TEST(transpose_of_bytes) { compare_transposes<uint8_t>(); }

struct RegionCase {
  Shape outer, inner;
  Ints starts;
};

std::vector<RegionCase> regions() {
  return {{shape({}), shape({}), shape({})},
          {shape({10}), shape({4}), shape({3})},
          {shape({10}), shape({10}), shape({0})},
          {shape({10}), shape({0}), shape({10})},
          {shape({0, 4}), shape({0, 2}), shape({0, 1})},
          {shape({6, 5}), shape({6, 1}), shape({0, 4})},
          {shape({6, 5}), shape({2, 5}), shape({3, 0})},
          {shape({4, 6, 5}), shape({2, 6, 3}), shape({1, 0, 2})},
          {shape({3, 12, 11, 7}), shape({3, 9, 5, 7}), shape({0, 1, 4, 0})},
          {shape({8, 64, 66, 9}), shape({8, 60, 63, 9}), shape({0, 2, 1, 0})},
          {shape({8, 64, 66, 9}), shape({5, 64, 66, 9}), shape({2, 0, 0, 0})},
          {shape({2, 3, 2, 3, 2, 3, 2, 3}), shape({1, 2, 2, 1, 1, 3, 1, 2}), shape({1, 0, 0, 2, 0, 0, 1, 1})}};
}

template <class T>
void compare_regions() {
  Random random(2);
  for (const RegionCase& c : regions()) {
    const Array<T> outer = anything<T>(random, c.outer), inner = anything<T>(random, c.inner);
    ops::slice::check(outer, inner, c.starts);
    ops::pad::check(inner, outer, c.starts, 7);
    compare<T>("slice", c.inner, exact,
               [&](const KernelTable& kernels, const Array<T>& y) { kernels.slice(outer, y, c.starts); });
    compare<T>("pad", c.outer, exact,
               [&](const KernelTable& kernels, const Array<T>& y) { kernels.pad(inner, y, c.starts, 7); });
  }
}

TEST(slice_and_pad) {
  compare_regions<float>();
  compare_regions<int32_t>();
  compare_regions<uint8_t>();
}

template <class T>
void compare_concat(const Shape& outer, const std::vector<int64_t>& extents, int64_t axis) {
  Random random(3);
  std::vector<Array<T>> tensors;
  std::vector<AnyIn> views;
  Shape total = outer;
  total.dims[axis] = 0;
  for (int64_t extent : extents) {
    Shape part = outer;
    part.dims[axis] = extent;
    total.dims[axis] += extent;
    tensors.push_back(anything<T>(random, part));
    views.push_back(tensors.back());
  }
  const List<AnyIn> list{views.data(), static_cast<int>(views.size())};
  ops::concat::check(list, garbage<T>(total), axis);
  compare<T>("concat", total, exact,
             [&](const KernelTable& kernels, const Array<T>& y) { kernels.concat(list, y, axis); });
}

TEST(concat) {
  compare_concat<float>(shape({3}), {3}, 0);
  compare_concat<float>(shape({3, 4, 5}), {1, 0, 7, 3}, 0);
  compare_concat<int32_t>(shape({3, 4, 5}), {1, 0, 7, 3}, 1);
  compare_concat<uint8_t>(shape({3, 4, 5}), {1, 0, 7, 3}, 2);
  compare_concat<float>(shape({0, 4, 5}), {1, 2}, 1);
  compare_concat<float>(shape({9, 28, 28, 1}), {64, 3, 29, 32}, 3);  // inception, several threads
  compare_concat<uint8_t>(shape({2, 1}), {200001, 150000}, 1);
  std::vector<int64_t> many;
  for (int64_t i = 0; i < 300; ++i) many.push_back(i % 7 * 2);
  compare_concat<float>(shape({3, 2, 2}), many, 1);
}

template <class T>
void compare_gather(std::initializer_list<int64_t> table_dims, int64_t count) {
  Random random(4);
  const Array<T> table = anything<T>(random, shape(table_dims));
  const Array<int32_t> rows = random.labels({count}, 0, table.shape.dims[0] - 1);
  Shape expected = table.shape;
  expected.dims[0] = count;
  ops::gather_rows::check(table, rows, garbage<T>(expected));
  compare<T>("gather_rows", expected, exact,
             [&](const KernelTable& kernels, const Array<T>& y) { kernels.gather_rows(table, rows, y); });
}

TEST(gather_rows) {
  compare_gather<float>({5}, 9);
  compare_gather<float>({5, 3}, 0);
  compare_gather<float>({5, 0}, 4);
  compare_gather<float>({100, 28, 28}, 300);
  compare_gather<uint8_t>({100, 28, 27, 1}, 301);
  compare_gather<int32_t>({1000, 1}, 100000);
  compare_gather<float>({0, 3}, 0);
}

TEST(gather_rows_backward) {
  Random random(5);
  struct {
    int64_t rows, width, count;
  } const sizes[] = {{5, 3, 9},     {5, 3, 0},        {64, 0, 4},       {3, 40000, 50}, {1, 33, 1000},
                     {200, 17, 50}, {1000, 64, 5000}, {20000, 7, 3000}, {63, 1, 90000}, {0, 3, 0}};
  for (const auto& size : sizes) {
    const Array<int32_t> rows = random.labels({size.count}, 0, size.rows - 1);
    for (const Array<float>& grad :
         {random.integers({size.count, size.width}, -9, 9), random.floats({size.count, size.width}, -1, 1)}) {
      // The same sums in the same order: exact for any floats.
      compare("gather_rows_backward", shape({size.rows, size.width}), exact,
              [&](const KernelTable& kernels, const Array<float>& dtable) {
                kernels.gather_rows_backward(grad, rows, dtable);
              });
    }
  }
}

TEST(gather_rows_outside_the_table) {
  const Array<float> table({4, 3}), y({2, 3});
  for (int32_t bad : {-1, 4, INT32_MIN, INT32_MAX}) {
    const Array<int32_t> rows({2}, {0, bad});
    const std::string message = "rows[1]: expected a row of the table's 4, got " + std::to_string(bad);
    for (const Backend& backend : backends()) {
      CHECK_THROWS(backend.table.gather_rows(table, rows, y), message);
      CHECK_THROWS(backend.table.gather_rows_backward(y, rows, table), message);
    }
  }
  const Array<int32_t> many({5000});
  const Array<float> grad({5000, 3});
  many[4000] = 9;
  for (const Backend& backend : backends()) {
    CHECK_THROWS(backend.table.gather_rows_backward(grad, many, table), "rows[4000]: expected a row of the table's 4");
  }
}

template <class From, class To>
void compare_cast(const Array<From>& x, double scale, double shift) {
  ops::cast::check(x, garbage<To>(x.shape), scale, shift);
  compare<To>(std::string("cast ") + name_of(DTypeOf<From>::value) + " to " + name_of(DTypeOf<To>::value), x.shape,
              exact, [&](const KernelTable& kernels, const Array<To>& y) { kernels.cast(x, y, scale, shift); });
}

template <class From>
void compare_casts(const Array<From>& x) {
  const double scales[][2] = {{1, 0}, {1.0 / 255, -0.5}, {-3.7, 1e3}, {1e30, 0}, {0, 5}};
  for (const auto& scale : scales) {
    compare_cast<From, float>(x, scale[0], scale[1]);
    compare_cast<From, int32_t>(x, scale[0], scale[1]);
    compare_cast<From, uint8_t>(x, scale[0], scale[1]);
  }
}

TEST(cast) {
  Random random(6);
  const float infinity = std::numeric_limits<float>::infinity();
  compare_casts(Array<float>({0, 3}));
  for (int64_t count : {1, 7, 16, 31, 100003}) {
    compare_casts(random.floats({count}, -1e3f, 1e3f));
    compare_casts(random.labels({count}, INT32_MIN, INT32_MAX));
    compare_casts(random.bytes({count}, 0, 255));
  }
  compare_casts(Array<float>(
      {18}, {0.0f, -0.0f, 0.99f, -0.99f, 254.9f, 255.0f, 255.5f, 256.0f, -1.0f, 2147483520.0f, 2147483648.0f,
             -2147483648.0f, -2147483904.0f, 3e38f, -3e38f, infinity, -infinity, std::nanf("")}));
  compare_casts(Array<int32_t>({9}, {0, 1, -1, 255, 256, 16777217, -16777217, INT32_MAX, INT32_MIN}));
  for (const Backend& backend : backends()) {
    Array<int32_t> whole({3});
    const Array<float> values({3}, {std::nanf(""), 1e10f, -1.9f});
    backend.table.cast(values, whole, 1, 0);
    CHECK_EQ(whole[0], 0);
    CHECK_EQ(whole[1], INT32_MAX);
    CHECK_EQ(whole[2], -1);
    Array<int32_t> same({1});
    backend.table.cast(Array<int32_t>({1}, {16777217}), same, 1, 0);
    CHECK_EQ(same[0], 16777217);
  }
}

TEST(copy_and_fill) {
  Random random(7);
  for (int64_t count : {0, 1, 5, 100, 200001}) {
    const Array<float> floats = random.floats({count}, -1, 1);
    const Array<uint8_t> bytes = random.bytes({count}, 0, 255);
    compare("copy", floats.shape, exact,
            [&](const KernelTable& kernels, const Array<float>& y) { kernels.copy(floats, y); });
    compare<uint8_t>("copy", bytes.shape, exact,
                     [&](const KernelTable& kernels, const Array<uint8_t>& y) { kernels.copy(bytes, y); });
    compare("fill", floats.shape, exact,
            [&](const KernelTable& kernels, const Array<float>& y) { kernels.fill(y, -0.1); });
    compare("fill", floats.shape, exact, [&](const KernelTable& kernels, const Array<float>& y) {
      kernels.fill(y, std::numeric_limits<double>::quiet_NaN());
    });
    compare<int32_t>("fill", floats.shape, exact,
                     [&](const KernelTable& kernels, const Array<int32_t>& y) { kernels.fill(y, -2147483648.0); });
    compare<uint8_t>("fill", floats.shape, exact,
                     [&](const KernelTable& kernels, const Array<uint8_t>& y) { kernels.fill(y, 255); });
  }
}

TEST(movement_errors) {
  const Array<float> x({2, 3}), y({3, 2}), row({3});
  const Array<int32_t> integers({3, 2}), rows({2});
  CHECK_THROWS(ops::transpose::check(x, integers, shape({1, 0})), "y: expected float32, got int32");
  CHECK_THROWS(ops::transpose::check(x, y, shape({1})), "permutation: expected 2 integers");
  CHECK_THROWS(ops::transpose::check(x, y, shape({1, 1})), "permutation: expected each axis from 0 to 1 once");
  CHECK_THROWS(ops::transpose::check(x, y, shape({1, -1})), "permutation: expected each axis");
  CHECK_THROWS(ops::transpose::check(x, y, shape({1, 70})), "permutation: expected each axis");
  CHECK_THROWS(ops::transpose::check(x, x, shape({1, 0})), "y: expected shape [3, 2], got [2, 3]");
  CHECK_THROWS(ops::slice::check(x, row, shape({0, 0})), "y: expected 2 dimensions");
  CHECK_THROWS(ops::slice::check(x, y, shape({0, 0})), "y: expected a shape within [2, 3]");
  CHECK_THROWS(ops::slice::check(x, x, shape({0})), "starts: expected 2 integers");
  CHECK_THROWS(ops::slice::check(x, x, shape({0, 1})), "starts: expected from 0 to 0 at axis 1, got 1");
  CHECK_THROWS(ops::slice::check(x, x, shape({INT64_MIN, 0})), "starts: expected from 0 to 0 at axis 0");
  CHECK_THROWS(ops::slice::check(x, Array<float>({1, 3}), shape({INT64_MAX, 0})), "starts: expected from 0 to 1");
  CHECK_THROWS(ops::pad::check(y, x, shape({0, 0}), 0), "x: expected a shape within [2, 3]");
  CHECK_THROWS(ops::pad::check(x, x, shape({0, 0}), 1e300), "value: expected a number within float32's range");
  CHECK_THROWS(ops::fill::check(integers, 0.5), "value: expected an integer that int32 can hold");
  CHECK_THROWS(ops::fill::check(integers, std::nan("")), "value: expected an integer");
  CHECK_THROWS(ops::fill::check(Array<uint8_t>({1}), 256), "value: expected an integer that uint8 can hold");
  const AnyIn two[] = {x, x}, mixed[] = {x, rows}, skewed[] = {x, y};
  CHECK_THROWS(ops::concat::check({two, 0}, x, 0), "tensors: expected at least one tensor");
  CHECK_THROWS(ops::concat::check({two, 2}, x, 0), "y: expected the sum of the tensors' extents at axis 0");
  CHECK_THROWS(ops::concat::check({two, 2}, Array<float>({5, 3}), 0), "y: expected the sum");
  CHECK_THROWS(ops::concat::check({two, 2}, x, 2), "axis: expected an integer from 0 to 1, got 2");
  CHECK_THROWS(ops::concat::check({two, 2}, x, -1), "axis: expected an integer from 0 to 1, got -1");
  CHECK_THROWS(ops::concat::check({mixed, 2}, Array<float>({4, 3}), 0), "tensors[1]: expected float32, got int32");
  CHECK_THROWS(ops::concat::check({skewed, 2}, Array<float>({4, 3}), 0), "tensors[1]: expected the extents of");
  CHECK_THROWS(ops::gather_rows::check(x, rows, x.reshape({3, 2})), "y: expected shape [2, 3], got [3, 2]");
  CHECK_THROWS(ops::gather_rows::check(x, integers, x), "rows: expected 1 dimensions");
  CHECK_THROWS(ops::gather_rows::check(Array<float>(), rows, x), "table: expected at least 1 dimension");
  CHECK_THROWS(ops::gather_rows_backward::check(y, rows, x), "grad: expected shape [2, 3]");
  CHECK_THROWS(ops::cast::check(x, y, 1, 0), "y: expected shape [2, 3]");
  CHECK_THROWS(ops::cast::check(x, x, 1e39, 0), "scale: expected a finite number");
  CHECK_THROWS(ops::cast::check(x, x, 1, std::nan("")), "shift: expected a finite number");
  CHECK_THROWS(ops::copy::check(x, y), "y: expected shape [2, 3]");
  CHECK_THROWS(ops::copy::check(y, integers), "y: expected float32, got int32");
}

}  // namespace
}  // namespace hebb::test
