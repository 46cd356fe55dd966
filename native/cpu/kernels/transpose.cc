// Axes that stay together are merged first. What is left is a copy of runs, where the last axis stays last, or planes
// in which rows become columns, transposed tile by tile.
#include "cpu/kernels/runs.h"
#include "cpu/kernels/transpose_4x4.h"
#include "ops/movement.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

// y's axes, outermost first: extents, and their strides in x, in elements.
struct Plan {
  int rank = 0;
  int64_t extents[max_rank], strides[max_rank];

  Plan(const Shape& x, const Ints& permutation) {
    for (int axis = 0; axis < x.rank; ++axis) {
      const int source = static_cast<int>(permutation.dims[axis]);
      const int64_t extent = x.dims[source], stride = x.product(source + 1, x.rank);
      if (extent == 1) continue;
      if (rank > 0 && strides[rank - 1] == extent * stride) {
        extents[rank - 1] *= extent;
        strides[rank - 1] = stride;
      } else {
        extents[rank] = extent;
        strides[rank++] = stride;
      }
    }
  }
};

template <class T>
void transpose_block(T* to, int64_t to_stride, const T* from, int64_t from_stride, int64_t rows, int64_t columns) {
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column)
      to[row * to_stride + column] = from[row + column * from_stride];
}

constexpr int64_t tile_edge = 32, tile_elements = tile_edge * tile_edge, narrow = 4;

// By way of a small buffer, so that both tensors are touched in long runs: with a power of two between its rows, a
// tile's lines would drive each other out of the cache. The next tile's lines, too far apart for the processor to
// foresee, are asked for early.
void transpose_block(Word* to, int64_t to_stride, const Word* from, int64_t from_stride, int64_t rows,
                     int64_t columns) {
  if (rows < narrow || columns < narrow) {
    return transpose_block<Word>(to, to_stride, from, from_stride, rows, columns);
  }
  constexpr int64_t line = 16;  // elements
  const Word* next = from + columns * from_stride;
  for (int64_t column = 0; column < columns; ++column)
    for (int64_t row = 0; row < rows; row += line) __builtin_prefetch(next + column * from_stride + row);
  Word tile[tile_elements];
  const int64_t whole_rows = rows / 4 * 4, whole_columns = columns / 4 * 4;
  for (int64_t column = 0; column < whole_columns; column += 4)
    for (int64_t row = 0; row < whole_rows; row += 4)
      transpose_4x4(tile + row * tile_edge + column, tile_edge, from + row + column * from_stride, from_stride);
  transpose_block<Word>(tile + whole_columns, tile_edge, from + whole_columns * from_stride, from_stride, whole_rows,
                        columns - whole_columns);
  transpose_block<Word>(tile + whole_rows * tile_edge, tile_edge, from + whole_rows, from_stride, rows - whole_rows,
                        columns);
  for (int64_t row = 0; row < rows; ++row)
    std::memcpy(to + row * to_stride, tile + row * tile_edge, static_cast<size_t>(columns) * sizeof(Word));
}

int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

template <class T>
void transpose_planes(const Plan& plan, T* to, const T* from) {
  constexpr int64_t grain_elements = int64_t{1} << 15;
  const int last = plan.rank - 1;
  int rows_axis = 0;  // of y: the one along which x is contiguous
  while (plan.strides[rows_axis] != 1) ++rows_axis;
  int64_t to_strides[max_rank], stride = 1;
  for (int axis = last; axis >= 0; stride *= plan.extents[axis--]) to_strides[axis] = stride;
  const int64_t rows = plan.extents[rows_axis], columns = plan.extents[last];
  // A plane too narrow for blocks of 4 x 4 gets long tiles.
  const int64_t tile_rows = smaller(rows, columns < narrow ? tile_elements / columns : tile_edge);
  const int64_t tile_columns = smaller(columns, rows < narrow ? tile_elements / rows : tile_edge);
  const int64_t row_tiles = (rows + tile_rows - 1) / tile_rows;
  const int64_t column_tiles = (columns + tile_columns - 1) / tile_columns;
  const int64_t tiles = stride / rows / columns * row_tiles * column_tiles;
  parallel_for(tiles, grain_elements / (tile_rows * tile_columns) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t tile = begin; tile < end; ++tile) {
      int64_t rest = tile;
      const int64_t column = rest % column_tiles * tile_columns;
      rest /= column_tiles;
      const int64_t row = rest % row_tiles * tile_rows;
      rest /= row_tiles;
      int64_t source = row + column * plan.strides[last];
      int64_t target = row * to_strides[rows_axis] + column;
      for (int axis = last - 1; axis >= 0; --axis) {
        if (axis == rows_axis) continue;
        const int64_t at = rest % plan.extents[axis];
        rest /= plan.extents[axis];
        source += at * plan.strides[axis];
        target += at * to_strides[axis];
      }
      transpose_block(to + target, to_strides[rows_axis], from + source, plan.strides[last],
                      smaller(tile_rows, rows - row), smaller(tile_columns, columns - column));
    }
  });
}

}  // namespace

void transpose(AnyIn x, AnyOut y, Ints permutation) {
  if (y.size() == 0) return;
  const Plan plan(x.shape, permutation);
  if (plan.rank <= 1) return copy_parallel(y.data, x.data, y.bytes());
  const int64_t size = size_of(x.dtype);
  const int last = plan.rank - 1;
  if (plan.strides[last] == 1) {
    const int64_t run = plan.extents[last] * size;
    const char* from = static_cast<const char*>(x.data);
    char* to = static_cast<char*>(y.data);
    for_each_run(y.bytes(), run, [&](int64_t row, int64_t offset, int64_t count) {
      int64_t source = 0, rest = row;
      for (int axis = last - 1; axis >= 0; --axis) {
        source += rest % plan.extents[axis] * plan.strides[axis];
        rest /= plan.extents[axis];
      }
      std::memcpy(to + row * run + offset, from + source * size + offset, count);
    });
  } else if (size == 1) {
    transpose_planes(plan, static_cast<uint8_t*>(y.data), static_cast<const uint8_t*>(x.data));
  } else {
    transpose_planes(plan, static_cast<Word*>(y.data), static_cast<const Word*>(x.data));
  }
}

}  // namespace hebb::cpu::HEBB_ISA
