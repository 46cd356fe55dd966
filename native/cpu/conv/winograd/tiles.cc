#include "cpu/conv/winograd/tiles.h"

#include "cpu/gemm/pack.h"

namespace hebb::cpu::HEBB_ISA::winograd {
namespace {

constexpr int width = Vec::width;
alignas(64) constexpr float zeros[row_stride] = {};

template <int extent, class Load>
HEBB_INLINE void transform_vector(const Load& load_pixel, float* to, int64_t frequency_stride) {
  Vec half[points][extent];
#pragma GCC unroll 6
  for (int column = 0; column < extent; ++column) {
    Vec pixels[extent], values[points];
#pragma GCC unroll 6
    for (int row = 0; row < extent; ++row) pixels[row] = load_pixel(row * extent + column);
    if constexpr (extent == points) {
      transform_input(pixels, values);
    } else {
      transform_gradient(pixels, values);
    }
#pragma GCC unroll 6
    for (int row = 0; row < points; ++row) half[row][column] = values[row];
  }
#pragma GCC unroll 6
  for (int row = 0; row < points; ++row) {
    Vec values[points];
    if constexpr (extent == points) {
      transform_input(half[row], values);
    } else {
      transform_gradient(half[row], values);
    }
#pragma GCC unroll 6
    for (int column = 0; column < points; ++column)
      store(to + (row * points + column) * frequency_stride, values[column]);
  }
}

template <int extent, int step>
HEBB_INLINE void transform_tiles(const Tiles& tiles, int64_t first, int64_t count, int64_t channel, int64_t channels,
                                 const Transformed& target) {
  int64_t image = first / tiles.per_image(), rest = first - image * tiles.per_image();
  int64_t row = rest / tiles.columns, column = rest - row * tiles.columns;
  for (int64_t tile = 0; tile < count; ++tile) {
    const float* pixels[extent * extent];
    const int64_t top = tiles.top + row * step, left = tiles.left + column * step;
    const float* corner = tiles.data + ((image * tiles.height + top) * tiles.width + left) * tiles.pixel + channel;
#pragma GCC unroll 6
    for (int y = 0; y < extent; ++y) {
      const bool inside = top + y >= 0 && top + y < tiles.height;
#pragma GCC unroll 6
      for (int x = 0; x < extent; ++x)
        pixels[y * extent + x] =
            inside && left + x >= 0 && left + x < tiles.width ? corner + (y * tiles.width + x) * tiles.pixel : zeros;
    }
    float* to = target.data + tile * row_stride;
    int64_t c = 0;
    for (; c + width <= channels; c += width)
      transform_vector<extent>([&](int pixel) { return load(pixels[pixel] + c); }, to + c, target.frequency_stride);
    if (c < channels) {
      const int lanes = static_cast<int>(channels - c);
      transform_vector<extent>([&](int pixel) { return load_partial(pixels[pixel] + c, lanes); }, to + c,
                               target.frequency_stride);
    }
    if (++column < tiles.columns) continue;
    column = 0;
    if (++row < tiles.rows) continue;
    row = 0;
    ++image;
  }
}

}  // namespace

template <int taps>
void transform_inputs(const Tiles& tiles, int64_t first, int64_t count, int64_t channel, int64_t channels,
                      const Transformed& to) {
  transform_tiles<points, outputs_of<taps>>(tiles, first, count, channel, channels, to);
}

template <int taps>
void transform_gradients(const Tiles& tiles, int64_t first, int64_t count, int64_t channel, int64_t channels,
                         const Transformed& to) {
  transform_tiles<outputs_of<taps>, outputs_of<taps>>(tiles, first, count, channel, channels, to);
}

template void transform_inputs<3>(const Tiles&, int64_t, int64_t, int64_t, int64_t, const Transformed&);
template void transform_inputs<5>(const Tiles&, int64_t, int64_t, int64_t, int64_t, const Transformed&);
template void transform_gradients<3>(const Tiles&, int64_t, int64_t, int64_t, int64_t, const Transformed&);
template void transform_gradients<5>(const Tiles&, int64_t, int64_t, int64_t, int64_t, const Transformed&);

}  // namespace hebb::cpu::HEBB_ISA::winograd
