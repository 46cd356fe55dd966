// What the pooling kernels share: which cells a window covers, how a pixel's channels are walked, and the walks over an
// image's windows (forward) and over its cells (backward).
#pragma once
#include <cstring>

#include "core/parallel_for.h"
#include "cpu/simd/simd.h"
#include "ops/pool2d.h"

namespace hebb::cpu::HEBB_ISA {

// Items, each of so many elements to read, that are worth a thread.
HEBB_INLINE int64_t pool_grain(double elements) {
  constexpr double worth_a_thread = 32768;
  return static_cast<int64_t>(worth_a_thread / (elements + 1)) + 1;
}

HEBB_INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

// The part [first, last) of a window along one axis that lies in the image. Never empty: see the op's check.
struct Span {
  int64_t start, first, last;
  HEBB_INLINE Span(int64_t position, int64_t stride, int64_t pad, int64_t kernel, int64_t extent)
      : start(position * stride - pad),
        first(start < 0 ? 0 : start),
        last(start + kernel < extent ? start + kernel : extent) {}
  HEBB_INLINE int64_t count() const { return last - first; }
};

// The cells of a window that lie in the image. Fixed: a whole window whose extents the compiler knows.
struct ClippedWindow {
  int64_t rows, columns, first_cell;
};
template <int rows_, int columns_>
struct FixedWindow {
  static constexpr int64_t rows = rows_, columns = columns_, first_cell = 0;
};

// `vectors` vectors of a pixel's channels side by side, or the first `lanes` of one. With few channels a whole vector
// reaches into the next pixels: harmless to read within the tensor, and to write where those are written later. Only
// where that does not hold are lanes left out (`partial`), which is slower.
template <int vectors_, bool partial_>
struct Lanes {
  static constexpr int vectors = vectors_;
  static constexpr bool partial = partial_;
  int lanes;
  HEBB_INLINE Vec load_from(const float* p) const {
    if constexpr (partial) return load_partial(p, lanes);
    return load(p);
  }
  HEBB_INLINE void store_to(float* p, Vec a) const {
    if constexpr (partial) return store_partial(p, a, lanes);
    store(p, a);
  }
  HEBB_INLINE IVec load_bytes_from(const uint8_t* p) const {
    if constexpr (partial) return load_bytes_partial(p, lanes);
    return load_bytes(p);
  }
  HEBB_INLINE void store_bytes_to(uint8_t* p, IVec a) const {
    if constexpr (partial) return store_bytes_partial(p, a, lanes);
    store_bytes(p, a);
  }
};

// Calls body(Lanes, channel) over a pixel's channels by whole vectors, the last of which may reach beyond them.
template <class Body>
HEBB_INLINE void for_each_whole_vector(int64_t channels, const Body& body) {
  constexpr int unroll = 4;
  int64_t channel = 0;
  for (; channel + unroll * Vec::width <= channels; channel += unroll * Vec::width)
    body(Lanes<unroll, false>{Vec::width}, channel);
  for (; channel < channels; channel += Vec::width) body(Lanes<1, false>{Vec::width}, channel);
}

// The same, without reaching beyond the channels.
template <class Body>
HEBB_INLINE void for_each_vector(int64_t channels, const Body& body) {
  int64_t channel = 0;
  for (; channel + Vec::width <= channels; channel += Vec::width) body(Lanes<1, false>{Vec::width}, channel);
  if (channel < channels) body(Lanes<1, true>{static_cast<int>(channels - channel)}, channel);
}

HEBB_INLINE int64_t whole_vectors(int64_t channels) { return (channels + Vec::width - 1) / Vec::width * Vec::width; }

// ReLU of the largest: where it lets no gradient pass, no cell is named.
HEBB_INLINE void rectify(Vec& largest, IVec& cell) {
  const Mask blocked = le(largest, zero());
  largest = select(blocked, zero(), largest);
  cell = select(blocked, splat_int(ops::no_cell), cell);
}

// Calls window(Lanes, FixedWindow or ClippedWindow, input, output) for the windows of rows [begin, end) of all images'
// rows of windows: input is the index of the window's first cell within the image, output that of its result, both at
// the first of the lanes' channels. A fixed size of 0 means any.
template <int fixed_rows, int fixed_columns, class Body>
HEBB_INLINE void walk_windows(const Shape& image, const Shape& pooled, const Pool2dGeometry& g, int64_t begin,
                              int64_t end, const Body& window) {
  const int64_t height = image.dims[1], width = image.dims[2], channels = image.dims[3];
  const int64_t out_height = pooled.dims[1], out_width = pooled.dims[2];
  const int64_t row_stride = width * channels, size = image.size(), reach = whole_vectors(channels);
  // Windows [whole_begin, whole_end) of a row have all their columns in the image.
  const int64_t whole_begin = smaller((g.pad_left + g.stride_width - 1) / g.stride_width, out_width);
  const int64_t whole_count =
      width + g.pad_left < g.kernel_width ? 0 : (width + g.pad_left - g.kernel_width) / g.stride_width + 1;
  for (int64_t row = begin; row < end; ++row) {
    const Span rows(row % out_height, g.stride_height, g.pad_top, g.kernel_height, height);
    const int64_t corner = (row / out_height * height + rows.first) * row_stride;
    const int64_t first_row_cell = (rows.first - rows.start) * g.kernel_width;
    const auto clipped = [&](int64_t ow) {
      const Span columns(ow, g.stride_width, g.pad_left, g.kernel_width, width);
      const ClippedWindow cells{rows.count(), columns.count(), first_row_cell + columns.first - columns.start};
      for_each_vector(channels, [&](auto lanes, int64_t channel) {
        window(lanes, cells, corner + columns.first * channels + channel, (row * out_width + ow) * channels + channel);
      });
    };
    // Whole vectors of such a window must end within the tensor, and their results within the row of results.
    const int64_t reading_room = size - corner - (rows.count() - 1) * row_stride;
    int64_t whole_end = smaller(whole_count, out_width);
    while (whole_end > whole_begin &&
           ((out_width - whole_end + 1) * channels < reach ||
            reading_room < reach + ((whole_end - 1) * g.stride_width - g.pad_left + g.kernel_width - 1) * channels))
      --whole_end;
    const auto whole = [&](auto cells) {
      for (int64_t ow = whole_begin; ow < whole_end; ++ow) {
        const int64_t input = corner + (ow * g.stride_width - g.pad_left) * channels;
        const int64_t output = (row * out_width + ow) * channels;
        for_each_whole_vector(
            channels, [&](auto lanes, int64_t channel) { window(lanes, cells, input + channel, output + channel); });
      }
    };
    for (int64_t ow = 0; ow < whole_begin; ++ow) clipped(ow);
    if (fixed_rows != 0 && rows.count() == fixed_rows) {
      whole(FixedWindow<fixed_rows, fixed_columns>{});
    } else {
      whole(ClippedWindow{rows.count(), g.kernel_width, first_row_cell});
    }
    for (int64_t ow = whole_end > whole_begin ? whole_end : whole_begin; ow < out_width; ++ow) clipped(ow);
  }
}

// All windows, in parallel. The kernels of the usual networks, 2 x 2 and 3 x 3, are unrolled.
template <class Body>
HEBB_INLINE void for_each_window(const Shape& image, const Shape& pooled, const Pool2dGeometry& g, const Body& window) {
  const double work = static_cast<double>(pooled.dims[2] * pooled.dims[3]) *
                      static_cast<double>(smaller(g.kernel_height, image.dims[1])) *
                      static_cast<double>(smaller(g.kernel_width, image.dims[2]));
  parallel_for(pooled.dims[0] * pooled.dims[1], pool_grain(work), [&](int64_t begin, int64_t end) {
    if (g.kernel_height == 2 && g.kernel_width == 2) return walk_windows<2, 2>(image, pooled, g, begin, end, window);
    if (g.kernel_height == 3 && g.kernel_width == 3) return walk_windows<3, 3>(image, pooled, g, begin, end, window);
    walk_windows<0, 0>(image, pooled, g, begin, end, window);
  });
}

}  // namespace hebb::cpu::HEBB_ISA
