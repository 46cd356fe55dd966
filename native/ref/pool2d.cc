// Plain loops over every window: cells outside the image are skipped.
#include <cmath>

#include "ops/pool2d.h"

namespace hebb::ref {
namespace {

// Calls body(output index, window cell, input index) for each cell of each window that lies in the image, and
// finish(output index, cells visited) after each window.
template <class Cell, class Finish>
void for_each_window(const Shape& image, const Shape& pooled, const Pool2dGeometry& g, Cell cell, Finish finish) {
  const int64_t height = image[1], width = image[2], channels = image[3];
  int64_t output = 0;
  for (int64_t n = 0; n < pooled[0]; ++n)
    for (int64_t oh = 0; oh < pooled[1]; ++oh)
      for (int64_t ow = 0; ow < pooled[2]; ++ow)
        for (int64_t c = 0; c < channels; ++c, ++output) {
          int64_t visited = 0;
          for (int64_t kh = 0; kh < g.kernel_height; ++kh)
            for (int64_t kw = 0; kw < g.kernel_width; ++kw) {
              const int64_t h = oh * g.stride_height - g.pad_top + kh;
              const int64_t w = ow * g.stride_width - g.pad_left + kw;
              if (h < 0 || h >= height || w < 0 || w >= width) continue;
              cell(output, kh * g.kernel_width + kw, ((n * height + h) * width + w) * channels + c);
              ++visited;
            }
          finish(output, visited);
        }
}

}  // namespace

void max_pool2d(In<float> x, Out<float> y, Optional<Out<uint8_t>> argmax, Pool2dGeometry geometry,
                Activation activation) {
  bool any = false;
  float largest = 0;
  int64_t position = 0;
  for_each_window(
      x.shape, y.shape, geometry,
      [&](int64_t, int64_t cell, int64_t input) {
        const float value = x.data[input];
        if (!any || value > largest || (std::isnan(value) && !std::isnan(largest))) {
          largest = value;
          position = cell;
        }
        any = true;
      },
      [&](int64_t output, int64_t) {
        const bool blocked = activation == Activation::relu && largest <= 0;
        y.data[output] = blocked ? 0 : largest;
        if (argmax) argmax.data[output] = blocked ? ops::no_cell : static_cast<uint8_t>(position);
        any = false;
      });
}

void max_pool2d_backward(In<float> grad, In<uint8_t> argmax, Out<float> dx, Pool2dGeometry geometry) {
  for (int64_t i = 0; i < dx.size(); ++i) dx.data[i] = 0;
  for_each_window(
      dx.shape, grad.shape, geometry,
      [&](int64_t output, int64_t cell, int64_t input) {
        if (argmax.data[output] == cell) dx.data[input] += grad.data[output];
      },
      [](int64_t, int64_t) {});
}

void average_pool2d(In<float> x, Out<float> y, Pool2dGeometry geometry, bool count_padding) {
  double sum = 0;
  for_each_window(
      x.shape, y.shape, geometry, [&](int64_t, int64_t, int64_t input) { sum += x.data[input]; },
      [&](int64_t output, int64_t visited) {
        const int64_t cells = count_padding ? geometry.kernel_height * geometry.kernel_width : visited;
        y.data[output] = static_cast<float>(sum / static_cast<double>(cells));
        sum = 0;
      });
}

void average_pool2d_backward(In<float> grad, Out<float> dx, Pool2dGeometry geometry, bool count_padding) {
  for (int64_t i = 0; i < dx.size(); ++i) dx.data[i] = 0;
  const int64_t height = dx.shape[1], width = dx.shape[2], channels = dx.shape[3];
  const auto clip = [](int64_t value, int64_t limit) { return value < 0 ? 0 : value < limit ? value : limit; };
  for (int64_t output = 0; output < grad.size(); ++output) {
    const int64_t c = output % channels, ow = output / channels % grad.shape[2];
    const int64_t oh = output / channels / grad.shape[2] % grad.shape[1];
    const int64_t n = output / channels / grad.shape[2] / grad.shape[1];
    const int64_t top = oh * geometry.stride_height - geometry.pad_top;
    const int64_t left = ow * geometry.stride_width - geometry.pad_left;
    const int64_t h0 = clip(top, height), h1 = clip(top + geometry.kernel_height, height);
    const int64_t w0 = clip(left, width), w1 = clip(left + geometry.kernel_width, width);
    const int64_t cells = count_padding ? geometry.kernel_height * geometry.kernel_width : (h1 - h0) * (w1 - w0);
    for (int64_t h = h0; h < h1; ++h)
      for (int64_t w = w0; w < w1; ++w)
        dx.data[((n * height + h) * width + w) * channels + c] +=
            static_cast<float>(grad.data[output] / static_cast<double>(cells));
  }
}

}  // namespace hebb::ref
