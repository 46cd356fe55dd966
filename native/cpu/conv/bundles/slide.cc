// Forward, and the gradient of the input, which is the same with the window turned around: windows slide over bundles.
#include "core/scratch.h"
#include "cpu/conv/bundles/bundle.h"
#include "cpu/conv/bundles/bundles.h"

namespace hebb::cpu::HEBB_ISA::bundles {
namespace {

// A convolution with stride 1; what it reads and what it makes.
struct Slide {
  int64_t images, height, width, channels;
  int64_t window_height, window_width;
  int64_t out_height, out_width, outs;
  int64_t pad_top, pad_left;  // may be negative

  int64_t line() const { return width * channels; }
  int64_t out_line() const { return out_width * outs; }
  int64_t taps() const { return window_height * window_width * channels; }
  int64_t products() const { return images * out_height * out_width * outs * taps(); }
};

// The taps of a window at `position` that are inside an extent.
HEBB_INLINE Range taps_inside(int64_t position, int64_t pad, int64_t window, int64_t extent) {
  const int64_t begin = pad > position ? pad - position : 0, end = at_most(window, extent + pad - position);
  return {at_most(begin, window), end > begin ? end : at_most(begin, window)};
}

struct Lines {
  const Slide& s;
  const float* weights;  // [kh, kw, channel, out]
  const Epilogue& epilogue;
  const float* source;  // the bundle's line `first`
  int64_t first;
  float* result;  // a line of it

  // The results `out` ... of `positions` adjacent positions from `column` on, whose windows have the taps kw inside.
  template <int positions, int outs>
  HEBB_INLINE void compute(int64_t row, Range kh, int64_t column, Range kw, int64_t out) const {
    Vec sums[positions][outs];
    for (int p = 0; p < positions; ++p)
      for (int o = 0; o < outs; ++o) sums[p][o] = zero();
    const int64_t step = s.channels * bundles::width, run = (kw.end - kw.begin) * s.channels;
    for (int64_t h = kh.begin; h < kh.end; ++h) {
      const float* from = source + ((row + h - s.pad_top - first) * s.width + column + kw.begin - s.pad_left) * step;
      const float* w = weights + (h * s.window_width + kw.begin) * s.channels * s.outs + out;
      for (int64_t k = 0; k < run; ++k, from += bundles::width, w += s.outs) {
        if constexpr (positions == 1) {
          const Vec value = in_register(load(from));
#pragma GCC unroll 16
          for (int o = 0; o < outs; ++o) sums[0][o] = fma(value, splat(w[o]), sums[0][o]);
        } else {
          Vec factors[outs];
#pragma GCC unroll 8
          for (int o = 0; o < outs; ++o) factors[o] = in_register(splat(w[o]));
#pragma GCC unroll 8
          for (int p = 0; p < positions; ++p) {
            const Vec value = in_register(load(from + p * step));
#pragma GCC unroll 8
            for (int o = 0; o < outs; ++o) sums[p][o] = fma(value, factors[o], sums[p][o]);
          }
        }
      }
    }
#pragma GCC unroll 16
    for (int o = 0; o < outs; ++o) {
      const Vec scale = splat(epilogue.scale ? epilogue.scale[out + o] : 1);
      const Vec bias = splat(epilogue.bias ? epilogue.bias[out + o] : 0);
#pragma GCC unroll 8
      for (int p = 0; p < positions; ++p)
        store(result + ((column + p) * s.outs + out + o) * bundles::width,
              finished(sums[p][o], scale, bias, nullptr, bundles::width, epilogue.activation == Activation::relu));
    }
  }

  template <int outs, int positions = positions_at_once(outs)>
  HEBB_INLINE void compute_positions(int64_t wanted, int64_t row, Range kh, int64_t column, Range kw,
                                     int64_t out) const {
    if (wanted == positions) return compute<positions, outs>(row, kh, column, kw, out);
    if constexpr (positions > 1) compute_positions<outs, positions - 1>(wanted, row, kh, column, kw, out);
  }

  // Windows that are inside as a whole, side by side.
  template <int outs = most_outs>
  void compute_stretch(int64_t wanted, int64_t row, Range kh, Range columns, Range kw, int64_t out) const {
    if (wanted == outs) {
      const Pieces tiles(columns.end - columns.begin, positions_at_once(outs));
      for (int tile = 0; tile < tiles.count; ++tile)
        compute_positions<outs>(tiles.size(tile), row, kh, columns.begin + tiles.begin(tile), kw, out);
      return;
    }
    if constexpr (outs > 1) compute_stretch<outs - 1>(wanted, row, kh, columns, kw, out);
  }

  // One that is not: more of its results make up for the missing positions.
  template <int outs = most_outs_of_one>
  void compute_one(int64_t wanted, int64_t row, Range kh, int64_t column, Range kw, int64_t out) const {
    if (wanted == outs) return compute<1, outs>(row, kh, column, kw, out);
    if constexpr (outs > 1) compute_one<outs - 1>(wanted, row, kh, column, kw, out);
  }

