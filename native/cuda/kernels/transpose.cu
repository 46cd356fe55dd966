// Axes that stay together are merged first. What is left is a copy of runs, where the last axis stays last, or planes
// in which rows become columns: tile by tile through shared memory, so that both sides are read and written in runs, or
// element by element where the planes are too narrow for tiles.
#include "cuda/kernels/move.h"
#include "ops/movement.h"

namespace hebb::cuda {

decltype(ops::copy::check) copy;

namespace {

constexpr int tile = 32, tile_threads = 8;  // a block of tile x tile_threads threads moves tile x tile elements

// y's axes, with their strides in x. `rows` is the one along which x is contiguous, axis 0 ("columns") is y's last.
struct Planes {
  int64_t rows, columns, x_stride, y_stride;  // from column to column in x, from row to row in y
  Divider row_tiles, column_tiles;
  Strided x_planes, y_planes;
};

template <class T>
__global__ void transpose_tiles(const T* x, T* y, Planes planes) {
  __shared__ T buffer[tile][tile + 1];
  const int thread_x = static_cast<int>(threadIdx.x), thread_y = static_cast<int>(threadIdx.y);
  int64_t plane = planes.column_tiles.quotient(blockIdx.x);
  const int64_t column = (blockIdx.x - plane * planes.column_tiles.divisor()) * tile;
  int64_t row = plane;
  plane = planes.row_tiles.quotient(plane);
  row = (row - plane * planes.row_tiles.divisor()) * tile;
  const T* const from = x + planes.x_planes(plane) + row + column * planes.x_stride;
  T* const to = y + planes.y_planes(plane) + row * planes.y_stride + column;
  const int64_t rows = planes.rows - row, columns = planes.columns - column;  // from here on
#pragma unroll
  for (int j = thread_y; j < tile; j += tile_threads) {
    if (thread_x < rows && j < columns) buffer[j][thread_x] = from[thread_x + j * planes.x_stride];
  }
  __syncthreads();
#pragma unroll
  for (int j = thread_y; j < tile; j += tile_threads) {
    if (thread_x < columns && j < rows) to[thread_x + j * planes.y_stride] = buffer[thread_x][j];
  }
}

template <class T>
void transpose_planes(const void* x, void* y, const Axes& axes, int rows_axis) {
  int64_t y_strides[max_rank] = {1};
  for (int axis = 1; axis < axes.rank; ++axis) y_strides[axis] = y_strides[axis - 1] * axes.extents[axis - 1];
  Axes x_planes, y_planes;
  int64_t planes = 1;
  for (int axis = 1; axis < axes.rank; ++axis) {
    if (axis == rows_axis) continue;
    planes *= axes.extents[axis];
    x_planes.add(axes.extents[axis], axes.strides[axis]);
    y_planes.add(axes.extents[axis], y_strides[axis]);
  }
  const int64_t rows = axes.extents[rows_axis], columns = axes.extents[0];
  const int64_t row_tiles = blocks_for(rows, tile), column_tiles = blocks_for(columns, tile);
  launch({planes * row_tiles * column_tiles}, {tile, tile_threads}, transpose_tiles<T>, static_cast<const T*>(x),
         static_cast<T*>(y),
         Planes{rows, columns, axes.strides[0], y_strides[rows_axis], Divider(row_tiles), Divider(column_tiles),
                Strided(x_planes), Strided(y_planes)});
}

// x's axes, with their strides in y.
Axes scatter_axes(const Shape& y, const Ints& permutation) {
  Axes axes;
  for (int source = y.rank - 1; source >= 0; --source) {
    int axis = 0;
    while (permutation.dims[axis] != source) ++axis;
    axes.add(y.dims[axis], y.product(axis + 1, y.rank));
  }
  return axes;
}

}  // namespace

void transpose(AnyIn x, AnyOut y, Ints permutation) {
  constexpr int64_t narrow = 8;
  if (y.size() == 0) return;
  Axes axes;
  for (int axis = y.shape.rank - 1; axis >= 0; --axis) {
    const int source = static_cast<int>(permutation.dims[axis]);
    axes.add(x.shape.dims[source], x.shape.product(source + 1, x.shape.rank));
  }
  if (axes.rank <= 1) return copy(x, y);
  const int64_t size = size_of(x.dtype);
  int rows_axis = 0;
  while (axes.strides[rows_axis] != 1) ++rows_axis;
  if (rows_axis == 0 || axes.extents[0] < narrow) return gather(x.data, y.data, axes, size);
  if (axes.extents[rows_axis] < narrow) {
    return move(x.data, y.data, y.size(), size, Itself{}, Strided(scatter_axes(y.shape, permutation)));
  }
  if (size == 1) return transpose_planes<uint8_t>(x.data, y.data, axes, rows_axis);
  transpose_planes<uint32_t>(x.data, y.data, axes, rows_axis);
}

}  // namespace hebb::cuda
