#include "cpu/kernels/few_channels.h"
#include "cpu/kernels/pool2d_backward.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

// Images of so many floats come from memory, and the processor's own prefetching is at a loss with windows.
constexpr int64_t fetched_floats = int64_t{1} << 22;

// The cells that the window below this one will be the first to need.
template <class Width, class Window>
HEBB_INLINE void fetch_below(Width, Window window, const float* x, int64_t row_stride, int64_t channels,
                             const Pool2dGeometry& g) {
  for (int64_t h = 0; h < g.stride_height; ++h)
    for (int64_t w = 0; w < g.stride_width; ++w)
      for (int v = 0; v < Width::vectors; ++v)
        __builtin_prefetch(x + (window.rows + h) * row_stride + w * channels + v * Vec::width);
}

// `least`: 0 for the largest's ReLU, or -infinity.
template <class Width, class Window>
HEBB_INLINE void max_of_window(Width width, Window window, const float* x, int64_t row_stride, int64_t channels,
                               Vec least, float* y) {
  Vec largest[Width::vectors];
  for (int v = 0; v < Width::vectors; ++v) largest[v] = least;
  for (int64_t h = 0; h < window.rows; ++h)
    for (int64_t w = 0; w < window.columns; ++w)
      for (int v = 0; v < Width::vectors; ++v)
        largest[v] = max_nan(width.load_from(x + h * row_stride + w * channels + v * Vec::width), largest[v]);
  for (int v = 0; v < Width::vectors; ++v) width.store_to(y + v * Vec::width, largest[v]);
}

// The cells are walked from the last to the first, and one that is not less, or is NaN, takes the place: in the end the
// first of the largest, or the first NaN, stands.
template <bool rectified, class Width, class Window>
HEBB_INLINE void argmax_of_window(Width width, Window window, const float* x, int64_t row_stride, int64_t channels,
                                  int64_t kernel_width, float* y, uint8_t* argmax) {
  Vec largest[Width::vectors];
  IVec position[Width::vectors];
  for (int v = 0; v < Width::vectors; ++v) largest[v] = splat(-__builtin_inff()), position[v] = splat_int(0);
  for (int64_t h = window.rows - 1; h >= 0; --h)
    for (int64_t w = window.columns - 1; w >= 0; --w) {
      const IVec cell = splat_int(static_cast<int32_t>(window.first_cell + h * kernel_width + w));
      for (int v = 0; v < Width::vectors; ++v) {
        const Vec value = width.load_from(x + h * row_stride + w * channels + v * Vec::width);
        const Mask takes = ge(value, largest[v]) | is_nan(value);
        largest[v] = select(takes, value, largest[v]);
        position[v] = select(takes, cell, position[v]);
      }
    }
  for (int v = 0; v < Width::vectors; ++v) {
    if (rectified) rectify(largest[v], position[v]);
    width.store_to(y + v * Vec::width, largest[v]);
    width.store_bytes_to(argmax + v * Vec::width, position[v]);
  }
}

}  // namespace

void max_pool2d(In<float> x, Out<float> y, Optional<Out<uint8_t>> argmax, Pool2dGeometry geometry,
                Activation activation) {
  if (y.size() == 0) return;
  const bool rectified = activation == Activation::relu;
  const int64_t channels = x.shape.dims[3], row_stride = x.shape.dims[2] * channels;
  const PairsOfColumns pairs(geometry, x.shape, y.shape);
  if (argmax && pairs.fit()) {
    return rectified ? pairs.pool<true>(x.data, y.data, argmax.data) : pairs.pool<false>(x.data, y.data, argmax.data);
  }
  const auto pool = [&](const auto& fetch) {
    if (argmax) {
      const auto pool_by = [&](auto is_rectified) {
        for_each_window(x.shape, y.shape, geometry, [&](auto lanes, auto window, int64_t input, int64_t output) {
          fetch(lanes, window, input);
          argmax_of_window<is_rectified()>(lanes, window, x.data + input, row_stride, channels, geometry.kernel_width,
                                           y.data + output, argmax.data + output);
        });
      };
      rectified ? pool_by(std::true_type{}) : pool_by(std::false_type{});
    } else {
      const Vec least = splat(rectified ? 0 : -__builtin_inff());
      for_each_window(x.shape, y.shape, geometry, [&](auto lanes, auto window, int64_t input, int64_t output) {
        fetch(lanes, window, input);
        max_of_window(lanes, window, x.data + input, row_stride, channels, least, y.data + output);
      });
    }
  };
  if (x.size() >= fetched_floats) {
    // Inlined, or the compiler takes it for a function without effect and leaves it out.
    pool([&](auto lanes, auto window, int64_t input) __attribute__((always_inline)) {
      fetch_below(lanes, window, x.data + input, row_stride, channels, geometry);
    });
  } else {
    pool([](auto, auto, int64_t) {});
  }
}

void max_pool2d_backward(In<float> grad, In<uint8_t> argmax, Out<float> dx, Pool2dGeometry geometry) {
  if (dx.size() == 0) return;
  if (tiles(geometry)) {
    const TilesOfFewChannels few(geometry, dx.shape, grad.shape);
    if (few.fit()) return few.spread(grad.data, argmax.data, dx.data);
    spread_tiles(grad.shape, dx, geometry, [&](auto lanes, int64_t input, const Span&, const Span&) {
      const Vec value = lanes.load_from(grad.data + input);
      const IVec chosen = lanes.load_bytes_from(argmax.data + input);
      return [=](int64_t cell) { return select(eq(chosen, splat_int(static_cast<int32_t>(cell))), value, zero()); };
    });
  } else {
    gather_windows(grad.shape, dx, geometry, [&](auto lanes, int64_t input, int64_t cell, int64_t, int64_t) {
      const IVec chosen = lanes.load_bytes_from(argmax.data + input);
      return select(eq(chosen, splat_int(static_cast<int32_t>(cell))), lanes.load_from(grad.data + input), zero());
    });
  }
}

}  // namespace hebb::cpu::HEBB_ISA
