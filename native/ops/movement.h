// Kernels that move elements without arithmetic, and conversions.
#pragma once
#include "ops/op.h"

namespace hebb::ops {

// y's axis i is x's axis permutation[i].
struct transpose {
  static constexpr Names names{"x", "y", "permutation"};
  static void check(AnyIn x, AnyOut y, Ints permutation);
};
// y = x[starts[0] : starts[0] + y.shape[0], ...]
struct slice {
  static constexpr Names names{"x", "y", "starts"};
  static void check(AnyIn x, AnyOut y, Ints starts);
};
// y[starts[0] : starts[0] + x.shape[0], ...] = x, and value elsewhere. The gradient of slice, and slice is its own.
struct pad {
  static constexpr Names names{"x", "y", "starts", "value"};
  static void check(AnyIn x, AnyOut y, Ints starts, double value);
};
// One tensor at least; all extents but axis's are equal.
struct concat {
  static constexpr Names names{"tensors", "y", "axis"};
  static void check(List<AnyIn> tensors, AnyOut y, int64_t axis);
};
// y[i, ...] = table[rows[i], ...]; rows [N]. A row outside the table is an error when it runs.
struct gather_rows {
  static constexpr Names names{"table", "rows", "y"};
  static void check(AnyIn table, In<int32_t> rows, AnyOut y);
};
// dtable = 0, then dtable[rows[i], ...] += grad[i, ...] in order of i.
struct gather_rows_backward {
  static constexpr Names names{"grad", "rows", "dtable"};
  static void check(In<float> grad, In<int32_t> rows, Out<float> dtable);
};
// What both kernels above do first: throws an Error that names the row that is not in [0, extent).
void expect_rows_within(In<int32_t> rows, int64_t extent);
// What it throws, for devices that find out later.
ArgumentError row_error(int64_t row, int64_t index, int64_t extent);

// y = x * scale + shift, computed in float32 and converted: to integers by truncation, saturating, NaN to 0.
// int32 to int32 and uint8 to uint8, and int32 <-> uint8, with scale 1 and shift 0 are exact.
struct cast {
  static constexpr Names names{"x", "y", "scale", "shift"};
  static void check(AnyIn x, AnyOut y, double scale, double shift);
};
// The same bytes.
struct copy {
  static constexpr Names names{"x", "y"};
  static void check(AnyIn x, AnyOut y);
};
struct fill {
  static constexpr Names names{"y", "value"};
  static void check(AnyOut y, double value);
};

}  // namespace hebb::ops
