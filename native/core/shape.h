// The extents of a dense row-major tensor, and short lists of integers (axes, starts) of the same form.
#pragma once
#include <cstdint>

#include "core/inline.h"

namespace hebb {

constexpr int max_rank = 8;

struct Shape {
  int rank = 0;
  int64_t dims[max_rank] = {};

  HEBB_INLINE int64_t operator[](int axis) const { return dims[axis < 0 ? rank + axis : axis]; }

  // Product of the extents of axes [first, last); 1 for none.
  HEBB_INLINE int64_t product(int first, int last) const {
    int64_t count = 1;
    for (int axis = first; axis < last; ++axis) count *= dims[axis];
    return count;
  }
  HEBB_INLINE int64_t size() const { return product(0, rank); }

  HEBB_INLINE bool operator==(const Shape& other) const {
    if (rank != other.rank) return false;
    for (int axis = 0; axis < rank; ++axis)
      if (dims[axis] != other.dims[axis]) return false;
    return true;
  }
  HEBB_INLINE bool operator!=(const Shape& other) const { return !(*this == other); }
};

using Ints = Shape;  // up to max_rank integers: rank is their count

}  // namespace hebb
