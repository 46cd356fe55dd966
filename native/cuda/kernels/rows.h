// Rows of a table that tensors name.
#pragma once
#include "cuda/launch.h"

namespace hebb::cuda {

// rows[i], or -1 and a report if the table, of `extent` rows, has no such row.
__device__ inline int32_t row_within(const int32_t* rows, int64_t i, int64_t extent, DeviceFailure* failure) {
  const int32_t row = rows[i];
  if (row >= 0 && row < extent) return row;
  report(failure, Failure::row, row, i, extent);
  return -1;
}

// For all of them, by all threads of the grid.
__device__ inline void check_rows(const int32_t* rows, int64_t count, int64_t extent, DeviceFailure* failure) {
  for (int64_t i = first_index(); i < count; i += index_step()) row_within(rows, i, extent, failure);
}

}  // namespace hebb::cuda
