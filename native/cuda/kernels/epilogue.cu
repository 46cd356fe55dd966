#include "cuda/kernels/epilogue.h"

#include "cuda/kernels/halves.h"

namespace hebb::cuda {
namespace {

// across: packs in a row.
template <int width, class Sum>
__global__ void apply_to_packs(Epilogue e, const Sum* sums, float* y, int64_t count, int64_t across, int64_t stride) {
  int64_t row = first_index() / across, place = first_index() % across;
  const int64_t row_step = index_step() / across, place_step = index_step() % across;
  for (int64_t index = first_index(); index < count; index += index_step()) {
    const int64_t column = place * width, at = row * stride + column;
    Pack<width> pack = load<width>(sums + at), scale, bias, residual;
    if (e.scale) scale = load<width>(e.scale + column);
    if (e.bias) bias = load<width>(e.bias + column);
    if (e.residual) residual = load<width>(e.residual + at);
#pragma unroll
    for (int lane = 0; lane < width; ++lane) {
      float value = pack[lane];
      if (e.scale) value *= scale[lane];
      if (e.bias) value += bias[lane];
      if (e.residual) value += residual[lane];
      pack[lane] = e.activation == Activation::relu && value < 0 ? 0 : value;  // NaN stays
    }
    store(y + at, pack);
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
  if (stride % 4 == 0 && packs_of_four(columns, sums, y, e.scale, e.bias, e.residual)) {
    const int64_t count = rows * (columns / 4);
    launch(grid_for(count), {}, apply_to_packs<4, Sum>, e, sums, y, count, columns / 4, stride);
  } else {
    const int64_t count = rows * columns;
    launch(grid_for(count), {}, apply_to_packs<1, Sum>, e, sums, y, count, columns, stride);
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
