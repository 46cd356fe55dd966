// The gradient of the weights: each sum has a vector of its own, whose lanes are added up at the end.
#include "core/scratch.h"
#include "cpu/conv/bundles/bundle.h"
#include "cpu/conv/bundles/bundles.h"

namespace hebb::cpu::HEBB_ISA::bundles {
namespace {

// Sums over positions: filters of the gradient times values of the windows.
struct Band {
  const float* grad;    // bundle, [rows, columns, filters]
  const float* source;  // bundle, zeros left and right of the image: where the first row's windows begin
  int64_t rows, columns, filters, channels, line;  // line: values of a row of the source
};

// sums[f * sums_stride + value]: of each filter with each adjacent value of the windows' row. Onto what is there,
// unless they are new.
template <int filters, int values>
HEBB_INLINE void add_up(const Band& band, int64_t filter, int64_t value, bool are_new, float* sums,
                        int64_t sums_stride) {
  Vec sum[filters][values];
#pragma GCC unroll 8
  for (int f = 0; f < filters; ++f)
#pragma GCC unroll 8
    for (int v = 0; v < values; ++v) sum[f][v] = are_new ? zero() : load(sums + (f * sums_stride + v) * width);
  const float* grad = band.grad + filter * width;
  for (int64_t row = 0; row < band.rows; ++row) {
    const float* from = band.source + (row * band.line + value) * width;
    for (int64_t column = 0; column < band.columns; ++column) {
      Vec gradient[filters];
#pragma GCC unroll 8
      for (int f = 0; f < filters; ++f) gradient[f] = in_register(load(grad + f * width));
#pragma GCC unroll 8
      for (int v = 0; v < values; ++v) {
        const Vec value = in_register(load(from + v * width));
#pragma GCC unroll 8
        for (int f = 0; f < filters; ++f) sum[f][v] = fma(gradient[f], value, sum[f][v]);
      }
      from += band.channels * width;
      grad += band.filters * width;
    }
  }
#pragma GCC unroll 8
  for (int f = 0; f < filters; ++f)
#pragma GCC unroll 8
    for (int v = 0; v < values; ++v) store(sums + (f * sums_stride + v) * width, sum[f][v]);
}

template <int filters = most_filters_at_once, int values = positions_at_once(filters)>
void add_up_of(int64_t filter_count, int64_t value_count, const Band& band, int64_t filter, int64_t value, bool are_new,
               float* sums, int64_t sums_stride) {
  if (filter_count == filters && value_count == values)
    return add_up<filters, values>(band, filter, value, are_new, sums, sums_stride);
  if constexpr (values > 1) {
    if (filter_count == filters)
      return add_up_of<filters, values - 1>(filter_count, value_count, band, filter, value, are_new, sums, sums_stride);
  }
  if constexpr (filters > 1)
    add_up_of<filters - 1>(filter_count, value_count, band, filter, value, are_new, sums, sums_stride);
}

// The lanes of `count` vectors added up.
void add_lanes(const float* sums, int64_t count, float* to) {
  for (int64_t first = 0; first < count; first += width) {
    const int values = static_cast<int>(at_most(count - first, width));
    Vec block[width];
#pragma GCC unroll 16
    for (int row = 0; row < width; ++row) block[row] = row < values ? load(sums + (first + row) * width) : zero();
      // Halves of two vectors added up side by side, until one holds every sum.
#pragma GCC unroll 4
    for (int half = width / 2; half > 0; half /= 2)
#pragma GCC unroll 8
      for (int row = 0; row < half; ++row) {
        Vec low, high;
        interleave(block[row], block[row + half], low, high);
        block[row] = low + high;
      }
    store_partial(to + first, block[0], values);
  }
}

// The memory of a thread, in floats: a band of both bundles and the sums.
struct Layout {
  int64_t source, grad, sums;
  int64_t floats() const { return source + grad + sums; }
};

}  // namespace

void gradient_of_weight(const Convolution& c, const float* grad, const float* x, float* dweight) {
  const Conv2dGeometry& g = c.geometry;
  const Cut bundles = bundles_of(c.images);
  const int64_t line = (c.out_width + c.window_width - 1) * c.channels, out_line = c.out_width * c.filters;
  // Parts are cut by the shape alone: every number of threads adds up the same ones.
  const Cut bands = cut_evenly(
      c.out_height,
      at_most(ceil_divide(c.out_height * bundles.count, wanted_parts), fitting_rows(line, out_line, c.window_height)),
      1);
  const int64_t parts = bundles.count * bands.count, sum_count = c.filters * c.window();
  const int threads = threads_for(c.positions() * sum_count, parts);
  const int64_t run = c.window_width * c.channels, lines = bands.piece + c.window_height - 1;
  // Where all sums stay near too, no more of the gradient is turned than does; else each group of filters has its turn.
  const int64_t near_rows = near_floats / (out_line * width) + 1;
  const int64_t rows_at_once = sum_count * width <= near_floats ? at_most(bands.piece, near_rows) : bands.piece;
  const Layout layout{lines * line * width, rows_at_once * out_line * width, sum_count * width};
  const int64_t left = g.pad_left * c.channels, inside = at_most(c.width * c.channels, line - left);
  const Pieces filter_groups(c.filters, most_filters_at_once);
  auto* const memory =
      static_cast<float*>(scratch(ScratchSlot::pack_a, static_cast<size_t>(threads * layout.floats()) * sizeof(float)));
  auto* const partial =
      static_cast<float*>(scratch(ScratchSlot::partial, static_cast<size_t>(parts * sum_count) * sizeof(float)));
  for_slots(threads, parts, [&](int slot, int64_t begin, int64_t end) {
    float *const source = memory + slot * layout.floats(), *const gradient = source + layout.source;
    float* const sums = gradient + layout.grad;
    for (int64_t part = begin; part < end; ++part) {
      const int64_t image = bundles.begin(part / bands.count), images = bundles.size(part / bands.count);
      const Range rows = bands.range(part % bands.count);
      const int64_t first = rows.begin - g.pad_top;
      for (int64_t row = first; row < first + rows.end - rows.begin + c.window_height - 1; ++row) {
        if (row < 0 || row >= c.height) continue;
        float* const to = source + (row - first) * line * width;
        zero_floats(to, left * width);
        bundle(x + (image * c.height + row) * c.width * c.channels, c.height * c.width * c.channels, images, inside,
               to + left * width);
        zero_floats(to + (left + inside) * width, (line - left - inside) * width);
      }
      const Cut stretches = cut_evenly(rows.end - rows.begin, rows_at_once, 1);
      for (int64_t s = 0; s < stretches.count; ++s) {
        const Range stretch = stretches.range(s);
        bundle(grad + (image * c.out_height + rows.begin + stretch.begin) * out_line, c.out_height * out_line, images,
               (stretch.end - stretch.begin) * out_line, gradient);
        for (int group = 0; group < filter_groups.count; ++group) {
          const int64_t filter = filter_groups.begin(group), filters = filter_groups.size(group);
          const Pieces values(run, positions_at_once(static_cast<int>(filters)));
          const Cut pieces =
              cut_evenly(stretch.end - stretch.begin, near_floats / ((line + c.out_width * filters) * width) + 1, 1);
          for (int64_t p = 0; p < pieces.count; ++p)
            for (int64_t kh = 0; kh < c.window_height; ++kh) {
              // Rows of the piece whose windows have this row inside the image, counted from the part's first.
              const int64_t piece_begin = stretch.begin + pieces.range(p).begin;
              const int64_t piece_end = stretch.begin + pieces.range(p).end;
              const int64_t above = g.pad_top - kh - rows.begin;
              const int64_t begin_row = piece_begin > above ? piece_begin : above;
              const int64_t end_row = at_most(piece_end, c.height + above);
              const Band band{gradient + (begin_row - stretch.begin) * out_line * width,
                              source + (begin_row + kh) * line * width,
                              end_row - begin_row,
                              c.out_width,
                              c.filters,
                              c.channels,
                              line};
              for (int v = 0; v < values.count; ++v)
                add_up_of(filters, values.size(v), band, filter, values.begin(v), s == 0 && p == 0,
                          sums + (filter * c.window() + kh * run + values.begin(v)) * width, c.window());
            }
          if (s + 1 == stretches.count)
            add_lanes(sums + filter * c.window() * width, filters * c.window(),
                      partial + part * sum_count + filter * c.window());
        }
      }
    }
  });
  for (int64_t first = 0; first < sum_count; first += width) {
    const int values = static_cast<int>(at_most(sum_count - first, width));
    Vec sum = load_partial(partial + first, values);
    for (int64_t part = 1; part < parts; ++part) sum = sum + load_partial(partial + part * sum_count + first, values);
    store_partial(dweight + first, sum, values);
  }
}

}  // namespace hebb::cpu::HEBB_ISA::bundles
