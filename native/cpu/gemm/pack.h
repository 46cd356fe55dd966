// Copies that packers are made of.
#pragma once
#include "cpu/gemm/gemm.h"
#include "cpu/gemm/transpose.h"

namespace hebb::cpu::HEBB_ISA {

HEBB_INLINE int64_t round_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }
HEBB_INLINE int64_t at_most(int64_t value, int64_t limit) { return value < limit ? value : limit; }

HEBB_INLINE void copy_floats(const float* from, float* to, int64_t count) {
  constexpr int width = Vec::width;
  int64_t index = 0;
  for (; index + width <= count; index += width) store(to + index, load(from + index));
  if (index < count) {
    const int rest = static_cast<int>(count - index);
    store_partial(to + index, load_partial(from + index, rest), rest);
  }
}

HEBB_INLINE void zero_floats(float* to, int64_t count) {
  constexpr int width = Vec::width;
  int64_t index = 0;
  for (; index + width <= count; index += width) store(to + index, zero());
  if (index < count) store_partial(to + index, zero(), static_cast<int>(count - index));
}

// The first `count` vectors, one by one, `step` floats apart.
HEBB_INLINE void store_apart(const Vec (&vectors)[Vec::width], int count, float* to, int64_t step) {
  if (count == Vec::width) {
#pragma GCC unroll 16
    for (int index = 0; index < Vec::width; ++index) store(to + index * step, vectors[index]);
  } else {
#pragma GCC unroll 16
    for (int index = 0; index < Vec::width; ++index)
      if (index < count) store(to + index * step, vectors[index]);
  }
}

// to[column * to_stride + row] = from[row * from_stride + column] for row < rows, column < columns; rows at most
// Vec::width. Rows of `to` are written to Vec::width, with zeros past `rows`.
HEBB_INLINE void transpose_strip(const float* from, int64_t from_stride, int rows, int64_t columns, float* to,
                                 int64_t to_stride) {
  constexpr int width = Vec::width;
  for (int64_t column = 0; column < columns; column += width) {
    const int lanes = static_cast<int>(at_most(columns - column, width));
    const float* source = from + column;
    Vec block[width];
    if (rows == width && lanes == width) {
#pragma GCC unroll 16
      for (int row = 0; row < width; ++row) block[row] = load(source + row * from_stride);
    } else {
#pragma GCC unroll 16
      for (int row = 0; row < width; ++row)
        block[row] = row < rows ? load_partial(source + row * from_stride, lanes) : zero();
    }
    transpose(block);
    store_apart(block, lanes, to + column * to_stride, to_stride);
  }
}

// `length` depths of a panel of a, from rows that begin where begin(row) says: to[k * tile_rows + row] = begin(row)[k].
// What lies between the rows and tile_rows is undefined.
template <class Begin>
HEBB_INLINE void pack_rows_of_a(const Begin& begin, int64_t rows, int64_t length, float* to) {
  constexpr int width = Vec::width, strip = tile_rows < width ? tile_rows : width;
  // With one strip a depth's last lanes lie where the next depth begins, which is stored after it.
  static_assert(tile_rows % strip == 0);
  for (int64_t k = 0; k < length; k += width) {
    const int lanes = static_cast<int>(at_most(length - k, width));
    for (int64_t first = 0; first < rows; first += strip) {
      const auto row_of = [&](int row) __attribute__((always_inline)) {
        return begin(first + row < rows ? first + row : first) + k;
      };
      Vec block[width];
      if (lanes == width) {
#pragma GCC unroll 16
        for (int row = 0; row < width; ++row) block[row] = row < strip ? load(row_of(row)) : zero();
      } else {
#pragma GCC unroll 16
        for (int row = 0; row < width; ++row) block[row] = row < strip ? load_partial(row_of(row), lanes) : zero();
      }
      transpose(block);
      store_apart(block, lanes, to + k * tile_rows + first, tile_rows);
    }
  }
}

// Depths [k, k + length) of a block of b, from a matrix whose depth 0 is the block's k and whose index_stride is 1.
// Depth by depth, so that the matrix is read in the order of its addresses.
HEBB_INLINE void pack_rows_of_b(const Matrix& matrix, const Block& block, int64_t k, int64_t length) {
  constexpr int width = Vec::width;
  const float* from = matrix.data + block.first;
  const int64_t whole = block.count / tile_columns, rest = block.count - whole * tile_columns;
  const int64_t rest_width = round_up(rest, width);
  for (const int64_t end = k + length; k < end; ++k, from += matrix.depth_stride) {
    float* to = block.panels + k * tile_columns;
    for (int64_t panel = 0; panel < whole; ++panel, to += b_panel_floats)
      for (int v = 0; v < tile_vectors; ++v) store(to + v * width, load(from + panel * tile_columns + v * width));
    to = block.panels + whole * b_panel_floats + k * rest_width;
    for (int64_t column = 0; column < rest; column += width, to += width)
      store(to, load_partial(from + whole * tile_columns + column, static_cast<int>(at_most(rest - column, width))));
  }
}

}  // namespace hebb::cpu::HEBB_ISA
