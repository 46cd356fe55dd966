#include "cuda/conv/columns.h"

#include "cuda/divisor.h"
#include "cuda/launch.h"

// Extents and parameters are at most 2^30 (ops/conv2d.cc) and a window fits into the padded image, so that places in
// it are below 3 * 2^30: they fit 32 bits without a sign, and those in the padding before the image wrap around to
// numbers above any extent.
namespace hebb::cuda {
namespace {

// What both directions know. Channels are counted in vectors of `width` floats, 1 or 4.
struct Windows {
  explicit Windows(const Convolution& c, int64_t width)
      : depth(std::max(c.depth / width, int64_t{1})),
        window_width(c.window_width),
        window_height(c.window_height),
        out_width(static_cast<uint32_t>(c.out_width)),
        width(static_cast<uint32_t>(c.width)),
        height(static_cast<uint32_t>(c.height)),
        channels(static_cast<uint32_t>(c.channels / width)),
        columns(static_cast<uint32_t>(columns_of(c) / width)),
        stride_height(c.geometry.stride_height),
        stride_width(c.geometry.stride_width),
        pad_top(static_cast<uint32_t>(c.geometry.pad_top)),
        pad_left(static_cast<uint32_t>(c.geometry.pad_left)),
        dilation_height(static_cast<uint32_t>(c.geometry.dilation_height)),
        dilation_width(static_cast<uint32_t>(c.geometry.dilation_width)) {}

