// Reductions over any axes, and broadcasting, their gradient.
#pragma once
#include "ops/op.h"

namespace hebb::ops {

// y = scale * sum of x over `axes` (distinct, ascending, non-negative). y's shape has extent 1 at the reduced axes (as
// many dimensions as x). An empty sum is 0. Fixed order of additions: the problem decides it, not the thread count.
struct sum {
  static constexpr Names names{"x", "y", "axes", "scale"};
  static void check(In<float> x, Out<float> y, Ints axes, double scale);
};
// The largest (smallest) of x over `axes`, shapes as sum. NaN if any is NaN. Reducing over nothing is an error.
struct reduce_maximum {
  static constexpr Names names{"x", "y", "axes"};
  static void check(In<float> x, Out<float> y, Ints axes);
};
struct reduce_minimum : reduce_maximum {};
// dx: grad, shared evenly among the elements equal to y (both kept at extent 1), else 0. Serves maximum and minimum.
struct reduce_extremum_backward {
  static constexpr Names names{"grad", "x", "y", "dx"};
  static void check(In<float> grad, In<float> x, In<float> y, Out<float> dx);
};
// y = scale * x, x broadcast to y's shape (aligned at the last axis). The gradient of sum, and expand.
struct broadcast {
  static constexpr Names names{"x", "y", "scale"};
  static void check(In<float> x, Out<float> y, double scale);
};
// The index of the first largest element along `axis` (NaN counts as largest), y's shape without that axis.
struct argmax {
  static constexpr Names names{"x", "y", "axis"};
  static void check(In<float> x, Out<int32_t> y, int64_t axis);
};

}  // namespace hebb::ops
