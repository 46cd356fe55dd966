#include "cpu/conv/planes.h"

#include "core/scratch.h"
#include "cpu/gemm/pack.h"
#include "cpu/gemm/plan.h"
#include "cpu/gemm/slots.h"

namespace hebb::cpu::HEBB_ISA::planes {
namespace {

constexpr int width = Vec::width;
constexpr int most_filters = width / 2;
// Lines of positions that are worked on at a time: what they need stays near the first-level cache.
constexpr int64_t lines_of_band = 32;
constexpr int64_t most_taps = 64, widest = 1024;  // of a window, and of a line of positions

// Vectors whose values are rearranged: each of the results takes, from each pair of the given ones, some lanes.
template <int count>
class Rearrangement {
 public:
  // source(value) is where the result's value comes from, both counted through the vectors.
  template <class Source>
  explicit Rearrangement(const Source& source) {
    for (int vector = 0; vector < count; ++vector)
      for (int pair = 0; pair < pairs; ++pair) {
        int32_t lanes[width], taken[width];
        for (int lane = 0; lane < width; ++lane) {
          const int from = source(vector * width + lane);
          taken[lane] = from / (2 * width) == pair;
          lanes[lane] = from % (2 * width);
        }
        lanes_[vector][pair] = load(lanes);
        takes_[vector][pair] = gt(load(taken), splat_int(0));
      }
  }

  HEBB_INLINE void apply(const Vec (&from)[count], Vec (&to)[count]) const {
#pragma GCC unroll 8
    for (int vector = 0; vector < count; ++vector)
#pragma GCC unroll 4
      for (int pair = 0; pair < pairs; ++pair) {
        const Vec& second = from[2 * pair + 1 < count ? 2 * pair + 1 : 2 * pair];
        const Vec some = permute(from[2 * pair], second, lanes_[vector][pair]);
        to[vector] = pair == 0 ? some : select(takes_[vector][pair], some, to[vector]);
      }
  }

 private:
  static constexpr int pairs = (count + 1) / 2;
  IVec lanes_[count][pairs];
  Mask takes_[count][pairs];
};

// From filter by filter to pixel by pixel.
template <int filters>
Rearrangement<filters> to_pixels() {
  return Rearrangement<filters>([](int value) { return value % filters * width + value / filters; });
}

// Bands of lines of positions; a band's part of the image is copied with zeros around.
struct Bands {
  const Convolution& c;
  Cut cut;
  int64_t pitch;    // of the copy
  int64_t vectors;  // of a line of positions

  explicit Bands(const Convolution& c)
      : c(c),
        cut(cut_evenly(c.out_height, lines_of_band, 1)),
        pitch(round_up(c.out_width, width) + round_up((c.window_width - 1) * c.geometry.dilation_width, width)),
        vectors(ceil_divide(c.out_width, width)) {}

  int64_t count() const { return c.images * cut.count; }
  int64_t image_of(int64_t band) const { return band / cut.count; }
  Range lines_of(int64_t band) const { return cut.range(band % cut.count); }
  int64_t span() const { return (c.window_height - 1) * c.geometry.dilation_height; }  // lines beyond those
  int64_t copy_floats() const { return (cut.piece + span()) * pitch; }
  int64_t tap(int64_t kh, int64_t kw) const {
    return kh * c.geometry.dilation_height * pitch + kw * c.geometry.dilation_width;
  }
  // Where a band's first position is, in lines of all images.
  int64_t first_line(int64_t band) const { return image_of(band) * c.out_height + lines_of(band).begin; }

  void copy(const float* x, int64_t band, float* to) const {
    const Range lines = lines_of(band);
    const float* const image = x + image_of(band) * c.height * c.width;
    const int64_t left = c.geometry.pad_left, inside = at_most(c.width, pitch - left);
    const int64_t first = lines.begin - c.geometry.pad_top;
    for (int64_t h = first; h < first + lines.end - lines.begin + span(); ++h, to += pitch) {
      zero_floats(to, pitch);
      if (h >= 0 && h < c.height) hebb::cpu::HEBB_ISA::copy_floats(image + h * c.width, to + left, inside);
    }
  }
};

// The epilogue of `filters` vectors of pixels, one after the other.
template <int filters>
struct PixelsEpilogue {
  Vec scale[filters], bias[filters];
  const Epilogue& epilogue;

  explicit PixelsEpilogue(const Epilogue& e) : epilogue(e) {
    for (int vector = 0; vector < filters; ++vector) {
      float scales[width], biases[width];
      for (int lane = 0; lane < width; ++lane) {
        const int filter = (vector * width + lane) % filters;
        scales[lane] = e.scale ? e.scale[filter] : 1;
        biases[lane] = e.bias ? e.bias[filter] : 0;
      }
      scale[vector] = load(scales), bias[vector] = load(biases);
    }
  }