  Divisor depth, window_width, window_height;
  uint32_t out_width, width, height, channels, columns;
  Divisor stride_height, stride_width;
  uint32_t pad_top, pad_left, dilation_height, dilation_width;
};

// A position is `row`, `column` of its image; the tile's first one is that of image 0 here.
template <class Vector>
__global__ void gather(Windows w, Divisor out_width, Divisor out_height, uint32_t first_row, uint32_t first_column,
                       uint32_t positions, const Vector* x, Vector* columns) {
  const uint32_t position = blockIdx.x * blockDim.y + threadIdx.y;
  if (position >= positions) return;
  uint32_t column = first_column + position;
  uint32_t row = first_row + out_width.split(column);
  const uint32_t image = out_height.split(row);
  const Vector* const pixels = x + static_cast<int64_t>(image) * w.height * w.width * w.channels;
  Vector* const patch = columns + static_cast<int64_t>(position) * w.columns;
  for (uint32_t item = blockIdx.y * blockDim.x + threadIdx.x; item < w.columns; item += gridDim.y * blockDim.x) {
    uint32_t channel = item;
    uint32_t tap_column = w.depth.split(channel);
    uint32_t tap_row = w.window_width.split(tap_column);
    const uint32_t group = w.window_height.split(tap_row);
    const uint32_t h = row * w.stride_height.value() + tap_row * w.dilation_height - w.pad_top;
    const uint32_t v = column * w.stride_width.value() + tap_column * w.dilation_width - w.pad_left;
    const bool inside = h < w.height && v < w.width;
    const int64_t pixel = static_cast<int64_t>(h) * w.width + v;
    patch[item] = inside ? pixels[pixel * w.channels + group * w.depth.value() + channel] : Vector{};
  }
}

__device__ inline void add_to(float& sum, float term) { sum += term; }
__device__ inline void add_to(float4& sum, float4 term) {
  sum.x += term.x, sum.y += term.y, sum.z += term.z, sum.w += term.w;
}

// dx and columns begin at the band's first image.
template <class Vector>
__global__ void add_up(Windows w, Divisor width, Divisor rows, uint32_t pixels, uint32_t first_row,
                       uint32_t first_out_row, uint32_t out_rows, const Vector* columns, Vector* dx) {
  const uint32_t pixel = blockIdx.x * blockDim.y + threadIdx.y;
  if (pixel >= pixels) return;
  uint32_t v = pixel;
  uint32_t h = width.split(v);
  const uint32_t image = rows.split(h);
  h += first_row;
  Vector* const to = dx + ((static_cast<int64_t>(image) * w.height + h) * w.width + v) * w.channels;
  const Vector* const patches = columns + static_cast<int64_t>(image) * out_rows * w.out_width * w.columns;
  const uint32_t down = h + w.pad_top, across = v + w.pad_left;  // in the padded image
  const uint32_t window_height = w.window_height.value(), window_width = w.window_width.value();
  for (uint32_t item = blockIdx.y * blockDim.x + threadIdx.x; item < w.channels; item += gridDim.y * blockDim.x) {
    uint32_t channel = item;
    const uint32_t group = w.depth.split(channel);
    Vector sum{};
    for (uint32_t tap_row = 0; tap_row < window_height; ++tap_row) {
      if (tap_row * w.dilation_height > down) break;
      uint32_t rest = down - tap_row * w.dilation_height;
      const uint32_t row = w.stride_height.split(rest) - first_out_row;
      if (rest != 0 || row >= out_rows) continue;
      for (uint32_t tap_column = 0; tap_column < window_width; ++tap_column) {
        if (tap_column * w.dilation_width > across) break;
        rest = across - tap_column * w.dilation_width;
        const uint32_t column = w.stride_width.split(rest);
        if (rest != 0 || column >= w.out_width) continue;
        const int64_t position = static_cast<int64_t>(row) * w.out_width + column;
        const uint32_t tap = (group * window_height + tap_row) * window_width + tap_column;
        add_to(sum, patches[position * w.columns + tap * w.depth.value() + channel]);
      }
    }
    to[item] = sum;
  }
}

// Threads over the items of a row, of which there are `length`, and over the rows.
struct Shape2d {
  Grid grid;
  Block block;
};
Shape2d shape_of(int64_t rows, int64_t length) {
  int across = 1;
  while (across < warp && across < length) across *= 2;
  const int down = 256 / across;
  const int64_t stretches = std::min(blocks_for(length, across * 8), int64_t{65535});
  return {{blocks_for(rows, down), static_cast<int>(stretches)}, {across, down}};
}

bool by_fours(const Convolution& c, const float* image, const float* columns) {
  return c.depth % 4 == 0 && aligned16(image) && aligned16(columns);
}

template <class Vector>
void gather_vectors(const Convolution& c, const float* x, int64_t first, int64_t count, float* columns) {
  const Windows w(c, sizeof(Vector) / sizeof(float));
  const int64_t line = first / c.out_width, image = line / c.out_height;
  const auto [grid, block] = shape_of(count, w.columns);
  launch(grid, block, gather<Vector>, w, Divisor(c.out_width), Divisor(c.out_height),
         static_cast<uint32_t>(line % c.out_height), static_cast<uint32_t>(first % c.out_width),
         static_cast<uint32_t>(count), reinterpret_cast<const Vector*>(x + image * c.height * c.width * c.channels),
         reinterpret_cast<Vector*>(columns));
}

template <class Vector>
void add_vectors(const Convolution& c, const Band& band, const float* columns, float* dx) {
  const Windows w(c, sizeof(Vector) / sizeof(float));
  const int64_t pixels = band.images * band.rows * c.width;
  const auto [grid, block] = shape_of(pixels, w.channels);
  launch(grid, block, add_up<Vector>, w, Divisor(c.width), Divisor(band.rows), static_cast<uint32_t>(pixels),
         static_cast<uint32_t>(band.row), static_cast<uint32_t>(band.out_row), static_cast<uint32_t>(band.out_rows),
         reinterpret_cast<const Vector*>(columns),
         reinterpret_cast<Vector*>(dx + band.image * c.height * c.width * c.channels));
}

}  // namespace

void gather_patches(const Convolution& c, const float* x, int64_t first, int64_t count, float* columns) {
  if (by_fours(c, x, columns)) return gather_vectors<float4>(c, x, first, count, columns);
  gather_vectors<float>(c, x, first, count, columns);
}

void add_patches(const Convolution& c, const Band& band, const float* columns, float* dx) {
  if (by_fours(c, dx, columns)) return add_vectors<float4>(c, band, columns, dx);
  add_vectors<float>(c, band, columns, dx);
}

}  // namespace hebb::cuda
