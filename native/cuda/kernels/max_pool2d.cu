#include "cuda/kernels/pool2d.h"

namespace hebb::cuda {

decltype(ops::max_pool2d::check) max_pool2d;
decltype(ops::max_pool2d_backward::check) max_pool2d_backward;

namespace {

// `square`: the kernel's height and width where they are known when compiling, otherwise 0.
template <int channels, int square, bool with_argmax>
__global__ void pool(const float* x, float* y, uint8_t* argmax, Windows windows, Pixels pixels, bool rectified) {
  const int64_t index = first_index();
  if (index >= pixels.count) return;
  const auto [n, oh, ow, channel] = pixels.at<channels>(static_cast<uint32_t>(index));
  const int kernel_height = square ? square : windows.kernel_height;
  const int kernel_width = square ? square : windows.kernel_width;
  const int top = oh * windows.stride_height - windows.pad_top, left = ow * windows.stride_width - windows.pad_left;
  const int first_cell = max(-top, 0) * kernel_width + max(-left, 0);  // wins where all are -infinity
  Pack<channels> largest;
  int cells[channels];
  for (int lane = 0; lane < channels; ++lane) largest[lane] = -INFINITY, cells[lane] = first_cell;
  const int64_t corner = windows.image_at(n, top, left) + channel;
  HEBB_UNROLL
  for (int kh = 0; kh < kernel_height; ++kh) {
    const bool row_inside = top + kh >= 0 && top + kh < windows.height;
    HEBB_UNROLL
    for (int kw = 0; kw < kernel_width; ++kw) {
      Pack<channels> values;
      for (int lane = 0; lane < channels; ++lane) values[lane] = -INFINITY;  // never wins
      if (row_inside && left + kw >= 0 && left + kw < windows.width)
        values = load<channels>(x + corner + kh * windows.row + kw * windows.channels);
      for (int lane = 0; lane < channels; ++lane) {
        const bool wins = !(values[lane] <= largest[lane]) && largest[lane] == largest[lane];  // NaN does
        largest[lane] = wins ? values[lane] : largest[lane];
        cells[lane] = wins ? kh * kernel_width + kw : cells[lane];
      }
    }
  }
  for (int lane = 0; lane < channels; ++lane) {
    if (!rectified || !(largest[lane] <= 0)) continue;  // NaN stays
    largest[lane] = 0;
    cells[lane] = ops::no_cell;
  }
  const int64_t at = index * channels;
  store(y + at, largest);
  if constexpr (with_argmax) {
    Bytes<channels> bytes;
    for (int lane = 0; lane < channels; ++lane) bytes[lane] = static_cast<uint8_t>(cells[lane]);
    store(argmax + at, bytes);
  }
}

// Each element of dx gathers from the windows that it lies in: no two threads write the same.
template <int channels>
__global__ void pool_backward(const float* grad, const uint8_t* argmax, float* dx, Windows windows, Pixels pixels) {
  const int64_t index = first_index();
  if (index >= pixels.count) return;
  const auto position = pixels.at<channels>(static_cast<uint32_t>(index));
  Pack<channels> sum{};
  windows.for_each_covering(position.h, position.w, [&](int oh, int ow, int kh, int kw) {
    const int64_t at = windows.pooled_at(position.n, oh, ow) + position.channel;
    const Pack<channels> grads = load<channels>(grad + at);
    const Bytes<channels> winners = load<channels>(argmax + at);
    const int cell = kh * windows.kernel_width + kw;
    for (int lane = 0; lane < channels; ++lane) sum[lane] += winners[lane] == cell ? grads[lane] : 0.0f;
  });
  store(dx + index * channels, sum);
}

// The same for the usual square kernels, a tile of stride x stride pixels a thread, which share their windows. Those
// that cover a tile and the cells of its pixels in them are known when compiling.
template <int channels, int kernel, int stride>
__global__ void pool_backward_tile(const float* grad, const uint8_t* argmax, float* dx, Windows windows, Pixels tiles) {
  const int64_t index = first_index();
  if (index >= tiles.count) return;
  const auto tile = tiles.at<channels>(static_cast<uint32_t>(index));
  Pack<channels> sums[stride][stride]{};
  constexpr int behind = (kernel - 1) / stride;  // windows that begin before the tile and reach it
  const int64_t nearest = windows.pooled_at(tile.n, tile.h, tile.w) + tile.channel;
  HEBB_UNROLL
  for (int above = behind; above >= 0; --above) {
    HEBB_UNROLL
    for (int before = behind; before >= 0; --before) {
      const int oh = tile.h - above, ow = tile.w - before;
      Pack<channels> grads{};
      Bytes<channels> winners{};
      if (oh >= 0 && oh < windows.pooled_height && ow >= 0 && ow < windows.pooled_width) {
        const int64_t at = nearest - (int64_t{above} * windows.pooled_width + before) * windows.channels;
        grads = load<channels>(grad + at);
        winners = load<channels>(argmax + at);
      }
      for (int row = 0; row < stride; ++row) {
        for (int column = 0; column < stride; ++column) {
          const int kh = above * stride + row, kw = before * stride + column;
          if (kh >= kernel || kw >= kernel) continue;
          for (int lane = 0; lane < channels; ++lane)
            sums[row][column][lane] += winners[lane] == kh * kernel + kw ? grads[lane] : 0.0f;
        }
      }
    }
  }
  const int top = tile.h * stride - windows.pad_top, left = tile.w * stride - windows.pad_left;
  const int64_t corner = windows.image_at(tile.n, top, left) + tile.channel;
  for (int row = 0; row < stride; ++row) {
    for (int column = 0; column < stride; ++column) {
      if (top + row < 0 || top + row >= windows.height || left + column < 0 || left + column >= windows.width) continue;
      store(dx + corner + row * windows.row + column * windows.channels, sums[row][column]);
    }
  }
}

using Backward = void(const float*, const uint8_t*, float*, Windows, Pixels);

// The tile kernel for a geometry, or null.
template <int channels>
Backward* tile_kernel(const Windows& windows) {
  const int kernel = windows.kernel_height, stride = windows.stride_height;
  if (windows.kernel_width != kernel || windows.stride_width != stride) return nullptr;
  if (kernel == 2 && stride == 2) return pool_backward_tile<channels, 2, 2>;
  if (kernel == 3 && stride == 2) return pool_backward_tile<channels, 3, 2>;
  if (kernel == 3 && stride == 1) return pool_backward_tile<channels, 3, 1>;
  return nullptr;
}

}  // namespace

void max_pool2d(In<float> x, Out<float> y, Optional<Out<uint8_t>> argmax, Pool2dGeometry geometry,
                Activation activation) {
  const Windows windows(x.shape, y.shape, geometry);
  const int64_t image = x.shape.product(1, 4), pooled = y.shape.product(1, 4);
  with_pack(
      x.shape[3],
      [&](auto channels) {
        for_each_part(y.shape, channels, [&](const Pixels& pixels, int64_t first) {
          with_usual_square(windows.kernel_height, windows.kernel_width, [&](auto square) {
            launch({blocks_for(pixels.count, 256)}, {256},
                   argmax ? pool<channels(), square(), true> : pool<channels(), square(), false>,
                   x.data + first * image, y.data + first * pooled, argmax ? argmax.data + first * pooled : nullptr,
                   windows, pixels, activation == Activation::relu);
          });
        });
      },
      x.data, y.data);
}

void max_pool2d_backward(In<float> grad, In<uint8_t> argmax, Out<float> dx, Pool2dGeometry geometry) {
  const Windows windows(dx.shape, grad.shape, geometry);
  const int64_t image = dx.shape.product(1, 4), pooled = grad.shape.product(1, 4);
  with_pack(
      dx.shape[3],
      [&](auto channels) {
        Backward* const by_tiles = tile_kernel<channels()>(windows);
        Backward* const kernel = by_tiles ? by_tiles : pool_backward<channels()>;
        Shape shares = dx.shape;
        if (by_tiles) {
          shares.dims[1] = blocks_for(dx.shape[1] + windows.pad_top, windows.stride_height);
          shares.dims[2] = blocks_for(dx.shape[2] + windows.pad_left, windows.stride_width);
        }
        for_each_part(shares, channels, [&](const Pixels& pixels, int64_t first) {
          launch({blocks_for(pixels.count, 256)}, {256}, kernel, grad.data + first * pooled,
                 argmax.data + first * pooled, dx.data + first * image, windows, pixels);
        });
      },
      grad.data, dx.data);
}

}  // namespace hebb::cuda
