#include "cpu/kernels/pool2d_backward.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

// Row by row of the window, so that rounding errors grow with its height plus its width, not with its area.
template <class Width, class Window>
HEBB_INLINE void mean_of_window(Width width, Window window, const float* x, int64_t row_stride, int64_t channels,
                                float cells, float* y) {
  Vec total[Width::vectors];
  for (int v = 0; v < Width::vectors; ++v) total[v] = zero();
  for (int64_t h = 0; h < window.rows; ++h) {
    Vec sum[Width::vectors];
    for (int v = 0; v < Width::vectors; ++v) sum[v] = zero();
    for (int64_t w = 0; w < window.columns; ++w)
      for (int v = 0; v < Width::vectors; ++v)
        sum[v] = sum[v] + width.load_from(x + h * row_stride + w * channels + v * Vec::width);
    for (int v = 0; v < Width::vectors; ++v) total[v] = total[v] + sum[v];
  }
  for (int v = 0; v < Width::vectors; ++v) width.store_to(y + v * Vec::width, total[v] / splat(cells));
}

}  // namespace

void average_pool2d(In<float> x, Out<float> y, Pool2dGeometry geometry, bool count_padding) {
  if (y.size() == 0) return;
  const int64_t channels = x.shape.dims[3], row_stride = x.shape.dims[2] * channels;
  const float all_cells = static_cast<float>(geometry.kernel_height * geometry.kernel_width);
  for_each_window(x.shape, y.shape, geometry, [&](auto lanes, auto window, int64_t input, int64_t output) {
    const float cells = count_padding ? all_cells : static_cast<float>(window.rows * window.columns);
    mean_of_window(lanes, window, x.data + input, row_stride, channels, cells, y.data + output);
  });
}

void average_pool2d_backward(In<float> grad, Out<float> dx, Pool2dGeometry geometry, bool count_padding) {
  if (dx.size() == 0) return;
  const Pool2dGeometry& g = geometry;
  const int64_t height = dx.shape.dims[1], width = dx.shape.dims[2];
  const bool padded = g.pad_top || g.pad_bottom || g.pad_left || g.pad_right;
  const bool same_share = count_padding || !padded;  // windows are clipped by padding alone
  const float usual_share = 1 / static_cast<float>(g.kernel_height * g.kernel_width);
  const auto share_of = [&](const Span& rows, const Span& columns) {
    return splat(same_share ? usual_share : 1 / static_cast<float>(rows.count() * columns.count()));
  };
  if (tiles(g)) {
    spread_tiles(grad.shape, dx, g, [&](auto lanes, int64_t input, const Span& rows, const Span& columns) {
      const Vec value = lanes.load_from(grad.data + input) * share_of(rows, columns);
      return [=](int64_t) { return value; };
    });
  } else {
    gather_windows(grad.shape, dx, g, [&](auto lanes, int64_t input, int64_t, int64_t oh, int64_t ow) {
      const Span rows(oh, g.stride_height, g.pad_top, g.kernel_height, height);
      const Span columns(ow, g.stride_width, g.pad_left, g.kernel_width, width);
      return lanes.load_from(grad.data + input) * share_of(rows, columns);
    });
  }
}

}  // namespace hebb::cpu::HEBB_ISA
