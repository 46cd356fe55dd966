// The gradient of reduce_maximum and reduce_minimum: mark the elements that won, count them, share the gradient out.
#include "cuda/kernels/pipeline.h"
#include "cuda/kernels/strides.h"
#include "cuda/kernels/sums.h"
#include "ops/reduction.h"

namespace hebb::cuda {
namespace {

__global__ void mark_winners(const float* x, const float* y, float* won, int64_t count, Strided total) {
  pipeline(
      count, [&](int64_t i) { return x[i] == y[total(i)] ? 1.0f : 0.0f; },
      [&](int64_t i, float mark) { won[i] = mark; });
}

// dx holds the marks at first.
__global__ void share_out(const float* grad, const float* winners, float* dx, int64_t count, Strided total) {
  pipeline(
      count,
      [&](int64_t i) {
        const int64_t at = total(i);
        return dx[i] > 0 ? grad[at] / winners[at] : 0.0f;
      },
      [&](int64_t i, float share) { dx[i] = share; });
}

}  // namespace

void reduce_extremum_backward(In<float> grad, In<float> x, In<float> y, Out<float> dx) {
  const int64_t count = x.size();
  if (count == 0) return;
  Ints axes;
  for (int axis = 0; axis < x.shape.rank; ++axis) {
    if (y.shape.dims[axis] != x.shape.dims[axis]) axes.dims[axes.rank++] = axis;
  }
  const int64_t between = sum_scratch(x.shape, axes);
  float* const scratch = Context::current().scratch<float>(between + y.size());
  float* const winners = scratch + between;
  const Strided total(broadcast_axes(y.shape, x.shape));
  launch(pipeline_grid(count), {}, mark_winners, x.data, y.data, dx.data, count, total);
  sum({dx.data, dx.shape}, {winners, y.shape}, axes, 1, scratch);
  launch(pipeline_grid(count), {}, share_out, grad.data, static_cast<const float*>(winners), dx.data, count, total);
}

}  // namespace hebb::cuda
