// Kernels that copy contiguous runs: slice, pad, concat, gather_rows, copy, fill.
#include "cpu/kernels/runs.h"
#include "ops/movement.h"
#include "ops/pattern.h"

namespace hebb::cpu::HEBB_ISA {

void slice(AnyIn x, AnyOut y, Ints starts) {
  if (y.size() == 0) return;
  const int64_t size = size_of(x.dtype);
  const Region region(x.shape, y.shape, starts);
  const char* from = static_cast<const char*>(x.data) + region.start * size;
  char* to = static_cast<char*>(y.data);
  const int64_t run = region.inner_run * size, stride = region.outer_run * size;
  for_each_run(y.bytes(), run, [&](int64_t row, int64_t offset, int64_t count) {
    std::memcpy(to + row * run + offset, from + region.outer_row(row) * stride + offset, count);
  });
}

void pad(AnyIn x, AnyOut y, Ints starts, double value) {
  if (y.size() == 0) return;
  if (x.size() == 0) {
    char* to = static_cast<char*>(y.data);
    const uint32_t pattern = pattern_of(value, y.dtype);
    parallel_for(y.bytes(), copy_grain_bytes,
                 [=](int64_t begin, int64_t end) { fill_bytes(to + begin, end - begin, pattern); });
    return;
  }
  const int64_t size = size_of(x.dtype);
  const Region region(y.shape, x.shape, starts);
  const char* from = static_cast<const char*>(x.data);
  char* to = static_cast<char*>(y.data);
  const uint32_t pattern = pattern_of(value, y.dtype);
  const int64_t run = region.outer_run * size, inner_run = region.inner_run * size, start = region.start * size;
  for_each_run(y.bytes(), run, [&](int64_t row, int64_t offset, int64_t count) {
    char* piece = to + row * run + offset;
    const int64_t inner = region.inner_row(row);
    // Of the piece [offset, offset + count), what x covers.
    const int64_t end = offset + count, inner_end = start + inner_run;
    const int64_t low = inner < 0 || start > end ? end : start > offset ? start : offset;
    const int64_t high = inner < 0 || inner_end < low ? low : inner_end < end ? inner_end : end;
    fill_bytes(piece, low - offset, pattern);
    std::memcpy(piece + (low - offset), from + (inner < 0 ? 0 : inner * inner_run + (low - start)), high - low);
    fill_bytes(piece + (high - offset), end - high, pattern);
  });
}

void concat(List<AnyIn> tensors, AnyOut y, int64_t axis) {
  if (y.size() == 0) return;
  const int64_t inner = y.shape.product(static_cast<int>(axis) + 1, y.shape.rank) * size_of(y.dtype);
  const int64_t run = y.shape.dims[axis] * inner;
  char* to = static_cast<char*>(y.data);
  for_each_run(y.bytes(), run, [&](int64_t row, int64_t offset, int64_t count) {
    const int64_t end = offset + count;
    int64_t start = 0;
    for (const AnyIn& x : tensors) {
      const int64_t length = x.shape.dims[axis] * inner;
      const int64_t low = start > offset ? start : offset, high = start + length < end ? start + length : end;
      if (low < high) {
        std::memcpy(to + row * run + low, static_cast<const char*>(x.data) + row * length + (low - start), high - low);
      }
      start += length;
      if (start >= end) break;
    }
  });
}

void gather_rows(AnyIn table, In<int32_t> rows, AnyOut y) {
  ops::expect_rows_within(rows, table.shape.dims[0]);
  if (y.size() == 0) return;
  const int64_t run = table.shape.product(1, table.shape.rank) * size_of(table.dtype);
  const char* from = static_cast<const char*>(table.data);
  char* to = static_cast<char*>(y.data);
  const int32_t* index = rows.data;
  for_each_run(y.bytes(), run, [=](int64_t row, int64_t offset, int64_t count) {
    std::memcpy(to + row * run + offset, from + index[row] * run + offset, count);
  });
}

void copy(AnyIn x, AnyOut y) { copy_parallel(y.data, x.data, y.bytes()); }

void fill(AnyOut y, double value) {
  char* to = static_cast<char*>(y.data);
  const uint32_t pattern = pattern_of(value, y.dtype);
  parallel_for(y.bytes(), copy_grain_bytes,
               [=](int64_t begin, int64_t end) { fill_bytes(to + begin, end - begin, pattern); });
}

}  // namespace hebb::cpu::HEBB_ISA
