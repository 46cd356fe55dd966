#include "cpu/conv/winograd/filters.h"

#include "core/kept_copies.h"
#include "cpu/gemm/pack.h"
#include "cpu/gemm/plan.h"
#include "cpu/gemm/slots.h"

namespace hebb::cpu::HEBB_ISA::winograd {
namespace {

constexpr int width = Vec::width;

template <int taps>
void gather(const Filters& source, int64_t filter, int64_t filters, int64_t depth, int64_t depths,
            Square<taps>& square) {
  constexpr int tap_count = taps * taps;
  const float* const from = source.data + filter * source.filter_stride + depth * source.depth_stride;
  const int lanes = static_cast<int>(filters);
  for (int tap = 0; tap < tap_count; ++tap) {
    const float* taps_from = from + (source.mirrored ? tap_count - 1 - tap : tap) * source.tap_stride;
    float* to = square.values[tap];
    if (source.depth_stride == 1) {
      transpose_strip(taps_from, source.filter_stride, lanes, depths, to, width);
    } else {
      for (int64_t k = 0; k < depths; ++k)
        store(to + k * width, load_partial(taps_from + k * source.depth_stride, lanes));
    }
  }
}

template <int taps>
const Square<taps>* kept_square(const Filters& source, int64_t filter, int64_t depth) {
  return reinterpret_cast<const Square<taps>*>(source.squares) + filter / width * source.squares_of_vector +
         depth / width;
}

template <class Form>
void transform(const Square<Form::taps>& square, int depth, float* to, int64_t frequency_stride) {
  constexpr int taps = Form::taps;
  Vec half[points][taps];
#pragma GCC unroll 5
  for (int column = 0; column < taps; ++column) {
    Vec values[taps], result[points];
#pragma GCC unroll 5
    for (int row = 0; row < taps; ++row) values[row] = load(square.values[row * taps + column] + depth * width);
    Form::transform_filter(values, result);
#pragma GCC unroll 6
    for (int row = 0; row < points; ++row) half[row][column] = result[row];
  }
#pragma GCC unroll 6
  for (int row = 0; row < points; ++row) {
    Vec result[points];
    Form::transform_filter(half[row], result);
#pragma GCC unroll 6
    for (int column = 0; column < points; ++column)
      store(to + (row * points + column) * frequency_stride, result[column]);
  }
}

}  // namespace

template <int taps>
const Square<taps>& square_of(const Filters& source, int64_t filter, int64_t filters, int64_t depth, int64_t depths,
                              Square<taps>& memory) {
  if (source.squares) return *kept_square<taps>(source, filter, depth);
  gather(source, filter, filters, depth, depths, memory);
  return memory;
}

template <int taps>
void keep_squares(Filters& filters, int64_t count, int64_t depth) {
  const Cut vectors = cut_by(count, width), depths = cut_by(depth, width);
  const int64_t bytes = count * filters.filter_stride * static_cast<int64_t>(sizeof(float));
  const KeptCopy kept = kept_copy(
      {filters.data, bytes, reinterpret_cast<const void*>(keep_squares<taps>), {count, depth, filters.filter_stride}},
      vectors.count * depths.count * int64_t{sizeof(Square<taps>) / sizeof(float)});
  if (kept.data && !kept.made) {
    auto* const squares = reinterpret_cast<Square<taps>*>(kept.data);
    parallel_for(vectors.count, 1, [&](int64_t begin, int64_t end) {
      for (int64_t square = begin * depths.count; square < end * depths.count; ++square) {
        const int64_t vector = square / depths.count, at = square % depths.count;
        gather(filters, vectors.begin(vector), vectors.size(vector), depths.begin(at), depths.size(at),
               squares[square]);
      }
    });
  }
  filters.squares = kept.data;
  filters.squares_of_vector = depths.count;
}

template <class Form>
void transform_filters(const Filters& source, int64_t filter, int64_t filters, int64_t first, int64_t depths,
                       const FilterPanels& target) {
  constexpr int taps = Form::taps;
  Square<taps> memory;
  const auto at = [&](int64_t offset, int64_t depth) {
    return source.data + (filter + offset) * source.filter_stride + (first + depth) * source.depth_stride;
  };
  // Each square's weights are lines of memory far from each other, which no processor foresees: those of the next
  // square are fetched meanwhile. (A prefetch past the end does nothing.)
  const int64_t line_stride = source.depth_stride == 1 ? source.filter_stride : source.depth_stride;
  for (int64_t offset = 0; offset < filters; offset += width) {
    float* const panel = target.data + offset / column_tile * target.panel_stride + offset % column_tile;
    const int64_t lanes = at_most(filters - offset, width);
    for (int64_t depth = 0; depth < depths; depth += width) {
      const int count = static_cast<int>(at_most(depths - depth, width));
      const float* const next = depth + width < depths     ? at(offset, depth + width)
                                : offset + width < filters ? at(offset + width, 0)
                                                           : at(0, depths);
      const Square<taps>& square = square_of(source, filter + offset, lanes, first + depth, count, memory);
      for (int k = 0; k < count; ++k) {
        if (!source.squares) {
          for (int tap = 0; tap < taps * taps; ++tap)
            __builtin_prefetch(next + k * line_stride + tap * source.tap_stride, 0, 2);
        }
        transform<Form>(square, k, panel + (depth + k) * column_tile, target.frequency_stride);
      }
    }
  }
}

template <int taps>
void fetch_filters(const Filters& source, int64_t filter, int64_t filters, int64_t first, int64_t depths, int64_t part,
                   int64_t parts) {
  if (source.squares) {
    constexpr int64_t line = 64 / sizeof(float), lines_of_square = sizeof(Square<taps>) / 64;
    const int64_t lines = ceil_divide(depths, width) * lines_of_square;
    for (int64_t offset = 0; offset < filters; offset += width) {
      const float* const from = kept_square<taps>(source, filter + offset, first)->values[0];
      for (int64_t index = lines * part / parts; index < lines * (part + 1) / parts; ++index)
        __builtin_prefetch(from + index * line, 0, 2);
    }
    return;
  }
  const bool by_filter = source.depth_stride == 1;
  const int64_t stride = by_filter ? source.filter_stride : source.depth_stride, run = by_filter ? depths : filters;
  const float* const from = source.data + filter * source.filter_stride + first * source.depth_stride;
  const int64_t runs = (by_filter ? filters : depths) * taps * taps;
  for (int64_t index = runs * part / parts; index < runs * (part + 1) / parts; ++index) {
    const float* const line = from + index / (taps * taps) * stride + index % (taps * taps) * source.tap_stride;
    for (int64_t at = 0; at < run; at += width) __builtin_prefetch(line + at, 0, 2);
  }
}

template const Square<3>& square_of<3>(const Filters&, int64_t, int64_t, int64_t, int64_t, Square<3>&);
template void keep_squares<3>(Filters&, int64_t, int64_t);
template void keep_squares<5>(Filters&, int64_t, int64_t);
template void fetch_filters<3>(const Filters&, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
template void fetch_filters<5>(const Filters&, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
template void transform_filters<Unit<3>>(const Filters&, int64_t, int64_t, int64_t, int64_t, const FilterPanels&);
template void transform_filters<Unit<5>>(const Filters&, int64_t, int64_t, int64_t, int64_t, const FilterPanels&);
template void transform_filters<StridedForm>(const Filters&, int64_t, int64_t, int64_t, int64_t, const FilterPanels&);

}  // namespace hebb::cpu::HEBB_ISA::winograd
