// Walking two operands broadcast to one dense result: extents of 1 are dropped and axes along which both operands
// advance alike are merged, so that equal shapes, a scalar, a row or a column each become one or two loops.
#pragma once
#include "core/shape.h"

namespace hebb::cpu::HEBB_ISA {

struct BroadcastPlan {
  int rank = 0;  // at least 1; axis 0 is the innermost
  int64_t extents[max_rank] = {};
  int64_t a_strides[max_rank] = {}, b_strides[max_rank] = {};  // 0 where repeated; those of axis 0 are 0 or 1
  int64_t size = 0;
};

// The step of a dense operand for one more along `axis` of the result; `inner` is the size of its later axes.
HEBB_INLINE int64_t step_inwards(const Shape& operand, int axis, int64_t& inner) {
  if (axis < 0) return 0;
  const int64_t extent = operand.dims[axis], step = extent == 1 ? 0 : inner;
  inner *= extent;
  return step;
}

HEBB_INLINE BroadcastPlan plan_broadcast(const Shape& result, const Shape& a, const Shape& b) {
  BroadcastPlan plan;
  plan.size = result.size();
  int64_t a_inner = 1, b_inner = 1;
  for (int axis = result.rank - 1; axis >= 0; --axis) {
    const int64_t extent = result.dims[axis];
    const int64_t a_step = step_inwards(a, axis - result.rank + a.rank, a_inner);
    const int64_t b_step = step_inwards(b, axis - result.rank + b.rank, b_inner);
    if (extent == 1) continue;
    const int last = plan.rank - 1;
    if (last >= 0 && a_step == plan.a_strides[last] * plan.extents[last] &&
        b_step == plan.b_strides[last] * plan.extents[last]) {
      plan.extents[last] *= extent;
      continue;
    }
    plan.extents[plan.rank] = extent;
    plan.a_strides[plan.rank] = a_step;
    plan.b_strides[plan.rank] = b_step;
    ++plan.rank;
  }
  if (plan.rank == 0) {
    plan.rank = 1;
    plan.extents[0] = 1;
  }
  return plan;
}

// Calls row(position, a_offset, b_offset, count) for each run of the innermost axis within [begin, end) of the result.
template <class Row>
HEBB_INLINE void for_each_row(const BroadcastPlan& plan, int64_t begin, int64_t end, Row row) {
  int64_t index[max_rank] = {};
  int64_t column = begin % plan.extents[0], rest = begin / plan.extents[0], a_offset = 0, b_offset = 0;
  for (int axis = 1; axis < plan.rank; ++axis) {
    index[axis] = rest % plan.extents[axis];
    rest /= plan.extents[axis];
    a_offset += index[axis] * plan.a_strides[axis];
    b_offset += index[axis] * plan.b_strides[axis];
  }
  while (begin < end) {
    const int64_t left_in_row = plan.extents[0] - column;
    const int64_t count = left_in_row < end - begin ? left_in_row : end - begin;
    row(begin, a_offset + column * plan.a_strides[0], b_offset + column * plan.b_strides[0], count);
    begin += count;
    column = 0;
    for (int axis = 1; axis < plan.rank; ++axis) {
      a_offset += plan.a_strides[axis];
      b_offset += plan.b_strides[axis];
      if (++index[axis] < plan.extents[axis]) break;
      a_offset -= plan.a_strides[axis] * plan.extents[axis];
      b_offset -= plan.b_strides[axis] * plan.extents[axis];
      index[axis] = 0;
    }
  }
}

}  // namespace hebb::cpu::HEBB_ISA
