#include "ops/matmul.h"

namespace hebb::ops {
namespace {

// Two dimensions at least; `expected` is written only when it is needed.
void expect_matrix(const char* argument, const Shape& shape) {
  if (shape.rank < 2) throw ArgumentError(argument, "2 dimensions at least", "shape " + to_string(shape));
}

void expect_activation(const char* argument, Activation activation) {
  expect_range(argument, static_cast<int64_t>(activation), 0, static_cast<int64_t>(Activation::count) - 1);
}

}  // namespace

void matmul::check(In<float> a, In<float> b, Out<float> y, bool transpose_a, bool transpose_b) {
  expect_matrix(names.items[0], a.shape);
  expect_matrix(names.items[1], b.shape);
  const int64_t rows = a.shape[transpose_a ? -1 : -2], depth = a.shape[transpose_a ? -2 : -1];
  const int64_t columns = b.shape[transpose_b ? -2 : -1];
  if (b.shape[transpose_b ? -1 : -2] != depth) {
    throw ArgumentError(names.items[1], std::to_string(depth) + (transpose_b ? " columns" : " rows"),
                        "shape " + to_string(b.shape));
  }
  Shape expected = a.shape.rank > 2 ? a.shape : b.shape;
  if (a.shape.rank > 2 && b.shape.rank > 2) {
    Shape same = b.shape;
    if (same.rank == a.shape.rank) {
      for (int axis = 0; axis < same.rank - 2; ++axis) same.dims[axis] = a.shape.dims[axis];
    }
    if (same.rank != a.shape.rank || same != b.shape) {
      throw ArgumentError(names.items[1], "the leading dimensions of a, " + to_string(a.shape) + ", or a plain matrix",
                          "shape " + to_string(b.shape));
    }
  }
  expected.dims[expected.rank - 2] = rows;
  expected.dims[expected.rank - 1] = columns;
  expect_shape(names.items[2], y.shape, expected);
}

void linear::check(In<float> x, In<float> weight, Optional<In<float>> bias, Out<float> y, Activation activation) {
  expect_rank(names.items[0], x.shape, 2);
  expect_rank(names.items[1], weight.shape, 2);
  const int64_t columns = weight.shape[0];
  if (weight.shape[1] != x.shape[1]) {
    throw ArgumentError(names.items[1], std::to_string(x.shape[1]) + " columns", "shape " + to_string(weight.shape));
  }
  if (bias) expect_shape(names.items[2], bias.shape, Shape{1, {columns}});
  expect_shape(names.items[3], y.shape, Shape{2, {x.shape[0], columns}});
  expect_activation(names.items[4], activation);
}

}  // namespace hebb::ops
