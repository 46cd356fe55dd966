// Elementwise loops over two operands that are broadcast to the result's shape.
#pragma once
#include "core/view.h"
#include "cuda/kernels/map.h"
#include "cuda/kernels/strides.h"

namespace hebb::cuda {

// An operand in packs: one each, or where it repeats along the innermost axis, one element for all lanes.
class Repeated {
 public:
  Repeated(const float* data, Axes axes, int width)
      : data_(data), repeats_(axes.rank == 0 || axes.strides[0] == 0), place_(in_packs(axes, width)) {}

  // Whether no pack of so many elements reaches over the end of an innermost row.
  static bool fits(const float* data, const Axes& axes, int width) {
    return axes.rank == 0 || (axes.extents[0] % width == 0 && (axes.strides[0] == 0 || aligned16(data)));
  }

  template <int width>
  __device__ Pack<width> at(int64_t pack) const {
    const int64_t place = place_(pack);
    if (!repeats_) return load<width>(data_ + place * width);
    Pack<width> same;
#pragma unroll
    for (int lane = 0; lane < width; ++lane) same[lane] = data_[place];
    return same;
  }

 private:
  // Where the operand advances along the innermost axis, its other strides are whole rows of that axis, or 0.
  static Strided in_packs(Axes axes, int width) {
    if (axes.rank == 0) return Strided(axes);
    axes.extents[0] /= width;
    for (int axis = 1; axis < axes.rank && axes.strides[0] != 0; ++axis) axes.strides[axis] /= width;
    return Strided(axes);
  }

  const float* data_;
  bool repeats_;
  Strided place_;
};

// y[i] = f(a[i], b[i], dense[i]...)
template <int width, class F, class... Dense>
__global__ void broadcast_map_packs(F f, float* y, int64_t packs, Repeated a, Repeated b, const Dense*... dense) {
  for (int64_t pack = first_index(); pack < packs; pack += index_step()) {
    store(y + pack * width,
          each_lane<width>(f, a.at<width>(pack), b.at<width>(pack), load<width>(dense + pack * width)...));
  }
}

// a and b are broadcast to y's shape, what is dense has it.
template <class F, class... Dense>
void broadcast_map(F f, Out<float> y, In<float> a, In<float> b, const Dense*... dense) {
  const int64_t count = y.size();
  if (count == 0) return;
  if (a.shape == y.shape && b.shape == y.shape) return map(f, y.data, count, a.data, b.data, dense...);
  const Axes of_a = broadcast_axes(a.shape, y.shape), of_b = broadcast_axes(b.shape, y.shape);
  const auto run = [&](int width, auto kernel) {
    launch(grid_for(count, 256, width), {}, kernel, f, y.data, count / width, Repeated(a.data, of_a, width),
           Repeated(b.data, of_b, width), dense...);
  };
  const bool fours = count % 4 == 0 && aligned16(y.data) && (aligned16(dense) && ...) &&
                     Repeated::fits(a.data, of_a, 4) && Repeated::fits(b.data, of_b, 4);
  fours ? run(4, broadcast_map_packs<4, F, Dense...>) : run(1, broadcast_map_packs<1, F, Dense...>);
}

}  // namespace hebb::cuda
