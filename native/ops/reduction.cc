#include "ops/reduction.h"

#include <string>

namespace hebb::ops {
namespace {

// Returns the number of elements reduced into one.
int64_t check_reduction(const Shape& x, const Shape& y, const Ints& axes) {
  Shape expected = x;
  int64_t reduced = 1, previous = -1;
  for (int index = 0; index < axes.rank; ++index) {
    const int64_t axis = axes.dims[index];
    if (axis <= previous || axis >= x.rank) {
      throw ArgumentError("axes", "ascending, distinct axes from 0 to " + std::to_string(x.rank - 1), to_string(axes));
    }
    reduced *= x.dims[axis];
    expected.dims[axis] = 1;
    previous = axis;
  }
  expect_shape("y", y, expected);
  return reduced;
}

}  // namespace

void sum::check(In<float> x, Out<float> y, Ints axes, double) { check_reduction(x.shape, y.shape, axes); }

void reduce_maximum::check(In<float> x, Out<float> y, Ints axes) {
  if (check_reduction(x.shape, y.shape, axes) == 0) {
    throw ArgumentError("x", "at least one element along the reduced axes", "shape " + to_string(x.shape));
  }
}

void reduce_extremum_backward::check(In<float> grad, In<float> x, In<float> y, Out<float> dx) {
  expect_rank("y", y.shape, x.shape.rank);
  for (int axis = 0; axis < x.shape.rank; ++axis) {
    if (y.shape.dims[axis] != x.shape.dims[axis] && y.shape.dims[axis] != 1) {
      throw ArgumentError("y", "the shape of x, " + to_string(x.shape) + ", with 1 at the reduced axes",
                          to_string(y.shape));
    }
  }
  expect_shape("grad", grad.shape, y.shape);
  expect_shape("dx", dx.shape, x.shape);
}

void broadcast::check(In<float> x, Out<float> y, double) {
  const int added = y.shape.rank - x.shape.rank;
  bool fits = added >= 0;
  for (int axis = 0; fits && axis < x.shape.rank; ++axis) {
    fits = x.shape.dims[axis] == 1 || x.shape.dims[axis] == y.shape.dims[added + axis];
  }
  if (!fits) throw ArgumentError("x", "a shape that broadcasts to " + to_string(y.shape), to_string(x.shape));
}

void argmax::check(In<float> x, Out<int32_t> y, int64_t axis) {
  expect_range("axis", axis, 0, x.shape.rank - 1);
  if (x.shape.dims[axis] < 1 || x.shape.dims[axis] > INT32_MAX) {
    throw ArgumentError("x", "from 1 to 2147483647 elements along the axis", "shape " + to_string(x.shape));
  }
  Shape expected;
  for (int index = 0; index < x.shape.rank; ++index) {
    if (index != axis) expected.dims[expected.rank++] = x.shape.dims[index];
  }
  expect_shape("y", y.shape, expected);
}

}  // namespace hebb::ops
