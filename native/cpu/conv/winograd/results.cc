#include "cpu/conv/winograd/results.h"

#include "cpu/gemm/pack.h"

namespace hebb::cpu::HEBB_ISA::winograd {
namespace {

constexpr int width = Vec::width;

template <int taps, class Write>
HEBB_INLINE void transform_vector(Unit<taps>, const float* from, int64_t slot_stride, const Write& write) {
  constexpr int outputs = Unit<taps>::result_extent;
  Vec half[outputs][points];
#pragma GCC unroll 6
  for (int column = 0; column < points; ++column) {
    Vec values[points], result[outputs];
#pragma GCC unroll 6
    for (int row = 0; row < points; ++row) values[row] = load(from + (row * points + column) * slot_stride);
    transform_output(values, result);
#pragma GCC unroll 4
    for (int row = 0; row < outputs; ++row) half[row][column] = result[row];
  }
#pragma GCC unroll 4
  for (int row = 0; row < outputs; ++row) {
    Vec result[outputs];
    transform_output(half[row], result);
#pragma GCC unroll 4
    for (int column = 0; column < outputs; ++column) write(row, column, result[column]);
  }
}

HEBB_INLINE Vec product(const float* from, int64_t slot_stride, int row, int column) {
  return load(from + Strided::slot(row, column) * slot_stride);
}
// What the points among the values of a line, or of a column of products, give.
HEBB_INLINE void outputs_of_points(const Vec (&values)[Strided::values], Vec (&outputs)[Strided::pixels]) {
  const Vec at[finite_points] = {values[0], values[1], values[2], values[3], values[4]};
  transform_output(at, outputs);
}
HEBB_INLINE void outputs_of_column(const float* from, int64_t slot_stride, int column,
                                   Vec (&outputs)[Strided::pixels]) {
  Vec at[finite_points];
#pragma GCC unroll 5
  for (int row = 0; row < finite_points; ++row) at[row] = product(from, slot_stride, row, column);
  transform_output(at, outputs);
}

template <class Write>
HEBB_INLINE void transform_vector(Strided, const float* from, int64_t slot_stride, const Write& write) {
  constexpr int outputs = Strided::result_extent, values = Strided::values;
  Vec half[outputs][values];
#pragma GCC unroll 9
  for (int column = 0; column < values; ++column) {
    Vec result[outputs];
    outputs_of_column(from, slot_stride, column, result);
#pragma GCC unroll 4
    for (int row = 0; row < outputs; ++row)
      half[row][column] = result[row] + product(from, slot_stride, finite_points + row, column);
  }
#pragma GCC unroll 4
  for (int row = 0; row < outputs; ++row) {
    Vec result[outputs];
    outputs_of_points(half[row], result);
#pragma GCC unroll 4
    for (int column = 0; column < outputs; ++column)
      write(row, column, result[column] + half[row][finite_points + column]);
  }
}

// A row of the input's gradient: what the middle tap gives and what the outer ones give take turns.
template <class Write>
HEBB_INLINE void write_row(const Vec (&values)[Strided::values], int row, const Write& write) {
  Vec result[Strided::pixels];
  outputs_of_points(values, result);
#pragma GCC unroll 4
  for (int column = 0; column < Strided::pixels; ++column) {
    write(row, 2 * column, values[finite_points + column]);
    write(row, 2 * column + 1, result[column]);
  }
}

template <class Write>
HEBB_INLINE void transform_vector(StridedBack, const float* from, int64_t slot_stride, const Write& write) {
  constexpr int values = Strided::values;
  Vec half[Strided::pixels][values];
#pragma GCC unroll 9
  for (int column = 0; column < values; ++column) {
    Vec result[Strided::pixels];
    outputs_of_column(from, slot_stride, column, result);
#pragma GCC unroll 4
    for (int row = 0; row < Strided::pixels; ++row) half[row][column] = result[row];
  }
#pragma GCC unroll 4
  for (int row = 0; row < Strided::pixels; ++row) {
    Vec line[values];
#pragma GCC unroll 9
    for (int column = 0; column < values; ++column)
      line[column] = product(from, slot_stride, finite_points + row, column);
    write_row(line, 2 * row, write);
    write_row(half[row], 2 * row + 1, write);
  }
}

// Part of a tile's pixels, or of a vector's lanes. Apart, or it would cost whole tiles their registers.
template <class Form>
__attribute__((noinline)) void write_edge(const float* from, int64_t slot_stride, const Results& results,
                                          const ColumnsEpilogue& epilogue, int64_t pixel, int64_t rows, int64_t columns,
                                          int lanes, float* to) {
  const int64_t line = results.width * results.pixel;
  transform_vector(Form(), from, slot_stride, [&](int row, int column, Vec value) {
    if (row < rows && column < columns)
      store_partial(to + row * line + column * results.pixel, epilogue.of(value, pixel + row * results.width + column),
                    lanes);
  });
}

}  // namespace

template <class Form>
void write_results(const Products& products, int64_t first, int64_t count, int64_t filter, int64_t filters,
                   const Results& results) {
  constexpr int outputs = Form::result_extent;
  const int64_t per_image = results.rows * results.columns;
  int64_t image = first / per_image, rest = first - image * per_image;
  int64_t tile_row = rest / results.columns, tile_column = rest - tile_row * results.columns;
  const int64_t line = results.width * results.pixel;
  for (int64_t tile = 0; tile < count; ++tile) {
    const int64_t top = tile_row * outputs, left = tile_column * outputs;
    const int64_t rows = at_most(results.height - top, outputs), columns = at_most(results.width - left, outputs);
    const int64_t pixel = (image * results.height + top) * results.width + left;
    float* const corner = results.data + pixel * results.pixel + filter;
    const float* const from = products.data + tile * products.tile_stride;
    for (int64_t offset = 0; offset < filters; offset += width) {
      const int lanes = static_cast<int>(at_most(filters - offset, width));
      const ColumnsEpilogue epilogue(results.epilogue, filter + offset, lanes);
      float* const to = corner + offset;
      if (rows == outputs && columns == outputs && lanes == width) {
        // The next tile's lines are fetched before they are written.
        transform_vector(Form(), from + offset, products.slot_stride, [&](int row, int column, Vec value) {
          __builtin_prefetch(to + row * line + (column + outputs) * results.pixel, 1, 2);
          store(to + row * line + column * results.pixel, epilogue.of(value, pixel + row * results.width + column));
        });
      } else {
        write_edge<Form>(from + offset, products.slot_stride, results, epilogue, pixel, rows, columns, lanes, to);
      }
    }
    if (++tile_column < results.columns) continue;
    tile_column = 0;
    if (++tile_row < results.rows) continue;
    tile_row = 0;
    ++image;
  }
}

template void write_results<Unit<3>>(const Products&, int64_t, int64_t, int64_t, int64_t, const Results&);
template void write_results<Unit<5>>(const Products&, int64_t, int64_t, int64_t, int64_t, const Results&);
template void write_results<Strided>(const Products&, int64_t, int64_t, int64_t, int64_t, const Results&);
template void write_results<StridedBack>(const Products&, int64_t, int64_t, int64_t, int64_t, const Results&);

}  // namespace hebb::cpu::HEBB_ISA::winograd
