#include "cuda/conv/columns.h"

#include "cuda/kernels/divider.h"
#include "cuda/kernels/pack.h"

// Extents and parameters are at most 2^30 (ops/conv2d.cc) and a window fits into the padded image, so that places in
// it are below 3 * 2^30: they fit 32 bits without a sign, and those in the padding before the image wrap around to
// numbers above any extent.
namespace hebb::cuda {
namespace {

// Leaves the remainder in number.
__device__ inline uint32_t split(const Divider& by, uint32_t& number) {
  const auto quotient = static_cast<uint32_t>(by.quotient(number));
  number -= quotient * static_cast<uint32_t>(by.divisor());
  return quotient;
}
__device__ inline uint32_t value_of(const Divider& divider) { return static_cast<uint32_t>(divider.divisor()); }

// What both directions know. Channels are counted in packs of `lanes`.
struct Windows {
  Windows(const Convolution& c, int lanes)
      : depth(std::max(c.depth / lanes, int64_t{1})),
        window_height(c.window_height),
        window_width(c.window_width),
        stride_height(c.geometry.stride_height),
        stride_width(c.geometry.stride_width),
        height(static_cast<uint32_t>(c.height)),
        width(static_cast<uint32_t>(c.width)),
        channels(static_cast<uint32_t>(c.channels / lanes)),
        columns(static_cast<uint32_t>(columns_of(c) / lanes)),
        out_width(static_cast<uint32_t>(c.out_width)),
        pad_top(static_cast<uint32_t>(c.geometry.pad_top)),
        pad_left(static_cast<uint32_t>(c.geometry.pad_left)),
        dilation_height(static_cast<uint32_t>(c.geometry.dilation_height)),
        dilation_width(static_cast<uint32_t>(c.geometry.dilation_width)) {}

