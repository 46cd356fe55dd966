// Max-pooling over windows that tile the image, with fewer channels than a vector has lanes: several windows to a
// vector, whose values are brought together by permutations.
#pragma once
#include <type_traits>

#include "core/parallel_for.h"
#include "cpu/kernels/pool2d.h"

namespace hebb::cpu::HEBB_ISA {

// Pairs of columns: as many windows at a time as fill a vector.
class PairsOfColumns {
 public:
  PairsOfColumns(const Pool2dGeometry& geometry, const Shape& image, const Shape& pooled)
      : g_(geometry), image_(image), pooled_(pooled) {
    const int64_t channels = image.dims[3];
    fit_ = g_.kernel_width == 2 && g_.stride_width == 2 && g_.pad_left == 0 && 2 * channels <= Vec::width &&
           pooled.dims[2] * 2 <= image.dims[2];
    if (!fit_) return;
    at_once_ = Vec::width / channels;
    for (int64_t lane = 0; lane < Vec::width; ++lane) {
      const int64_t window = smaller(lane / channels, at_once_ - 1);
      first_[lane] = static_cast<int32_t>(window * 2 * channels + lane % channels);
      second_[lane] = first_[lane] + static_cast<int32_t>(channels);
    }
  }

  bool fit() const { return fit_; }

  template <bool rectified>
  void pool(const float* x, float* y, uint8_t* argmax) const {
    const double work = 2 * static_cast<double>(pooled_.dims[2] * pooled_.dims[3]) *
                        static_cast<double>(smaller(g_.kernel_height, image_.dims[1]));
    parallel_for(pooled_.dims[0] * pooled_.dims[1], pool_grain(work), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) pool_row<rectified>(x, y, argmax, row);
    });
  }

 private:
  // Values with the numbers of their cells.
  struct Largest {
    Vec value;
    IVec cell;
  };

  // The first of the largest of each column, or its first NaN, with the number of the cell in the first column. `load`
  // reads a vector of the window's row h.
  template <class Load>
  HEBB_INLINE static Largest of_columns(int64_t rows, int32_t first_cell, const Load& load) {
    Largest largest{load(rows - 1), splat_int(first_cell + static_cast<int32_t>(rows - 1) * 2)};
    for (int64_t h = rows - 2; h >= 0; --h) {
      const Vec value = load(h);
      const Mask takes = ge(value, largest.value) | is_nan(value);
      largest.value = select(takes, value, largest.value);
      largest.cell = select(takes, splat_int(first_cell + static_cast<int32_t>(h) * 2), largest.cell);
    }
    return largest;
  }

  // Of the two columns of windows.
  template <bool rectified>
  HEBB_INLINE static Largest of_windows(const Largest& low, const Largest& high, IVec first, IVec second) {
    const auto bring = [&](IVec lanes) __attribute__((always_inline)) {
      return Largest{permute(low.value, high.value, lanes),
                     as_int(permute(as_float(low.cell), as_float(high.cell), lanes))};
    };
    const Largest left = bring(first);
    Largest right = bring(second);
    right.cell = right.cell + splat_int(1);
    // Of equals, or of two NaN, the one further up; left in the same row.
    const Mask nan = is_nan(left.value), right_nan = is_nan(right.value);
    const Mask same = eq(right.value, left.value) | (nan & right_nan);
    const Mask takes = gt(right.value, left.value) | (right_nan & ~nan) | (same & gt(left.cell, right.cell));
    Largest largest{select(takes, right.value, left.value), select(takes, right.cell, left.cell)};
    if (rectified) rectify(largest.value, largest.cell);
    return largest;
  }

  template <bool rectified>
  HEBB_INLINE void pool_row(const float* x, float* y, uint8_t* argmax, int64_t row) const {
    const Span rows(row % pooled_.dims[1], g_.stride_height, g_.pad_top, g_.kernel_height, image_.dims[1]);
    const int64_t row_stride = image_.dims[2] * image_.dims[3], out_row = pooled_.dims[2] * pooled_.dims[3];
    const int64_t corner = (row / pooled_.dims[1] * image_.dims[1] + rows.first) * row_stride;
    const int32_t first_cell = static_cast<int32_t>((rows.first - rows.start) * 2);
    const IVec first = load(first_), second = load(second_);
    const int64_t step = at_once_ * pooled_.dims[3];
    int64_t at = 0;  // in the row of results
    const auto pool_whole = [&](auto count) __attribute__((always_inline)) {
      // Reading stays in the tensor, writing in the row: what a whole vector reaches beyond its windows is written
      // later.
      const int64_t reach = (count - 1) * row_stride + 2 * Vec::width;
      const int64_t end = smaller(out_row - Vec::width, (image_.size() - corner - reach) / 2);
      for (const float* from = x + corner; at <= end; at += step, from += 2 * step) {
        const auto load_low = [&](int64_t h) { return load(from + h * row_stride); };
        const auto load_high = [&](int64_t h) { return load(from + h * row_stride + Vec::width); };
        const Largest largest = of_windows<rectified>(of_columns(count, first_cell, load_low),
                                                      of_columns(count, first_cell, load_high), first, second);
        store(y + row * out_row + at, largest.value);
        store_bytes(argmax + row * out_row + at, largest.cell);
      }
    };
    if (rows.count() == 2) {
      pool_whole(std::integral_constant<int64_t, 2>{});
    } else {
      pool_whole(rows.count());
    }
    for (; at < out_row; at += step) {
      const float* const from = x + corner + 2 * at;
      const int64_t left = smaller(step, out_row - at), inputs = 2 * left;
      const int low = static_cast<int>(smaller(inputs, Vec::width)), high = static_cast<int>(inputs) - low;
      const auto load_low = [&](int64_t h) { return load_partial(from + h * row_stride, low); };
      const auto load_high = [&](int64_t h) { return load_partial(from + h * row_stride + low, high); };
      const Largest largest = of_windows<rectified>(of_columns(rows.count(), first_cell, load_low),
                                                    of_columns(rows.count(), first_cell, load_high), first, second);
      store_partial(y + row * out_row + at, largest.value, static_cast<int>(left));
      store_bytes_partial(argmax + row * out_row + at, largest.cell, static_cast<int>(left));
    }
  }

  Pool2dGeometry g_;
  Shape image_, pooled_;
  bool fit_ = false;
  int64_t at_once_ = 0;                             // windows
  int32_t first_[Vec::width], second_[Vec::width];  // where the windows' columns are in two vectors of the image's row
};

