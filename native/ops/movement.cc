#include "ops/movement.h"

#include <cmath>
#include <string>

namespace hebb::ops {
namespace {

void check_dtype(const char* argument, DType dtype, DType expected) {
  if (dtype != expected) throw ArgumentError(argument, name_of(expected), name_of(dtype));
}

void check_length(const char* argument, const Ints& list, int rank) {
  if (list.rank != rank) {
    throw ArgumentError(argument, std::to_string(rank) + " integers, one an axis", std::to_string(list.rank));
  }
}

// `inner`, placed at `starts`, lies within `outer`.
void check_region(const char* inner_name, const Shape& inner, const Shape& outer, const Ints& starts) {
  expect_rank(inner_name, inner, outer.rank);
  check_length("starts", starts, outer.rank);
  for (int axis = 0; axis < outer.rank; ++axis) {
    if (inner.dims[axis] > outer.dims[axis]) {
      throw ArgumentError(inner_name, "a shape within " + to_string(outer), to_string(inner));
    }
    if (starts.dims[axis] < 0 || starts.dims[axis] > outer.dims[axis] - inner.dims[axis]) {
      throw ArgumentError(
          "starts",
          "from 0 to " + std::to_string(outer.dims[axis] - inner.dims[axis]) + " at axis " + std::to_string(axis),
          std::to_string(starts.dims[axis]));
    }
  }
}

// The value can be stored in the type without change (float32: rounded, and not to infinity unless it is one).
void check_value(double value, DType dtype) {
  if (dtype == DType::float32) {
    if (std::isfinite(value) && !std::isfinite(static_cast<float>(value))) {
      throw ArgumentError("value", "a number within float32's range", std::to_string(value));
    }
    return;
  }
  const double low = dtype == DType::uint8 ? 0 : -2147483648.0, high = dtype == DType::uint8 ? 255 : 2147483647.0;
  if (!(value >= low && value <= high && value == std::floor(value))) {
    throw ArgumentError("value", std::string("an integer that ") + name_of(dtype) + " can hold", std::to_string(value));
  }
}

void check_finite(const char* argument, double value) {
  if (!std::isfinite(static_cast<float>(value))) {
    throw ArgumentError(argument, "a finite number within float32's range", std::to_string(value));
  }
}

// `gathered` is [rows, then the extents of a table's row].
void check_table(const char* table_name, const Shape& table, const Shape& rows, const char* gathered_name,
                 const Shape& gathered) {
  if (table.rank < 1) throw ArgumentError(table_name, "at least 1 dimension", "shape " + to_string(table));
  expect_rank("rows", rows, 1);
  Shape expected = table;
  expected.dims[0] = rows.dims[0];
  expect_shape(gathered_name, gathered, expected);
}

}  // namespace

void transpose::check(AnyIn x, AnyOut y, Ints permutation) {
  check_dtype("y", y.dtype, x.dtype);
  check_length("permutation", permutation, x.shape.rank);
  unsigned seen = 0;
  Shape expected;
  expected.rank = x.shape.rank;
  for (int axis = 0; axis < x.shape.rank; ++axis) {
    const int64_t source = permutation.dims[axis];
    if (source < 0 || source >= x.shape.rank || (seen >> source & 1)) {
      throw ArgumentError("permutation", "each axis from 0 to " + std::to_string(x.shape.rank - 1) + " once",
                          to_string(permutation));
    }
    seen |= 1u << source;
    expected.dims[axis] = x.shape.dims[source];
  }
  expect_shape("y", y.shape, expected);
}

void slice::check(AnyIn x, AnyOut y, Ints starts) {
  check_dtype("y", y.dtype, x.dtype);
  check_region("y", y.shape, x.shape, starts);
}

void pad::check(AnyIn x, AnyOut y, Ints starts, double value) {
  check_dtype("y", y.dtype, x.dtype);
  check_region("x", x.shape, y.shape, starts);
  check_value(value, y.dtype);
}

void concat::check(List<AnyIn> tensors, AnyOut y, int64_t axis) {
  if (tensors.count < 1) throw ArgumentError("tensors", "at least one tensor", "none");
  if (y.shape.rank < 1) throw ArgumentError("y", "at least 1 dimension", "shape " + to_string(y.shape));
  expect_range("axis", axis, 0, y.shape.rank - 1);
  int64_t left = y.shape.dims[axis];
  for (int i = 0; i < tensors.count; ++i) {
    const AnyIn& tensor = tensors[i];
    if (tensor.dtype != y.dtype) {
      throw ArgumentError("tensors[" + std::to_string(i) + "]", name_of(y.dtype), name_of(tensor.dtype));
    }
    Shape expected = y.shape;
    if (tensor.shape.rank == expected.rank) expected.dims[axis] = tensor.shape.dims[axis];
    if (tensor.shape != expected) {
      throw ArgumentError("tensors[" + std::to_string(i) + "]",
                          "the extents of " + to_string(expected) + " but at axis " + std::to_string(axis),
                          to_string(tensor.shape));
    }
    if (tensor.shape.dims[axis] > left) {
      throw ArgumentError("y", "the sum of the tensors' extents at axis " + std::to_string(axis), to_string(y.shape));
    }
    left -= tensor.shape.dims[axis];
  }
  if (left != 0) {
    throw ArgumentError("y", "the sum of the tensors' extents at axis " + std::to_string(axis), to_string(y.shape));
  }
}

void gather_rows::check(AnyIn table, In<int32_t> rows, AnyOut y) {
  check_dtype("y", y.dtype, table.dtype);
  check_table("table", table.shape, rows.shape, "y", y.shape);
}

void gather_rows_backward::check(In<float> grad, In<int32_t> rows, Out<float> dtable) {
  check_table("dtable", dtable.shape, rows.shape, "grad", grad.shape);
}

void cast::check(AnyIn x, AnyOut y, double scale, double shift) {
  expect_shape("y", y.shape, x.shape);
  check_finite("scale", scale);
  check_finite("shift", shift);
}

void copy::check(AnyIn x, AnyOut y) {
  check_dtype("y", y.dtype, x.dtype);
  expect_shape("y", y.shape, x.shape);
}

void fill::check(AnyOut y, double value) { check_value(value, y.dtype); }

void expect_rows_within(In<int32_t> rows, int64_t extent) {
  // Branchless, so that it vectorises; the culprit is looked for only when there is one.
  const int64_t count = rows.size();
  bool outside = false;
  for (int64_t i = 0; i < count; ++i) outside |= rows.data[i] < 0 || rows.data[i] >= extent;
  if (!outside) return;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = rows.data[i];
    if (row < 0 || row >= extent) throw row_error(row, i, extent);
  }
}

ArgumentError row_error(int64_t row, int64_t index, int64_t extent) {
  return {"rows[" + std::to_string(index) + "]", "a row of the table's " + std::to_string(extent), std::to_string(row)};
}

}  // namespace hebb::ops