  Divider depth, window_height, window_width, stride_height, stride_width;
  uint32_t height, width, channels, columns, out_width, pad_top, pad_left, dilation_height, dilation_width;
};

// x begins at the image of the first position, which is at first_row, first_column.
template <int lanes>
__global__ void gather(Windows w, Divider out_width, Divider out_height, uint32_t first_row, uint32_t first_column,
                       uint32_t positions, const Pack<lanes>* x, Pack<lanes>* columns) {
  const uint32_t position = blockIdx.x * blockDim.y + threadIdx.y;
  if (position >= positions) return;
  uint32_t column = first_column + position;
  uint32_t row = first_row + split(out_width, column);
  const uint32_t image = split(out_height, row);
  const Pack<lanes>* const pixels = x + static_cast<int64_t>(image) * w.height * w.width * w.channels;
  Pack<lanes>* const patch = columns + static_cast<int64_t>(position) * w.columns;
  for (uint32_t item = blockIdx.y * blockDim.x + threadIdx.x; item < w.columns; item += gridDim.y * blockDim.x) {
    uint32_t channel = item;
    uint32_t tap_column = split(w.depth, channel);
    uint32_t tap_row = split(w.window_width, tap_column);
    const uint32_t group = split(w.window_height, tap_row);
    const uint32_t h = row * value_of(w.stride_height) + tap_row * w.dilation_height - w.pad_top;
    const uint32_t v = column * value_of(w.stride_width) + tap_column * w.dilation_width - w.pad_left;
    const bool inside = h < w.height && v < w.width;
    const int64_t pixel = static_cast<int64_t>(h) * w.width + v;
    patch[item] = inside ? pixels[pixel * w.channels + group * value_of(w.depth) + channel] : Pack<lanes>{};
  }
}

// dx and columns begin at the band's first image.
template <int lanes>
__global__ void add_up(Windows w, Divider width, Divider rows, uint32_t pixels, uint32_t first_row,
                       uint32_t first_out_row, uint32_t out_rows, const Pack<lanes>* columns, Pack<lanes>* dx) {
  const uint32_t pixel = blockIdx.x * blockDim.y + threadIdx.y;
  if (pixel >= pixels) return;
  uint32_t v = pixel;
  uint32_t h = split(width, v);
  const uint32_t image = split(rows, h);
  h += first_row;
  Pack<lanes>* const to = dx + ((static_cast<int64_t>(image) * w.height + h) * w.width + v) * w.channels;
  const Pack<lanes>* const patches = columns + static_cast<int64_t>(image) * out_rows * w.out_width * w.columns;
  const uint32_t down = h + w.pad_top, across = v + w.pad_left;  // in the padded image
  const uint32_t window_height = value_of(w.window_height), window_width = value_of(w.window_width);
  for (uint32_t item = blockIdx.y * blockDim.x + threadIdx.x; item < w.channels; item += gridDim.y * blockDim.x) {
    uint32_t channel = item;
    const uint32_t group = split(w.depth, channel);
    Pack<lanes> sum{};
    for (uint32_t tap_row = 0; tap_row < window_height; ++tap_row) {
      if (tap_row * w.dilation_height > down) break;
      uint32_t rest = down - tap_row * w.dilation_height;
      const uint32_t row = split(w.stride_height, rest) - first_out_row;
      if (rest != 0 || row >= out_rows) continue;
      for (uint32_t tap_column = 0; tap_column < window_width; ++tap_column) {
        if (tap_column * w.dilation_width > across) break;
        rest = across - tap_column * w.dilation_width;
        const uint32_t column = split(w.stride_width, rest);
        if (rest != 0 || column >= w.out_width) continue;
        const int64_t position = static_cast<int64_t>(row) * w.out_width + column;
        const uint32_t tap = (group * window_height + tap_row) * window_width + tap_column;
        const Pack<lanes> term = patches[position * w.columns + tap * value_of(w.depth) + channel];
#pragma unroll
        for (int lane = 0; lane < lanes; ++lane) sum[lane] += term[lane];
      }
    }
    to[item] = sum;
  }
}

// Threads over the items of a row, of which there are `length`, and over the rows.
struct Layout {
  Layout(int64_t rows, int64_t length) {
    constexpr int threads = 256, items = 8;  // of a block, of a thread
    int across = 1;
    while (across < warp && across < length) across *= 2;
    block = {across, threads / across};
    grid = {blocks_for(rows, block.y), static_cast<int>(std::min(blocks_for(length, across * items), int64_t{65535}))};
  }
  Grid grid;
  Block block;
};

template <int lanes>
const Pack<lanes>* packs(const float* floats) {
  return reinterpret_cast<const Pack<lanes>*>(floats);
}
template <int lanes>
Pack<lanes>* packs(float* floats) {
  return reinterpret_cast<Pack<lanes>*>(floats);
}

template <int lanes>
void gather_packs(const Convolution& c, const float* x, int64_t first, int64_t count, float* columns) {
  const Windows w(c, lanes);
  const Layout layout(count, w.columns);
  const int64_t line = first / c.out_width, image = line / c.out_height;
  launch(layout.grid, layout.block, gather<lanes>, w, Divider(c.out_width), Divider(c.out_height),
         static_cast<uint32_t>(line % c.out_height), static_cast<uint32_t>(first % c.out_width),
         static_cast<uint32_t>(count), packs<lanes>(x + image * c.height * c.width * c.channels),
         packs<lanes>(columns));
}

template <int lanes>
void add_packs(const Convolution& c, const Band& band, const float* columns, float* dx) {
  const Windows w(c, lanes);
  const int64_t pixels = band.images * band.rows * c.width;
  const Layout layout(pixels, w.channels);
  launch(layout.grid, layout.block, add_up<lanes>, w, Divider(c.width), Divider(band.rows),
         static_cast<uint32_t>(pixels), static_cast<uint32_t>(band.row), static_cast<uint32_t>(band.out_row),
         static_cast<uint32_t>(band.out_rows), packs<lanes>(columns),
         packs<lanes>(dx + band.image * c.height * c.width * c.channels));
}

}  // namespace

void gather_patches(const Convolution& c, const float* x, int64_t first, int64_t count, float* columns) {
  if (packs_of_four(c.depth, x, columns)) return gather_packs<4>(c, x, first, count, columns);
  gather_packs<1>(c, x, first, count, columns);
}

void add_patches(const Convolution& c, const Band& band, const float* columns, float* dx) {
  if (packs_of_four(c.depth, dx, columns)) return add_packs<4>(c, band, columns, dx);
  add_packs<1>(c, band, columns, dx);
}

}  // namespace hebb::cuda
