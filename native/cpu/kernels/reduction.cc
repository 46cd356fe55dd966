// Reductions over any axes.
#include "ops/reduction.h"
#include "cpu/kernels/map.h"
#include "cpu/kernels/reduce.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

// x's axes without those of extent 1, neighbours that are both reduced or both kept merged into one.
struct Axes {
  int count = 0;
  int64_t extents[max_rank] = {};
  bool reduced[max_rank] = {};

  HEBB_INLINE int64_t product(int first, int last) const {
    int64_t size = 1;
    for (int axis = first; axis < last; ++axis) size *= extents[axis];
    return size;
  }
};

HEBB_INLINE Axes merge_axes(const Shape& x, const Ints& reduced_axes) {
  bool reduced[max_rank] = {};
  for (int index = 0; index < reduced_axes.rank; ++index) reduced[reduced_axes.dims[index]] = true;
  Axes axes;
  for (int axis = 0; axis < x.rank; ++axis) {
    if (x.dims[axis] == 1) continue;
    if (axes.count > 0 && axes.reduced[axes.count - 1] == reduced[axis]) {
      axes.extents[axes.count - 1] *= x.dims[axis];
    } else {
      axes.extents[axes.count] = x.dims[axis];
      axes.reduced[axes.count++] = reduced[axis];
    }
  }
  return axes;
}

// One reduced axis after another, the innermost first; the results between wait in scratch memory.
template <class Reducer>
HEBB_INLINE void reduce(In<float> x, Out<float> y, const Ints& reduced_axes, double scale) {
  if (y.size() == 0) return;
  Axes axes = merge_axes(x.shape, reduced_axes);
  int left = 0;
  for (int axis = 0; axis < axes.count; ++axis) left += axes.reduced[axis];
  if (left == 0) {
    const Vec factor = splat(static_cast<float>(scale));
    return map(x.data, y.data, y.size(), light_grain, [=](Vec v) { return v * factor; });
  }
  const float* from = x.data;
  ScratchSlot slot = ScratchSlot::extra;
  for (int axis = axes.count - 1; axis >= 0; --axis) {
    if (!axes.reduced[axis]) continue;
    const int64_t outer = axes.product(0, axis), extent = axes.extents[axis];
    const int64_t inner = axes.product(axis + 1, axes.count);
    axes.extents[axis] = 1;
    if (--left == 0) return reduce_middle<Reducer>(from, y.data, outer, extent, inner, scale);
    float* const between = scratch(slot, outer * inner);
    reduce_middle<Reducer>(from, between, outer, extent, inner, 1);
    from = between;
    slot = slot == ScratchSlot::extra ? ScratchSlot::pack_b : ScratchSlot::extra;
  }
}

}  // namespace

void sum(In<float> x, Out<float> y, Ints axes, double scale) { reduce<Sum>(x, y, axes, scale); }
void reduce_maximum(In<float> x, Out<float> y, Ints axes) { reduce<Maximum>(x, y, axes, 1); }
void reduce_minimum(In<float> x, Out<float> y, Ints axes) { reduce<Minimum>(x, y, axes, 1); }

}  // namespace hebb::cpu::HEBB_ISA
