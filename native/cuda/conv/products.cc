#include "cuda/conv/products.h"

#include <algorithm>

#include "core/error.h"
#include "cuda/conv/columns.h"
#include "cuda/gemm.h"
#include "cuda/runtime/context.h"

namespace hebb::cuda::products {

int64_t most_floats = int64_t{16} << 20;  // 64 MiB

namespace {

constexpr int64_t most_counted = int64_t{1} << 30;  // by the kernels of columns.cu

void expect_countable(const Convolution& c) {
  if (std::max({columns_of(c), c.out_height, c.out_width}) > most_counted)
    throw Error("its window or its result is too large for a GPU: at most 2^30 values in a window and on a side");
}

// `channels` values of each group at consecutive positions, [positions, groups, channels]: a matrix for each group.
Operand at_positions(const Convolution& c, const float* data, int64_t channels) {
  return {data, c.geometry.groups * channels, false, channels};
}

// [filters, window] for each group.
Operand weights(const Convolution& c, const float* weight) {
  return {weight, c.window(), false, c.group_filters() * c.window()};
}

Operand transposed(Operand operand) {
  operand.transposed = true;
  return operand;
}

// Calls visit(first, count, patches) for tiles of the positions; once where there are none.
template <class Visit>
void for_patches(const Convolution& c, const float* x, const Visit& visit) {
  const int64_t positions = c.positions();
  if (c.is_pointwise() || c.window() == 0 || positions == 0) return visit(0, positions, x);
  expect_countable(c);
  const int64_t tile = std::clamp(most_floats / columns_of(c), int64_t{1}, positions);
  float* const patches = Context::current().scratch<float>(tile * columns_of(c));
  for (int64_t first = 0; first < positions; first += tile) {
    const int64_t count = std::min(tile, positions - first);
    gather_patches(c, x, first, count, patches);
    visit(first, count, patches);
  }
}

// As many rows of positions reach so many rows of the image, at most.
int64_t reaching(const Convolution& c, int64_t rows) {
  const int64_t stretch = rows - 1 + (c.window_height - 1) * c.geometry.dilation_height;
  return std::min(c.out_height, stretch / c.geometry.stride_height + 1);
}

Band band_of(const Convolution& c, int64_t image, int64_t row, int64_t rows) {
  const Conv2dGeometry& g = c.geometry;
  const int64_t top = row + g.pad_top - (c.window_height - 1) * g.dilation_height;
  const int64_t first = top > 0 ? (top + g.stride_height - 1) / g.stride_height : 0;
  const int64_t last = std::min(c.out_height - 1, (row + rows - 1 + g.pad_top) / g.stride_height);
  return {image, 1, row, rows, first, std::max(last - first + 1, int64_t{0})};
}

// Calls visit(band, memory for its patches) for bands that cover dx: whole images, as many as fit, or parts of one.
template <class Visit>
void for_bands(const Convolution& c, const Visit& visit) {
  expect_countable(c);
  const int64_t line = c.out_width * columns_of(c);  // floats of the patches at a row of positions
  const int64_t images = std::min({c.images, most_floats / line / c.out_height, most_counted / c.height / c.width});
  if (images > 0) {
    float* const patches = Context::current().scratch<float>(images * c.out_height * line);
    for (int64_t image = 0; image < c.images; image += images)
      visit(Band{image, std::min(images, c.images - image), 0, c.height, 0, c.out_height}, patches);
    return;
  }
  const Conv2dGeometry& g = c.geometry;
  const int64_t fitting = most_floats / line * g.stride_height - (c.window_height - 1) * g.dilation_height;
  const int64_t rows = std::clamp(std::min(fitting, most_counted / c.width), int64_t{1}, c.height);
  float* const patches = Context::current().scratch<float>(reaching(c, rows) * line);
  for (int64_t image = 0; image < c.images; ++image)
    for (int64_t row = 0; row < c.height; row += rows)
      visit(band_of(c, image, row, std::min(rows, c.height - row)), patches);
}

}  // namespace

// y[positions, filters] = patches[positions, window] weight[filters, window]^T
void convolve(const Convolution& c, const float* x, const float* weight, const Epilogue& epilogue, float* y) {
  // One group's bias and activation fit into its product.
  const bool fused = c.geometry.groups == 1 && !epilogue.scale && !epilogue.residual;
  for_patches(c, x, [&](int64_t first, int64_t count, const float* patches) {
    Product p{};
    p.rows = count, p.columns = c.group_filters(), p.depth = c.window(), p.batches = c.geometry.groups;
    p.a = at_positions(c, patches, c.window());
    p.b = transposed(weights(c, weight));
    p.c = y + first * c.filters;
    p.c_stride = c.filters, p.c_batch_step = c.group_filters();
    if (fused) p.bias = epilogue.bias, p.activation = epilogue.activation;
    gemm(p);
  });
  if (!fused && !epilogue.is_empty()) apply(epilogue, y, y, c.positions(), c.filters, c.filters);
}

// patches[positions, window] = grad[positions, filters] weight[filters, window], which then add up where they overlap.
void gradient_of_input(const Convolution& c, const float* grad, const float* weight, float* dx) {
  if (c.filters == 0) {
    const size_t bytes = static_cast<size_t>(c.images * c.height * c.width * c.channels) * sizeof(float);
    return require(cudaMemsetAsync(dx, 0, bytes, Context::current().stream()), "cudaMemsetAsync");
  }
  const auto multiply = [&](int64_t first, int64_t count, float* patches) {
    Product p{};
    p.rows = count, p.columns = c.window(), p.depth = c.group_filters(), p.batches = c.geometry.groups;
    p.a = at_positions(c, grad + first * c.filters, c.group_filters());
    p.b = weights(c, weight);
    p.c = patches;
    p.c_stride = columns_of(c), p.c_batch_step = c.window();
    gemm(p);
  };
  if (c.is_pointwise()) return multiply(0, c.positions(), dx);
  for_bands(c, [&](const Band& band, float* patches) {
    multiply((band.image * c.out_height + band.out_row) * c.out_width, band.images * band.out_rows * c.out_width,
             patches);
    add_patches(c, band, patches, dx);
  });
}

// dweight[filters, window] = grad[positions, filters]^T patches[positions, window], one tile of positions after the
// other.
void gradient_of_weight(const Convolution& c, const float* grad, const float* x, float* dweight) {
  for_patches(c, x, [&](int64_t first, int64_t count, const float* patches) {
    Product p{};
    p.rows = c.group_filters(), p.columns = c.window(), p.depth = count, p.batches = c.geometry.groups;
    p.a = transposed(at_positions(c, grad + first * c.filters, c.group_filters()));
    p.b = at_positions(c, patches, c.window());
    p.c = dweight;
    p.c_stride = c.window(), p.c_batch_step = c.group_filters() * c.window();
    p.accumulate = first > 0;
    gemm(p);
  });
}

}  // namespace hebb::cuda::products
