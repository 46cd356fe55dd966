// Kernels that copy runs: slice, pad and gather_rows.
#include <cstring>

#include "cuda/kernels/move.h"
#include "cuda/kernels/rows.h"
#include "ops/movement.h"
#include "ops/pattern.h"

namespace hebb::cuda {

decltype(ops::fill::check) fill;

namespace {

// Where an element of a large box lies in a smaller one within it, or -1. Axes from the innermost on; one that the
// smaller box takes whole is merged with the next.
struct Inside {
  int rank = 0;
  Divider outer[max_rank];
  int64_t inner[max_rank] = {}, starts[max_rank] = {};

  void add(int64_t outer_extent, int64_t inner_extent, int64_t start) {
    if (rank > 0 && inner[rank - 1] == outer[rank - 1].divisor()) {
      --rank;
      start *= inner[rank];
      inner_extent *= inner[rank];
      outer_extent *= inner[rank];
    }
    outer[rank] = Divider(outer_extent);
    inner[rank] = inner_extent;
    starts[rank++] = start;
  }

  __device__ int64_t operator()(int64_t index) const {
    int64_t offset = 0, stride = 1;
    bool inside = true;
#pragma unroll
    for (int axis = 0; axis < max_rank; ++axis) {
      if (axis == rank) break;
      const int64_t rest = outer[axis].quotient(index);
      const int64_t at = index - rest * outer[axis].divisor() - starts[axis];
      inside &= at >= 0 && at < inner[axis];
      offset += at * stride;
      stride *= inner[axis];
      index = rest;
    }
    return inside ? offset : -1;
  }
};

// The same in accesses of so many elements.
Inside in_units(Inside box, int64_t elements) {
  if (box.rank == 0) return box;
  box.outer[0] = Divider(box.outer[0].divisor() / elements);
  box.inner[0] /= elements;
  box.starts[0] /= elements;
  return box;
}

// As much of a pattern of four bytes as fills a T.
template <class T>
T repeat(uint32_t pattern) {
  T result;
  for (size_t at = 0; at < sizeof(T); at += sizeof(pattern)) {
    std::memcpy(reinterpret_cast<char*>(&result) + at, &pattern, std::min(sizeof(T), sizeof(pattern)));
  }
  return result;
}

// Of y's elements, in accesses of `width` to a row: those of the table's rows.
struct Rows {
  Divider width;
  const int32_t* rows;
  int64_t extent;
  DeviceFailure* failure;
  __device__ int64_t operator()(int64_t index) const {
    const int64_t i = width.quotient(index), row = row_within(rows, i, extent, failure);
    return row < 0 ? -1 : row * width.divisor() + (index - i * width.divisor());
  }
};

__global__ void check_only(const int32_t* rows, int64_t count, int64_t extent, DeviceFailure* failure) {
  check_rows(rows, count, extent, failure);
}

}  // namespace

void slice(AnyIn x, AnyOut y, Ints starts) {
  if (y.size() == 0) return;
  Axes axes;
  int64_t stride = 1;
  for (int axis = x.shape.rank - 1; axis >= 0; --axis) {
    axes.add(y.shape.dims[axis], stride);
    axes.start += starts.dims[axis] * stride;
    stride *= x.shape.dims[axis];
  }
  gather(x.data, y.data, axes, size_of(x.dtype));
}

void pad(AnyIn x, AnyOut y, Ints starts, double value) {
  if (x.size() == 0 || y.size() == 0) return fill(y, value);
  Inside box;
  for (int axis = y.shape.rank - 1; axis >= 0; --axis) {
    box.add(y.shape.dims[axis], x.shape.dims[axis], starts.dims[axis]);
  }
  const int64_t size = size_of(y.dtype);
  Unit unit(size);
  unit.fit(box.rank > 0 ? box.outer[0].divisor() * size : size);
  unit.fit(box.inner[0] * size);
  unit.fit(box.starts[0] * size);
  const int64_t count = y.bytes() / unit.bytes();
  with_type_of(unit.bytes(), [&](auto zero) {
    using T = decltype(zero);
    launch(pipeline_grid(count), {}, move_elements<T, Inside, Itself>, static_cast<const T*>(x.data),
           static_cast<T*>(y.data), count, in_units(box, unit.elements()), Itself{},
           repeat<T>(pattern_of(value, y.dtype)));
  });
}

void gather_rows(AnyIn table, In<int32_t> rows, AnyOut y) {
  const int64_t extent = table.shape.dims[0], count = rows.size();
  DeviceFailure* const failure = Context::current().failure();
  if (y.size() == 0) {
    launch(grid_for(count), {}, check_only, rows.data, count, extent, failure);
    return;
  }
  const int64_t run = table.shape.product(1, table.shape.rank) * size_of(table.dtype);
  Unit unit(size_of(table.dtype));
  unit.fit(run);
  move(table.data, y.data, y.bytes() / unit.bytes(), unit.bytes(),
       Rows{Divider(run / unit.bytes()), rows.data, extent, failure}, Itself{});
}

}  // namespace hebb::cuda
