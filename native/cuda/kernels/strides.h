// Where the elements of one tensor, taken in order, lie in another.
#pragma once
#include "core/shape.h"
#include "cuda/kernels/divider.h"

namespace hebb::cuda {

// Axes from the innermost on, with their strides in the other tensor. Those along which it advances evenly are merged.
struct Axes {
  int rank = 0;
  int64_t extents[max_rank] = {}, strides[max_rank] = {};
  int64_t start = 0;

  void add(int64_t extent, int64_t stride) {
    if (extent == 1) return;
    if (rank > 0 && stride == strides[rank - 1] * extents[rank - 1]) {
      extents[rank - 1] *= extent;
    } else {
      extents[rank] = extent;
      strides[rank++] = stride;
    }
  }
  int64_t size() const {
    int64_t count = 1;
    for (int axis = 0; axis < rank; ++axis) count *= extents[axis];
    return count;
  }
};

// Those of `to` when `from`, aligned at the last axis, is broadcast to it.
inline Axes broadcast_axes(const Shape& from, const Shape& to) {
  Axes axes;
  int64_t stride = 1;
  for (int axis = 1; axis <= to.rank; ++axis) {
    const int64_t extent = axis <= from.rank ? from.dims[from.rank - axis] : 1;
    axes.add(to.dims[to.rank - axis], extent == 1 ? 0 : stride);
    stride *= extent;
  }
  return axes;
}

// The same for device code.
class Strided {
 public:
  explicit Strided(const Axes& axes) : start_(axes.start), outer_(axes.rank > 0 ? axes.rank - 1 : 0) {
    for (int axis = 0; axis < axes.rank; ++axis) {
      extents_[axis] = Divider(axes.extents[axis]);
      strides_[axis] = axes.strides[axis];
    }
  }

  __device__ int64_t operator()(int64_t index) const {
    int64_t offset = start_;
#pragma unroll
    for (int axis = 0; axis < max_rank - 1; ++axis) {
      if (axis == outer_) return offset + index * strides_[axis];
      const int64_t rest = extents_[axis].quotient(index);
      offset += (index - rest * extents_[axis].divisor()) * strides_[axis];
      index = rest;
    }
    return offset + index * strides_[max_rank - 1];
  }

 private:
  int64_t start_;
  int outer_;  // the outermost axis
  Divider extents_[max_rank];
  int64_t strides_[max_rank] = {};
};

}  // namespace hebb::cuda
