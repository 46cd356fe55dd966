// The gradients of max and average pooling: what a window gives to a cell is all that tells them apart.
#pragma once
#include "cpu/kernels/pool2d.h"

namespace hebb::cpu::HEBB_ISA {

// The windows [first, last) that cover a cell; advanced cell by cell.
struct Cover {
  int64_t first = 0, last = 0;
  HEBB_INLINE void move_to(int64_t cell, int64_t stride, int64_t pad, int64_t kernel, int64_t windows) {
    while (last < windows && last * stride <= cell + pad) ++last;
    while (first < last && first * stride + kernel <= cell + pad) ++first;
  }
};

// Windows that tile the image: a cell is in one at most. give(Lanes, input, rows, columns) reads the gradient of the
// window at index `input` once, and gives a function from the cell's number to what that cell gets.
template <class Give>
HEBB_INLINE void spread_tiles(const Shape& pooled, Out<float> dx, const Pool2dGeometry& g, const Give& give) {
  const int64_t height = dx.shape.dims[1], width = dx.shape.dims[2], channels = dx.shape.dims[3];
  const int64_t out_height = pooled.dims[1], out_width = pooled.dims[2];
  const int64_t row_stride = width * channels, grads = pooled.size();
  const int64_t covered_width = smaller(out_width * g.kernel_width - g.pad_left, width);
  const auto zero_pixels = [&](float* from, int64_t pixels) {
    std::memset(from, 0, static_cast<size_t>(pixels * channels) * sizeof(float));
  };
  const double work = static_cast<double>(row_stride) * static_cast<double>(smaller(g.kernel_height, height));
  parallel_for(pooled.dims[0] * out_height, pool_grain(work), [&](int64_t begin, int64_t end) {
    for (int64_t band = begin; band < end; ++band) {
      float* image = dx.data + band / out_height * height * row_stride;
      const Span rows(band % out_height, g.stride_height, g.pad_top, g.kernel_height, height);
      for (int64_t ow = 0; ow < out_width; ++ow) {
        const Span columns(ow, g.stride_width, g.pad_left, g.kernel_width, width);
        const int64_t input = (band * out_width + ow) * channels;
        const auto spread = [&](auto lanes, int64_t channel) {
          static_assert(lanes.vectors == 1);
          const auto given = give(lanes, input + channel, rows, columns);
          for (int64_t h = rows.first; h < rows.last; ++h) {
            const int64_t first_cell = (h - rows.start) * g.kernel_width - columns.start;
            float* row = image + h * row_stride + channel;
            for (int64_t w = columns.first; w < columns.last; ++w)
              lanes.store_to(row + w * channels, given(first_cell + w));
          }
        };
        // One vector may reach into the next pixels of its rows. A later one may not: it would spoil the next pixel's
        // first channels, written before it.
        const int64_t room = smaller(grads - input, row_stride - (columns.last - 1) * channels);
        if (channels < Vec::width && room >= Vec::width) {
          spread(Lanes<1, false>{Vec::width}, 0);
        } else {
          for_each_vector(channels, spread);
        }
      }
      if (covered_width < width) {
        for (int64_t h = rows.first; h < rows.last; ++h)
          zero_pixels(image + h * row_stride + covered_width * channels, width - covered_width);
      }
      const bool last_band = (band + 1) % out_height == 0;
      if (last_band) zero_pixels(image + rows.last * row_stride, (height - rows.last) * width);
    }
  });
}

// Any windows: each cell sums what the windows that cover it give, in order. give(Lanes, input, cell, oh, ow) is what
// the window (oh, ow), whose gradient has the index `input`, gives to its cell of that number.
template <class Give>
HEBB_INLINE void gather_windows(const Shape& pooled, Out<float> dx, const Pool2dGeometry& g, const Give& give) {
  const int64_t height = dx.shape.dims[1], width = dx.shape.dims[2], channels = dx.shape.dims[3];
  const int64_t out_height = pooled.dims[1], out_width = pooled.dims[2];
  const int64_t row_stride = width * channels, out_row = out_width * channels, grads = pooled.size();
  const int64_t reach = whole_vectors(channels);
  const double windows = static_cast<double>(smaller(g.kernel_height / g.stride_height + 1, out_height)) *
                         static_cast<double>(smaller(g.kernel_width / g.stride_width + 1, out_width));
  parallel_for(dx.shape.dims[0] * height, pool_grain(static_cast<double>(row_stride) * windows),
               [&](int64_t begin, int64_t end) {
                 for (int64_t row = begin; row < end; ++row) {
                   const int64_t h = row % height, image = row / height * out_height * out_row;
                   Cover rows, columns;
                   rows.move_to(h, g.stride_height, g.pad_top, g.kernel_height, out_height);
                   for (int64_t w = 0; w < width; ++w) {
                     columns.move_to(w, g.stride_width, g.pad_left, g.kernel_width, out_width);
                     const auto gather = [&](auto lanes, int64_t channel) {
                       Vec sum[lanes.vectors];
                       for (int v = 0; v < lanes.vectors; ++v) sum[v] = zero();
                       for (int64_t oh = rows.first; oh < rows.last; ++oh) {
                         const int64_t first_cell =
                             (h + g.pad_top - oh * g.stride_height) * g.kernel_width + w + g.pad_left;
                         for (int64_t ow = columns.first; ow < columns.last; ++ow) {
                           const int64_t cell = first_cell - ow * g.stride_width;
                           const int64_t input = image + oh * out_row + ow * channels + channel;
                           for (int v = 0; v < lanes.vectors; ++v)
                             sum[v] = sum[v] + give(lanes, input + v * Vec::width, cell, oh, ow);
                         }
                       }
                       for (int v = 0; v < lanes.vectors; ++v)
                         lanes.store_to(dx.data + row * row_stride + w * channels + channel + v * Vec::width, sum[v]);
                     };
                     const int64_t last_window = image + (rows.last - 1) * out_row + (columns.last - 1) * channels;
                     if (smaller(grads - last_window, row_stride - w * channels) >= reach) {
                       for_each_whole_vector(channels, gather);
                     } else {
                       for_each_vector(channels, gather);
                     }
                   }
                 }
               });
}

HEBB_INLINE bool tiles(const Pool2dGeometry& g) {
  return g.kernel_height == g.stride_height && g.kernel_width == g.stride_width;
}

}  // namespace hebb::cpu::HEBB_ISA
