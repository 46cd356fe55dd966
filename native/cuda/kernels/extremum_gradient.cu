// The gradient of reduce_maximum and reduce_minimum: mark the elements that won, count them, share the gradient out.
#include "cuda/kernels/broadcast_map.h"
#include "cuda/kernels/sums.h"
#include "ops/elementwise.h"
#include "ops/reduction.h"

namespace hebb::cuda {

decltype(ops::equal::check) equal;

namespace {

// Not a product: where y is NaN nobody won, and the share is not finite.
struct ShareOut {
  __device__ float operator()(float grad, float winners, float won) const { return won > 0 ? grad / winners : 0; }
};

}  // namespace

void reduce_extremum_backward(In<float> grad, In<float> x, In<float> y, Out<float> dx) {
  if (x.size() == 0) return;
  Ints axes;
  for (int axis = 0; axis < x.shape.rank; ++axis) {
    if (y.shape.dims[axis] != x.shape.dims[axis]) axes.dims[axes.rank++] = axis;
  }
  const int64_t between = sum_scratch(x.shape, axes);
  float* const scratch = Context::current().scratch<float>(between + y.size());
  float* const winners = scratch + between;
  equal(x, y, dx);
  sum({dx.data, dx.shape}, {winners, y.shape}, axes, 1, scratch);
  broadcast_map(ShareOut{}, dx, grad, {winners, y.shape}, static_cast<const float*>(dx.data));
}

}  // namespace hebb::cuda