  // `at`: of the result's first value.
  HEBB_INLINE Vec of(Vec sum, int vector, int64_t at, int lanes) const {
    return finished(sum, scale[vector], bias[vector], epilogue.residual ? epilogue.residual + at : nullptr, lanes,
                    epilogue.activation == Activation::relu);
  }
};

template <int filters>
struct Forward {
  const Bands& bands;
  const float* weights;  // [tap, filter]
  PixelsEpilogue<filters> epilogue;
  Rearrangement<filters> pixels = to_pixels<filters>();
  float* y;

  // `count` vectors of positions from `from` on, whose results begin at `at` and are `left` values in all.
  template <int count>
  HEBB_INLINE void compute(const float* from, int64_t at, int64_t left) const {
    const Convolution& c = bands.c;
    Vec sums[count][filters];
    for (int v = 0; v < count; ++v)
      for (int filter = 0; filter < filters; ++filter) sums[v][filter] = zero();
    const float* w = weights;
    for (int64_t kh = 0; kh < c.window_height; ++kh)
      for (int64_t kw = 0; kw < c.window_width; ++kw, w += filters) {
        const float* const tap = from + bands.tap(kh, kw);
        Vec pixel[count];
#pragma GCC unroll 2
        for (int v = 0; v < count; ++v) pixel[v] = load(tap + v * width);
#pragma GCC unroll 8
        for (int filter = 0; filter < filters; ++filter) {
          const Vec factor = splat(w[filter]);
#pragma GCC unroll 2
          for (int v = 0; v < count; ++v) sums[v][filter] = fma(factor, pixel[v], sums[v][filter]);
        }
      }
#pragma GCC unroll 2
    for (int v = 0; v < count; ++v) {
      Vec results[filters];
      pixels.apply(sums[v], results);
#pragma GCC unroll 8
      for (int vector = 0; vector < filters; ++vector, at += width, left -= width) {
        if (left >= width) {
          store(y + at, epilogue.of(results[vector], vector, at, width));
        } else if (left > 0) {
          store_partial(y + at, epilogue.of(results[vector], vector, at, static_cast<int>(left)),
                        static_cast<int>(left));
        }
      }
    }
  }

  void compute_band(int64_t band, const float* image) const {
    const Range lines = bands.lines_of(band);
    const int64_t row = bands.c.out_width * filters;
    int64_t at = bands.first_line(band) * row;
    for (int64_t line = lines.begin; line < lines.end; ++line, at += row, image += bands.pitch) {
      int64_t vector = 0;
      for (; vector + 2 <= bands.vectors; vector += 2)
        compute<2>(image + vector * width, at + vector * width * filters, row - vector * width * filters);
      if (vector < bands.vectors)
        compute<1>(image + vector * width, at + vector * width * filters, row - vector * width * filters);
    }
  }
};

// Calls use(std::integral_constant of the filters), 1 to most_filters.
template <int filters = most_filters, class Use>
void with_filters(int64_t wanted, const Use& use) {
  if (wanted == filters) return use(std::integral_constant<int, filters>{});
  if constexpr (filters > 1) with_filters<filters - 1>(wanted, use);
}

}  // namespace

bool pays(const Convolution& c) {
  const Conv2dGeometry& g = c.geometry;
  return c.channels == 1 && g.groups == 1 && g.stride_height == 1 && g.stride_width == 1 && c.filters > 0 &&
         2 * c.filters <= width && c.window() > 0 && c.window() <= most_taps && c.out_width <= widest &&
         (c.window_width - 1) * g.dilation_width <= widest &&
         (c.window_height - 1) * g.dilation_height <= lines_of_band &&
         3 * c.filters * round_up(c.out_width, width) <= 2 * c.out_width * width;
}

void convolve(const Convolution& c, const float* x, const float* weight, const Epilogue& epilogue, float* y) {
  const Bands bands(c);
  const int threads = threads_worth(c.positions() * c.filters * c.window(), bands.count());
  const int64_t taps = c.window(), copy = round_up(bands.copy_floats(), width);
  auto* const memory = scratch(ScratchSlot::pack_a, threads * copy);
  with_filters(c.filters, [&](auto filters) {
    float weights[most_taps * most_filters];
    for (int64_t tap = 0; tap < taps; ++tap)
      for (int64_t filter = 0; filter < filters; ++filter)
        weights[tap * filters + filter] = weight[filter * taps + tap];
    const Forward<filters> forward{bands, weights, PixelsEpilogue<filters>(epilogue), to_pixels<filters>(), y};
    for_slots(threads, bands.count(), [&](int slot, int64_t begin, int64_t end) {
      float* const image = memory + slot * copy;
      for (int64_t band = begin; band < end; ++band) {
        bands.copy(x, band, image);
        forward.compute_band(band, image);
      }
    });
  });
}

}  // namespace hebb::cpu::HEBB_ISA::planes
