#include "cuda/kernels/divider.h"
#include "cuda/kernels/unit.h"
#include "cuda/launch.h"
#include "ops/movement.h"

namespace hebb::cuda {
namespace {

constexpr int parts_of_launch = 96;
constexpr int threads = 256, per_thread = 4, tile = threads * per_thread;  // of one part, a block

// The tensors of one launch, as [rows, width] each, in accesses of the same number of bytes.
struct Parts {
  const void* from[parts_of_launch];
  Divider widths[parts_of_launch];
  int64_t starts[parts_of_launch];       // within y's row
  int first_tiles[parts_of_launch + 1];  // the last: how many there are
  int count = 0;
  int64_t rows, y_width;
};
static_assert(sizeof(Parts) <= 4000, "a kernel's arguments are 4 KiB at most");

template <class T>
__global__ void copy_parts(Parts parts, T* y) {
  const int block = static_cast<int>(blockIdx.x);
  int part = 0, end = parts.count;  // the last part that begins at this tile or before
  while (end - part > 1) {
    const int middle = (part + end) / 2;
    (parts.first_tiles[middle] <= block ? part : end) = middle;
  }
  const T* const from = static_cast<const T*>(parts.from[part]);
  const Divider width = parts.widths[part];
  const int64_t count = parts.rows * width.divisor();
  const int64_t first = static_cast<int64_t>(block - parts.first_tiles[part]) * tile + threadIdx.x;
  T* const to = y + parts.starts[part];
  T values[per_thread] = {};
#pragma unroll
  for (int k = 0; k < per_thread; ++k) {
    if (first + k * threads < count) values[k] = from[first + k * threads];
  }
#pragma unroll
  for (int k = 0; k < per_thread; ++k) {
    const int64_t i = first + k * threads, row = width.quotient(i);
    if (i < count) to[row * parts.y_width + (i - row * width.divisor())] = values[k];
  }
}

void launch_parts(const Parts& parts, int64_t bytes, void* y) {
  with_type_of(bytes, [&](auto zero) {
    using T = decltype(zero);
    launch({parts.first_tiles[parts.count]}, {threads}, copy_parts<T>, parts, static_cast<T*>(y));
  });
}

}  // namespace

void concat(List<AnyIn> tensors, AnyOut y, int64_t axis) {
  if (y.size() == 0) return;
  const int64_t inner = y.shape.product(static_cast<int>(axis) + 1, y.shape.rank) * size_of(y.dtype);
  Unit unit(size_of(y.dtype));
  for (const AnyIn& x : tensors) unit.fit(x.shape.dims[axis] * inner);
  Parts parts;
  parts.rows = y.shape.product(0, static_cast<int>(axis));
  parts.y_width = y.shape.dims[axis] * inner / unit.bytes();
  parts.first_tiles[0] = 0;
  int64_t start = 0;
  for (const AnyIn& x : tensors) {
    const int64_t width = x.shape.dims[axis] * inner / unit.bytes();
    if (width == 0) continue;
    if (parts.count == parts_of_launch) {
      launch_parts(parts, unit.bytes(), y.data);
      parts.count = 0;
    }
    parts.from[parts.count] = x.data;
    parts.widths[parts.count] = Divider(width);
    parts.starts[parts.count] = start;
    start += width;
    const int tiles = static_cast<int>(blocks_for(parts.rows * width, tile));
    parts.first_tiles[parts.count + 1] = parts.first_tiles[parts.count] + tiles;
    ++parts.count;
  }
  launch_parts(parts, unit.bytes(), y.data);
}

}  // namespace hebb::cuda
