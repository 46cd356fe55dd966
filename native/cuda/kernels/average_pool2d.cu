#include "cuda/kernels/pool2d.h"

namespace hebb::cuda {

decltype(ops::average_pool2d::check) average_pool2d;
decltype(ops::average_pool2d_backward::check) average_pool2d_backward;

namespace {

constexpr int threads = 256;
constexpr int sharers = 8;        // of a large window
constexpr int large_window = 32;  // cells

// What a window's sum is divided by.
__device__ inline float cells_of(const Windows& windows, int top, int left, bool count_padding) {
  const int height = min(top + windows.kernel_height, windows.height) - max(top, 0);
  const int width = min(left + windows.kernel_width, windows.width) - max(left, 0);
  const int64_t all = static_cast<int64_t>(windows.kernel_height) * windows.kernel_width;
  return static_cast<float>(count_padding ? all : static_cast<int64_t>(height) * width);
}

// Threads of the same x share out the rows of a window, and the first adds up their sums in order.
template <int channels, int square>
__global__ void pool(const float* x, float* y, Windows windows, Pixels pixels, bool count_padding) {
  const int64_t index = first_index();
  const bool present = index < pixels.count;
  const auto [n, oh, ow, channel] = pixels.at<channels>(static_cast<uint32_t>(present ? index : 0));
  const int kernel_height = square ? square : windows.kernel_height;
  const int kernel_width = square ? square : windows.kernel_width;
  const int sharer = square ? 0 : static_cast<int>(threadIdx.y), step = square ? 1 : static_cast<int>(blockDim.y);
  const int top = oh * windows.stride_height - windows.pad_top, left = ow * windows.stride_width - windows.pad_left;
  const int64_t corner = windows.image_at(n, top, left) + channel;
  Pack<channels> sum{};
  HEBB_UNROLL
  for (int kh = sharer; kh < kernel_height; kh += step) {
    const bool row_inside = present && top + kh >= 0 && top + kh < windows.height;
    Pack<channels> row_sum{};
    HEBB_UNROLL
    for (int kw = 0; kw < kernel_width; ++kw) {
      Pack<channels> values{};
      if (row_inside && left + kw >= 0 && left + kw < windows.width)
        values = load<channels>(x + corner + kh * windows.row + kw * windows.channels);
      for (int lane = 0; lane < channels; ++lane) row_sum[lane] += values[lane];
    }
    for (int lane = 0; lane < channels; ++lane) sum[lane] += row_sum[lane];
  }
  if constexpr (!square) {
    __shared__ Pack<channels> sums[threads];
    sums[threadIdx.y * blockDim.x + threadIdx.x] = sum;
    __syncthreads();
    for (int other = 1; other < step; ++other)
      for (int lane = 0; lane < channels; ++lane) sum[lane] += sums[other * blockDim.x + threadIdx.x][lane];
  }
  if (!present || sharer > 0) return;
  const float cells = cells_of(windows, top, left, count_padding);
  for (int lane = 0; lane < channels; ++lane) sum[lane] /= cells;
  store(y + index * channels, sum);
}

// Each element of dx gathers from the windows that it lies in.
template <int channels>
__global__ void pool_backward(const float* grad, float* dx, Windows windows, Pixels pixels, bool count_padding) {
  const int64_t index = first_index();
  if (index >= pixels.count) return;
  const auto position = pixels.at<channels>(static_cast<uint32_t>(index));
  Pack<channels> sum{};
  windows.for_each_covering(position.h, position.w, [&](int oh, int ow, int kh, int kw) {
    const float share = 1 / cells_of(windows, position.h - kh, position.w - kw, count_padding);
    const Pack<channels> grads = load<channels>(grad + windows.pooled_at(position.n, oh, ow) + position.channel);
    for (int lane = 0; lane < channels; ++lane) sum[lane] += grads[lane] * share;
  });
  store(dx + index * channels, sum);
}

}  // namespace

void average_pool2d(In<float> x, Out<float> y, Pool2dGeometry geometry, bool count_padding) {
  const Windows windows(x.shape, y.shape, geometry);
  const int64_t image = x.shape.product(1, 4), pooled = y.shape.product(1, 4);
  const Block block = geometry.kernel_height * geometry.kernel_width < large_window ? Block{threads}
                                                                                    : Block{threads / sharers, sharers};
  with_pack(
      x.shape[3],
      [&](auto channels) {
        for_each_part(y.shape, channels, [&](const Pixels& pixels, int64_t first) {
          with_usual_square(windows.kernel_height, windows.kernel_width, [&](auto square) {
            launch({blocks_for(pixels.count, block.x)}, block, pool<channels(), square()>, x.data + first * image,
                   y.data + first * pooled, windows, pixels, count_padding);
          });
        });
      },
      x.data, y.data);
}

void average_pool2d_backward(In<float> grad, Out<float> dx, Pool2dGeometry geometry, bool count_padding) {
  const Windows windows(dx.shape, grad.shape, geometry);
  const int64_t image = dx.shape.product(1, 4), pooled = grad.shape.product(1, 4);
  with_pack(
      dx.shape[3],
      [&](auto channels) {
        for_each_part(dx.shape, channels, [&](const Pixels& pixels, int64_t first) {
          launch({blocks_for(pixels.count, threads)}, {threads}, pool_backward<channels()>, grad.data + first * pooled,
                 dx.data + first * image, windows, pixels, count_padding);
        });
      },
      grad.data, dx.data);
}

}  // namespace hebb::cuda
