#include "cuda/kernels/epilogue.h"

#include "cuda/launch.h"

namespace hebb::cuda {
namespace {

// `width` neighbours, 1 or 4, in one access.
template <int width>
struct Run {
  float values[width];
};

template <int width>
__device__ Run<width> load(const float* from) {
  if constexpr (width == 1) return {*from};
  if constexpr (width == 4) {
    const float4 four = *reinterpret_cast<const float4*>(from);
    return {four.x, four.y, four.z, four.w};
  }
}

template <int width>
__device__ Run<width> load(const uint16_t* from) {
  if constexpr (width == 1) return {__uint_as_float(static_cast<uint32_t>(*from) << 16)};
  if constexpr (width == 4) {
    const uint2 pairs = *reinterpret_cast<const uint2*>(from);
    constexpr uint32_t high = 0xffff0000u;
    return {__uint_as_float(pairs.x << 16), __uint_as_float(pairs.x & high), __uint_as_float(pairs.y << 16),
            __uint_as_float(pairs.y & high)};
  }
}

template <int width>
__device__ void store(float* to, const Run<width>& run) {
  if constexpr (width == 1) *to = run.values[0];
  if constexpr (width == 4) {
    *reinterpret_cast<float4*>(to) = make_float4(run.values[0], run.values[1], run.values[2], run.values[3]);
  }
}

// across: runs in a row.
template <int width, class Sum>
__global__ void apply_to_runs(Epilogue e, const Sum* sums, float* y, int64_t count, int64_t across, int64_t stride) {
  int64_t row = first_index() / across, place = first_index() % across;
  const int64_t row_step = index_step() / across, place_step = index_step() % across;
  for (int64_t index = first_index(); index < count; index += index_step()) {
    const int64_t column = place * width, at = row * stride + column;
    Run<width> run = load<width>(sums + at), scale, bias, residual;
    if (e.scale) scale = load<width>(e.scale + column);
    if (e.bias) bias = load<width>(e.bias + column);
    if (e.residual) residual = load<width>(e.residual + at);
#pragma unroll
    for (int item = 0; item < width; ++item) {
      float value = run.values[item];
      if (e.scale) value *= scale.values[item];
      if (e.bias) value += bias.values[item];
      if (e.residual) value += residual.values[item];
      run.values[item] = e.activation == Activation::relu && value < 0 ? 0 : value;  // NaN stays
    }
    store(y + at, run);
    row += row_step;
    place += place_step;
    if (place >= across) {
      place -= across;
      ++row;
    }
  }
}

template <class Sum>
void apply_to(const Epilogue& e, const Sum* sums, float* y, int64_t rows, int64_t columns, int64_t stride) {
  if (rows == 0 || columns == 0) return;
  const bool by_fours = columns % 4 == 0 && stride % 4 == 0 && aligned16(sums) && aligned16(y) && aligned16(e.scale) &&
                        aligned16(e.bias) && aligned16(e.residual);
  if (by_fours) {
    const int64_t count = rows * (columns / 4);
    launch(grid_for(count), {}, apply_to_runs<4, Sum>, e, sums, y, count, columns / 4, stride);
  } else {
    const int64_t count = rows * columns;
    launch(grid_for(count), {}, apply_to_runs<1, Sum>, e, sums, y, count, columns, stride);
  }
}

}  // namespace

void apply(const Epilogue& epilogue, const float* sums, float* y, int64_t rows, int64_t columns, int64_t stride) {
  apply_to(epilogue, sums, y, rows, columns, stride);
}

void apply(const Epilogue& epilogue, const uint16_t* sums, float* y, int64_t rows, int64_t columns, int64_t stride) {
  apply_to(epilogue, sums, y, rows, columns, stride);
}

}  // namespace hebb::cuda