  void compute_line(int64_t row) const {
    const Range kh = taps_inside(row, s.pad_top, s.window_height, s.height);
    const Pieces groups(s.outs, most_outs), groups_of_one(s.outs, most_outs_of_one);
    for (int64_t column = 0; column < s.out_width;) {
      const Range kw = taps_inside(column, s.pad_left, s.window_width, s.width);
      if (kw.end - kw.begin == s.window_width) {
        const Range columns{column, at_most(s.out_width, s.width + s.pad_left - s.window_width + 1)};
        for (int group = 0; group < groups.count; ++group)
          compute_stretch(groups.size(group), row, kh, columns, kw, groups.begin(group));
        column = columns.end;
      } else {
        for (int group = 0; group < groups_of_one.count; ++group)
          compute_one(groups_of_one.size(group), row, kh, column, kw, groups_of_one.begin(group));
        ++column;
      }
    }
  }
};

// weight_of(out, kh, kw, channel).
template <class WeightOf>
void run(const Slide& s, const float* x, const WeightOf& weight_of, const Epilogue& epilogue, float* y) {
  const Cut bundles = bundles_of(s.images);
  const int threads = threads_worth(s.products(), bundles.count * s.out_height, products_of_thread);
  // As many for each thread.
  const int64_t shared = bundles.count % threads == 0 ? s.out_height : ceil_divide(s.out_height, threads);
  const Cut bands = cut_evenly(s.out_height, at_most(shared, fitting_rows(s.line(), 0, s.window_height)), 1);
  const int64_t lines = at_most(s.height, bands.piece + s.window_height - 1);
  const int64_t slot_floats = (lines * s.line() + s.out_line()) * width;
  auto* const weights = scratch(ScratchSlot::pack_b, s.outs * s.taps());
  float* to = weights;
  for (int64_t kh = 0; kh < s.window_height; ++kh)
    for (int64_t kw = 0; kw < s.window_width; ++kw)
      for (int64_t channel = 0; channel < s.channels; ++channel)
        for (int64_t out = 0; out < s.outs; ++out) *to++ = weight_of(out, kh, kw, channel);
  auto* const memory = scratch(ScratchSlot::pack_a, threads * slot_floats);
  const int64_t image_floats = s.height * s.line(), out_floats = s.out_height * s.out_line();
  for_slots(threads, bundles.count * bands.count, [&](int slot, int64_t begin, int64_t end) {
    float *const source = memory + slot * slot_floats, *const result = source + lines * s.line() * width;
    for (int64_t item = begin; item < end; ++item) {
      const int64_t image = bundles.begin(item / bands.count), images = bundles.size(item / bands.count);
      const Range rows = bands.range(item % bands.count);
      const int64_t above = rows.begin - s.pad_top, first = at_most(above > 0 ? above : 0, s.height);
      const int64_t below = at_most(rows.end - 1 - s.pad_top + s.window_height, s.height);
      if (below > first)
        bundle(x + image * image_floats + first * s.line(), image_floats, images, (below - first) * s.line(), source);
      const Lines line{s, weights, epilogue, source, first, result};
      for (int64_t row = rows.begin; row < rows.end; ++row) {
        line.compute_line(row);
        unbundle(result, s.out_line(), images, y + image * out_floats + row * s.out_line(), out_floats);
      }
    }
  });
}

}  // namespace

void convolve(const Convolution& c, const float* x, const float* weight, const Epilogue& epilogue, float* y) {
  const Conv2dGeometry& g = c.geometry;
  const Slide slide{c.images,     c.height,    c.width,   c.channels, c.window_height, c.window_width,
                    c.out_height, c.out_width, c.filters, g.pad_top,  g.pad_left};
  run(
      slide, x,
      [&](int64_t out, int64_t kh, int64_t kw, int64_t channel) {
        return weight[((out * c.window_height + kh) * c.window_width + kw) * c.channels + channel];
      },
      epilogue, y);
}

void gradient_of_input(const Convolution& c, const float* grad, const float* weight, float* dx) {
  const Conv2dGeometry& g = c.geometry;
  const int64_t last_row = c.window_height - 1, last_column = c.window_width - 1;
  const Slide slide{c.images,
                    c.out_height,
                    c.out_width,
                    c.filters,
                    c.window_height,
                    c.window_width,
                    c.height,
                    c.width,
                    c.channels,
                    last_row - g.pad_top,
                    last_column - g.pad_left};
  run(
      slide, grad,
      [&](int64_t out, int64_t kh, int64_t kw, int64_t channel) {
        return weight[((channel * c.window_height + last_row - kh) * c.window_width + last_column - kw) * c.channels +
                      out];
      },
      {}, dx);
}

}  // namespace hebb::cpu::HEBB_ISA::bundles
