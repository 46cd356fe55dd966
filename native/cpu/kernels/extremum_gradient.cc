// The gradient of reduce_maximum and reduce_minimum: mark the elements that won, count them, share the gradient out.
#include "core/scratch.h"
#include "cpu/kernels/binary.h"
#include "ops/elementwise.h"
#include "ops/reduction.h"

namespace hebb::cpu::HEBB_ISA {

decltype(ops::equal::check) equal;
decltype(ops::sum::check) sum;

void reduce_extremum_backward(In<float> grad, In<float> x, In<float> y, Out<float> dx) {
  if (x.size() == 0) return;
  Ints axes;
  for (int axis = 0; axis < x.shape.rank; ++axis) {
    if (y.shape.dims[axis] != x.shape.dims[axis]) axes.dims[axes.rank++] = axis;
  }
  const In<float> won{dx.data, dx.shape};
  float* const shares = scratch(ScratchSlot::pack_a, y.size());
  equal(x, y, dx);
  sum(won, {shares, y.shape}, axes, 1);
  map(grad.data, shares, shares, y.size(), light_grain, [](Vec g, Vec winners) { return g / winners; });
  // Not a product: where y is NaN nobody won, and the share is not finite.
  binary_at(won, {shares, y.shape}, dx, light_grain,
            [](Vec w, Vec share, int64_t, int = 0) { return select(gt(w, zero()), share, zero()); });
}

}  // namespace hebb::cpu::HEBB_ISA
