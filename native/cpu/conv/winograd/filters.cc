#include "cpu/conv/winograd/filters.h"

#include "cpu/gemm/pack.h"

namespace hebb::cpu::HEBB_ISA::winograd {
namespace {

constexpr int width = Vec::width;
// A vector of filters at up to width depths, tap by tap.
template <int taps>
struct Square {
  float values[taps * taps][width * width];
};

template <int taps>
void gather(const Filters& source, const float* from, int filters, int depths, Square<taps>& square) {
  constexpr int tap_count = taps * taps;
  for (int tap = 0; tap < tap_count; ++tap) {
    const float* taps_from = from + (source.mirrored ? tap_count - 1 - tap : tap) * source.tap_stride;
    float* to = square.values[tap];
    if (source.depth_stride == 1) {
      transpose_strip(taps_from, source.filter_stride, filters, depths, to, width);
    } else {
      for (int depth = 0; depth < depths; ++depth)
        store(to + depth * width, load_partial(taps_from + depth * source.depth_stride, filters));
    }
  }
}

template <int taps>
void transform(const Square<taps>& square, int depth, float* to, int64_t frequency_stride) {
  Vec half[points][taps];
#pragma GCC unroll 5
  for (int column = 0; column < taps; ++column) {
    Vec values[taps], result[points];
#pragma GCC unroll 5
    for (int row = 0; row < taps; ++row) values[row] = load(square.values[row * taps + column] + depth * width);
    transform_filter(values, result);
#pragma GCC unroll 6
    for (int row = 0; row < points; ++row) half[row][column] = result[row];
  }
#pragma GCC unroll 6
  for (int row = 0; row < points; ++row) {
    Vec result[points];
    transform_filter(half[row], result);
#pragma GCC unroll 6
    for (int column = 0; column < points; ++column)
      store(to + (row * points + column) * frequency_stride, result[column]);
  }
}

}  // namespace

template <int taps>
void transform_filters(const Filters& source, int64_t filter, int64_t filters, int64_t first, int64_t depths,
                       const FilterPanels& target) {
  Square<taps> square;
  const auto at = [&](int64_t offset, int64_t depth) {
    return source.data + (filter + offset) * source.filter_stride + (first + depth) * source.depth_stride;
  };
  // Each square's weights are lines of memory far from each other, which no processor foresees: those of the next
  // square are fetched meanwhile. (A prefetch past the end does nothing.)
  const int64_t line_stride = source.depth_stride == 1 ? source.filter_stride : source.depth_stride;
  for (int64_t offset = 0; offset < filters; offset += width) {
    float* const panel = target.data + offset / column_tile * target.panel_stride + offset % column_tile;
    const int lanes = static_cast<int>(at_most(filters - offset, width));
    for (int64_t depth = 0; depth < depths; depth += width) {
      const int count = static_cast<int>(at_most(depths - depth, width));
      const float* const next = depth + width < depths     ? at(offset, depth + width)
                                : offset + width < filters ? at(offset + width, 0)
                                                           : at(0, depths);
      gather(source, at(offset, depth), lanes, count, square);
      for (int k = 0; k < count; ++k) {
        for (int tap = 0; tap < taps * taps; ++tap)
          __builtin_prefetch(next + k * line_stride + tap * source.tap_stride, 0, 2);
        transform(square, k, panel + (depth + k) * column_tile, target.frequency_stride);
      }
    }
  }
}

template <int taps>
void fetch_filters(const Filters& source, int64_t filter, int64_t filters, int64_t first, int64_t depths, int64_t part,
                   int64_t parts) {
  const bool by_filter = source.depth_stride == 1;
  const int64_t stride = by_filter ? source.filter_stride : source.depth_stride, run = by_filter ? depths : filters;
  const float* const from = source.data + filter * source.filter_stride + first * source.depth_stride;
  const int64_t runs = (by_filter ? filters : depths) * taps * taps;
  for (int64_t index = runs * part / parts; index < runs * (part + 1) / parts; ++index) {
    const float* const line = from + index / (taps * taps) * stride + index % (taps * taps) * source.tap_stride;
    for (int64_t at = 0; at < run; at += width) __builtin_prefetch(line + at, 0, 2);
  }
}

template void fetch_filters<3>(const Filters&, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
template void fetch_filters<5>(const Filters&, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
template void transform_filters<3>(const Filters&, int64_t, int64_t, int64_t, int64_t, const FilterPanels&);
template void transform_filters<5>(const Filters&, int64_t, int64_t, int64_t, int64_t, const FilterPanels&);

}  // namespace hebb::cpu::HEBB_ISA::winograd
