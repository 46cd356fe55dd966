// Element by element, through coordinates.
#include "ops/movement.h"

#include <cmath>
#include <cstring>

namespace hebb::ref {
namespace {

// The coordinates of the element at a row-major index.
Ints coordinates(int64_t index, const Shape& shape) {
  Ints at = shape;
  for (int axis = shape.rank - 1; axis >= 0; --axis) {
    at.dims[axis] = index % shape.dims[axis];
    index /= shape.dims[axis];
  }
  return at;
}

int64_t index_of(const Ints& at, const Shape& shape) {
  int64_t index = 0;
  for (int axis = 0; axis < shape.rank; ++axis) index = index * shape.dims[axis] + at.dims[axis];
  return index;
}

void copy_elements(AnyOut y, int64_t to, AnyIn x, int64_t from, int64_t count) {
  const int64_t size = size_of(x.dtype);
  if (count > 0) {
    std::memcpy(static_cast<char*>(y.data) + to * size, static_cast<const char*>(x.data) + from * size, count * size);
  }
}

float read(AnyIn x, int64_t i) {
  if (x.dtype == DType::float32) return static_cast<const float*>(x.data)[i];
  if (x.dtype == DType::int32) return static_cast<float>(static_cast<const int32_t*>(x.data)[i]);
  return static_cast<const uint8_t*>(x.data)[i];
}

int64_t read_integer(AnyIn x, int64_t i) {
  return x.dtype == DType::int32 ? static_cast<const int32_t*>(x.data)[i] : static_cast<const uint8_t*>(x.data)[i];
}

// Truncates and saturates; NaN is 0.
void write(AnyOut y, int64_t i, double value) {
  if (y.dtype == DType::float32) {
    static_cast<float*>(y.data)[i] = static_cast<float>(value);
    return;
  }
  const double low = y.dtype == DType::uint8 ? 0 : -2147483648.0, high = y.dtype == DType::uint8 ? 255 : 2147483647.0;
  const double whole = std::isnan(value) ? 0 : std::fmin(std::fmax(std::trunc(value), low), high);
  if (y.dtype == DType::uint8) {
    static_cast<uint8_t*>(y.data)[i] = static_cast<uint8_t>(whole);
  } else {
    static_cast<int32_t*>(y.data)[i] = static_cast<int32_t>(whole);
  }
}

}  // namespace

void fill(AnyOut y, double value) {
  for (int64_t i = 0; i < y.size(); ++i) write(y, i, value);
}

void transpose(AnyIn x, AnyOut y, Ints permutation) {
  for (int64_t i = 0; i < y.size(); ++i) {
    const Ints at = coordinates(i, y.shape);
    Ints from = at;
    for (int axis = 0; axis < at.rank; ++axis) from.dims[permutation[axis]] = at[axis];
    copy_elements(y, i, x, index_of(from, x.shape), 1);
  }
}

void slice(AnyIn x, AnyOut y, Ints starts) {
  for (int64_t i = 0; i < y.size(); ++i) {
    Ints at = coordinates(i, y.shape);
    for (int axis = 0; axis < at.rank; ++axis) at.dims[axis] += starts[axis];
    copy_elements(y, i, x, index_of(at, x.shape), 1);
  }
}

void pad(AnyIn x, AnyOut y, Ints starts, double value) {
  fill(y, value);
  for (int64_t i = 0; i < x.size(); ++i) {
    Ints at = coordinates(i, x.shape);
    for (int axis = 0; axis < at.rank; ++axis) at.dims[axis] += starts[axis];
    copy_elements(y, index_of(at, y.shape), x, i, 1);
  }
}

void concat(List<AnyIn> tensors, AnyOut y, int64_t axis) {
  int64_t start = 0;
  for (const AnyIn& x : tensors) {
    for (int64_t i = 0; i < x.size(); ++i) {
      Ints at = coordinates(i, x.shape);
      at.dims[axis] += start;
      copy_elements(y, index_of(at, y.shape), x, i, 1);
    }
    start += x.shape.dims[axis];
  }
}

void gather_rows(AnyIn table, In<int32_t> rows, AnyOut y) {
  ops::expect_rows_within(rows, table.shape[0]);
  const int64_t width = table.shape.product(1, table.shape.rank);
  for (int64_t i = 0; i < rows.size(); ++i) copy_elements(y, i * width, table, rows.data[i] * width, width);
}

void gather_rows_backward(In<float> grad, In<int32_t> rows, Out<float> dtable) {
  ops::expect_rows_within(rows, dtable.shape[0]);
  const int64_t width = dtable.shape.product(1, dtable.shape.rank);
  for (int64_t i = 0; i < dtable.size(); ++i) dtable.data[i] = 0;
  for (int64_t i = 0; i < rows.size(); ++i)
    for (int64_t j = 0; j < width; ++j) dtable.data[rows.data[i] * width + j] += grad.data[i * width + j];
}

void cast(AnyIn x, AnyOut y, double scale, double shift) {
  const bool exact = x.dtype != DType::float32 && y.dtype != DType::float32 && scale == 1 && shift == 0;
  for (int64_t i = 0; i < x.size(); ++i) {
    if (exact) {
      write(y, i, static_cast<double>(read_integer(x, i)));
    } else {
      const float product = read(x, i) * static_cast<float>(scale);
      write(y, i, product + static_cast<float>(shift));
    }
  }
}

void copy(AnyIn x, AnyOut y) { copy_elements(y, 0, x, 0, x.size()); }

}  // namespace hebb::ref