// The gradient of windows of any size: a vector of the image's row, whatever pixels it spans, takes its windows'
// gradients by one permutation.
class TilesOfFewChannels {
 public:
  TilesOfFewChannels(const Pool2dGeometry& geometry, const Shape& image, const Shape& pooled)
      : g_(geometry), image_(image), pooled_(pooled) {
    const int64_t channels = image.dims[3], columns = pooled.dims[2] * g_.kernel_width;
    if (channels >= Vec::width || g_.kernel_width > most_columns || g_.pad_left != 0 || columns != image.dims[2])
      return;
    period_ = g_.kernel_width * channels;
    fit_ = true;
    for (int64_t offset = 0; offset < period_; ++offset) fit_ = fit_ && fill(patterns_[offset], offset, channels);
  }

  bool fit() const { return fit_; }

  void spread(const float* grad, const uint8_t* argmax, float* dx) const {
    const int64_t out_height = pooled_.dims[1], out_row = pooled_.dims[2] * pooled_.dims[3];
    const int64_t height = image_.dims[1], row = image_.dims[2] * image_.dims[3];
    const double work = static_cast<double>(row) * static_cast<double>(smaller(g_.kernel_height, height));
    parallel_for(pooled_.dims[0] * out_height, pool_grain(work), [&](int64_t begin, int64_t end) {
      for (int64_t band = begin; band < end; ++band) {
        float* const to = dx + band / out_height * height * row;
        const Span rows(band % out_height, g_.stride_height, g_.pad_top, g_.kernel_height, height);
        spread_band(grad, argmax, band * out_row, rows, to);
        if ((band + 1) % out_height == 0)
          std::memset(to + rows.last * row, 0, static_cast<size_t>((height - rows.last) * row) * sizeof(float));
      }
    });
  }

 private:
  static constexpr int64_t most_columns = 4;  // of a window

  // For the vector that begins so many values behind the beginning of a window: which values of the pooled row its
  // lanes take, counted from `base` behind the window's, and the columns of the windows that they are.
  struct Pattern {
    int64_t base;
    int32_t lanes[Vec::width], columns[Vec::width];
  };

  // Whether the values lie within one vector.
  bool fill(Pattern& pattern, int64_t offset, int64_t channels) const {
    int64_t source[Vec::width], last = 0;
    pattern.base = INT64_MAX;
    for (int lane = 0; lane < Vec::width; ++lane) {
      const int64_t at = offset + lane;
      source[lane] = at / period_ * channels + at % channels;
      pattern.columns[lane] = static_cast<int32_t>(at / channels % g_.kernel_width);
      pattern.base = smaller(pattern.base, source[lane]);
      last = source[lane] > last ? source[lane] : last;
    }
    for (int lane = 0; lane < Vec::width; ++lane)
      pattern.lanes[lane] = static_cast<int32_t>(source[lane] - pattern.base);
    return last - pattern.base < Vec::width;
  }

  // The rows under one row of windows, whose results begin at `first`.
  void spread_band(const float* grad, const uint8_t* argmax, int64_t first, const Span& rows, float* to) const {
    const int64_t row = image_.dims[2] * image_.dims[3], channels = image_.dims[3];
    const int64_t results = pooled_.size();
    int64_t window = first, offset = 0;  // of the vector's beginning: its window's first result, and how far behind it
    for (int64_t at = 0; at < row; at += Vec::width) {
      const Pattern& pattern = patterns_[offset];
      const int64_t source = window + pattern.base;
      const int room = static_cast<int>(smaller(results - source, Vec::width));
      const bool whole = room == Vec::width;
      const IVec lanes = load(pattern.lanes), columns = load(pattern.columns);
      const Vec value = permute(whole ? load(grad + source) : load_partial(grad + source, room), lanes);
      const IVec bytes = whole ? load_bytes(argmax + source) : load_bytes_partial(argmax + source, room);
      const IVec chosen = as_int(permute(as_float(bytes), lanes));
      const int64_t left = row - at;
      for (int64_t h = rows.first; h < rows.last; ++h) {
        const IVec cell = columns + splat_int(static_cast<int32_t>((h - rows.start) * g_.kernel_width));
        const Vec given = select(eq(chosen, cell), value, zero());
        if (left >= Vec::width) {
          store(to + h * row + at, given);
        } else {
          store_partial(to + h * row + at, given, static_cast<int>(left));
        }
      }
      for (offset += Vec::width; offset >= period_; offset -= period_) window += channels;
    }
  }

  Pool2dGeometry g_;
  Shape image_, pooled_;
  int64_t period_ = 0;  // values of the image's row in a window
  bool fit_ = false;
  Pattern patterns_[most_columns * Vec::width]{};
};

}  // namespace hebb::cpu::HEBB_ISA
