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

// The lanes of `count` vectors added up: halves of two vectors side by side, until one holds every sum.
void add_lanes(const float* sums, int64_t count, float* to) {
  for (int64_t first = 0; first < count; first += width) {
    const int values = static_cast<int>(at_most(count - first, width));
    Vec block[width];
#pragma GCC unroll 16
    for (int row = 0; row < width; ++row) block[row] = row < values ? load(sums + (first + row) * width) : zero();
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

// A band of rows of a bundle's images.
struct Item {
  int64_t image, images;
  Range rows;
  int64_t row_count() const { return rows.end - rows.begin; }
};

class WeightGradient {
 public:
  WeightGradient(const Convolution& c, const float* grad, const float* x)
      : c_(c),
        grad_(grad),
        x_(x),
        line_((c.out_width + c.window_width - 1) * c.channels),
        out_line_(c.out_width * c.filters),
        bundles_(bundles_of(c.images)),
        bands_(cut_evenly(c.out_height,
                          at_most(ceil_divide(c.out_height * bundles_.count, least_parts),
                                  fitting_rows(line_, out_line_, c.window_height)),
                          1)),
        parts_(cut_evenly(bundles_.count * bands_.count, ceil_divide(bundles_.count * bands_.count, most_parts), 1)),
        groups_(c.filters, most_filters_at_once),
        // Where all sums stay near, no more of the gradient is turned at a time than does too.
        rows_at_once_(sum_count() * width <= near_floats ? at_most(bands_.piece, near_rows(out_line_)) : bands_.piece) {
  }

  // The work is cut by the shape alone: every number of threads adds up the same parts.
  int64_t parts() const { return parts_.count; }
  int64_t sum_count() const { return c_.filters * c_.window(); }
  int64_t memory_floats() const { return source_floats() + gradient_floats() + sum_count() * width; }

  void add_up_part(int64_t part, float* memory, float* to) const {
    float *const source = memory, *const gradient = source + source_floats();
    float* const sums = gradient + gradient_floats();
    const Range items = parts_.range(part);
    for (int64_t index = items.begin; index < items.end; ++index) {
      const Item item = item_at(index);
      turn_image(item, source);
      const Cut stretches = cut_evenly(item.row_count(), rows_at_once_, 1);
      for (int64_t s = 0; s < stretches.count; ++s) {
        const Range stretch = stretches.range(s);
        bundle(grad_ + (item.image * c_.out_height + item.rows.begin + stretch.begin) * out_line_,
               c_.out_height * out_line_, item.images, (stretch.end - stretch.begin) * out_line_, gradient);
        const bool is_first = index == items.begin && s == 0;
        const bool is_last = index + 1 == items.end && s + 1 == stretches.count;
        for (int group = 0; group < groups_.count; ++group) {
          add_up_group(item, stretch, group, source, gradient, is_first, sums);
          if (!is_last) continue;
          const int64_t begin = groups_.begin(group) * c_.window();
          add_lanes(sums + begin * width, groups_.size(group) * c_.window(), to + begin);
        }
      }
    }
  }

 private:
  static int64_t near_rows(int64_t floats) { return near_floats / (floats * width) + 1; }

  int64_t source_floats() const { return (bands_.piece + c_.window_height - 1) * line_ * width; }
  int64_t gradient_floats() const { return rows_at_once_ * out_line_ * width; }

  Item item_at(int64_t index) const {
    const int64_t bundle = index / bands_.count;
    return {bundles_.begin(bundle), bundles_.size(bundle), bands_.range(index % bands_.count)};
  }

  // The rows that the windows of an item reach, with zeros left and right. Rows outside of the image are left out.
  void turn_image(const Item& item, float* source) const {
    const Conv2dGeometry& g = c_.geometry;
    const int64_t row_floats = c_.width * c_.channels, left = g.pad_left * c_.channels;
    const int64_t inside = at_most(row_floats, line_ - left), first = item.rows.begin - g.pad_top;
    for (int64_t row = first; row < first + item.row_count() + c_.window_height - 1; ++row) {
      if (row < 0 || row >= c_.height) continue;
      float* const to = source + (row - first) * line_ * width;
      zero_floats(to, left * width);
      bundle(x_ + (item.image * c_.height + row) * row_floats, c_.height * row_floats, item.images, inside,
             to + left * width);
      zero_floats(to + (left + inside) * width, (line_ - left - inside) * width);
    }
  }

  // The rows of a stretch, counted from the item's first, onto the sums of a group of filters. Row by row of the
  // windows, over so many rows that what is read stays near.
  void add_up_group(const Item& item, Range stretch, int group, const float* source, const float* gradient,
                    bool are_new, float* sums) const {
    const int64_t filter = groups_.begin(group), filters = groups_.size(group);
    const int64_t run = c_.window_width * c_.channels;
    const Pieces values(run, positions_at_once(static_cast<int>(filters)));
    const Cut pieces = cut_evenly(stretch.end - stretch.begin, near_rows(line_ + c_.out_width * filters), 1);
    for (int64_t piece = 0; piece < pieces.count; ++piece)
      for (int64_t kh = 0; kh < c_.window_height; ++kh) {
        // Those whose windows have this row inside the image.
        const int64_t above = c_.geometry.pad_top - kh - item.rows.begin;
        const int64_t piece_begin = stretch.begin + pieces.range(piece).begin;
        const int64_t begin = piece_begin > above ? piece_begin : above;
        const int64_t end = at_most(stretch.begin + pieces.range(piece).end, c_.height + above);
        const Band band{gradient + (begin - stretch.begin) * out_line_ * width,
                        source + (begin + kh) * line_ * width,
                        end - begin,
                        c_.out_width,
                        c_.filters,
                        c_.channels,
                        line_};
        for (int v = 0; v < values.count; ++v)
          add_up_of(filters, values.size(v), band, filter, values.begin(v), are_new && piece == 0,
                    sums + (filter * c_.window() + kh * run + values.begin(v)) * width, c_.window());
      }
  }

  const Convolution& c_;
  const float *const grad_, *const x_;
  const int64_t line_, out_line_;  // values of a row of the image with zeros, and of the gradient
  const Cut bundles_, bands_, parts_;
  const Pieces groups_;
  const int64_t rows_at_once_;
};

}  // namespace

void gradient_of_weight(const Convolution& c, const float* grad, const float* x, float* dweight) {
  const WeightGradient gradient(c, grad, x);
  const int64_t parts = gradient.parts(), count = gradient.sum_count(), floats = gradient.memory_floats();
  const int threads = threads_worth(c.positions() * count, parts, products_of_thread);
  auto* const memory = scratch(ScratchSlot::pack_a, threads * floats);
  auto* const partial = scratch(ScratchSlot::partial, parts * count);
  for_slots(threads, parts, [&](int slot, int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part)
      gradient.add_up_part(part, memory + slot * floats, partial + part * count);
  });
  for (int64_t first = 0; first < count; first += width) {
    const int values = static_cast<int>(at_most(count - first, width));
    Vec sum = load_partial(partial + first, values);
    for (int64_t part = 1; part < parts; ++part) sum = sum + load_partial(partial + part * count + first, values);
    store_partial(dweight + first, sum, values);
  }
}

}  // namespace hebb::cpu::HEBB_ISA::bundles
