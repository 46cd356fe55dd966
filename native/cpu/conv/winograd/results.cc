#include "cpu/conv/winograd/results.h"

#include "cpu/gemm/pack.h"

namespace hebb::cpu::HEBB_ISA::winograd {
namespace {

constexpr int width = Vec::width;

template <int outputs, class Write>
HEBB_INLINE void transform_vector(const float* from, int64_t frequency_stride, const Write& write) {
  Vec half[outputs][points];
#pragma GCC unroll 6
  for (int column = 0; column < points; ++column) {
    Vec values[points], result[outputs];
#pragma GCC unroll 6
    for (int row = 0; row < points; ++row) values[row] = load(from + (row * points + column) * frequency_stride);
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

// Part of a tile's pixels, or of a vector's lanes. Apart, or it would cost whole tiles their registers.
template <int outputs>
__attribute__((noinline)) void write_edge(const float* from, int64_t frequency_stride, const Results& results,
                                          const ColumnsEpilogue& epilogue, int64_t pixel, int64_t rows, int64_t columns,
                                          int lanes, float* to) {
  const int64_t line = results.width * results.pixel;
  transform_vector<outputs>(from, frequency_stride, [&](int row, int column, Vec value) {
    if (row < rows && column < columns)
      store_partial(to + row * line + column * results.pixel, epilogue.of(value, pixel + row * results.width + column),
                    lanes);
  });
}

}  // namespace

template <int taps>
void write_results(const Products& products, int64_t first, int64_t count, int64_t filter, int64_t filters,
                   const Results& results) {
  constexpr int outputs = outputs_of<taps>;
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
        transform_vector<outputs>(from + offset, products.frequency_stride, [&](int row, int column, Vec value) {
          store(to + row * line + column * results.pixel, epilogue.of(value, pixel + row * results.width + column));
        });
      } else {
        write_edge<outputs>(from + offset, products.frequency_stride, results, epilogue, pixel, rows, columns, lanes,
                            to);
      }
    }
    if (++tile_column < results.columns) continue;
    tile_column = 0;
    if (++tile_row < results.rows) continue;
    tile_row = 0;
    ++image;
  }
}

template void write_results<3>(const Products&, int64_t, int64_t, int64_t, int64_t, const Results&);
template void write_results<5>(const Products&, int64_t, int64_t, int64_t, int64_t, const Results&);

}  // namespace hebb::cpu::HEBB_ISA::winograd
