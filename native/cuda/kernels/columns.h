// How the threads of a block share columns: a tile of them side by side, so that reads are contiguous, and several
// threads down each.
#pragma once
#include "cuda/launch.h"

namespace hebb::cuda {

constexpr int column_threads = 256;  // of a block

struct ColumnTiles {
  int64_t columns;  // in all
  int width;        // columns of a tile
  int count;        // threads that share a column

  __host__ __device__ int64_t tiles() const { return (columns + width - 1) / width; }
  __device__ int64_t column(int64_t tile) const { return tile * width + static_cast<int>(threadIdx.x) % width; }
  __device__ int rank() const { return static_cast<int>(threadIdx.x) / width; }  // `count` or more: an idle thread
  // Every thread gets its column's result; idle threads must call, too. Synchronises the block.
  template <class T, class Combine>
  __device__ T reduce(T value, T, Combine combine) const {
    if (count == 1) return value;
    __shared__ T partial[column_threads];
    const int thread = static_cast<int>(threadIdx.x);
    partial[thread] = value;
    int half = 1;
    while (half < count) half *= 2;
    while ((half /= 2) > 0) {
      __syncthreads();
      if (rank() < half && rank() + half < count) {
        partial[thread] = combine(partial[thread], partial[thread + half * width]);
      }
    }
    __syncthreads();
    value = partial[thread % width];
    __syncthreads();  // partial may be used again
    return value;
  }
};

// Threads share a column once it is long, up to `most` of them; if there are few columns, as many as fit.
inline ColumnTiles tile_columns(int64_t columns, int64_t extent, int most) {
  constexpr int64_t rows_of_thread = 8;
  int64_t count = 1;
  while (count < most && count * rows_of_thread < extent) count *= 2;
  const int64_t width = std::max<int64_t>(std::min<int64_t>(columns, column_threads / count), 1);
  count = std::max<int64_t>(std::min<int64_t>(column_threads / width, extent), 1);
  return {columns, static_cast<int>(width), static_cast<int>(count)};
}

}  // namespace hebb::cuda
