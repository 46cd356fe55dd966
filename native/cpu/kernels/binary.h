// The loop of binary functions with broadcasting.
#pragma once
#include "core/view.h"
#include "cpu/kernels/broadcast_plan.h"
#include "cpu/kernels/map.h"

namespace hebb::cpu::HEBB_ISA {

// Rows shorter than this are repeated in a buffer, or the loop over a row would be mostly its last, partial vector.
constexpr int64_t short_broadcast_row = 64, row_copies = 16;

// The operand of a row of the result: one value for all of it, or one each.
template <bool moves>
struct Operand {
  const float* data;
  Vec repeated;
  HEBB_INLINE explicit Operand(const float* p) : data(p), repeated(moves ? zero() : splat(*p)) {}
  HEBB_INLINE Vec at(int64_t i) const { return moves ? load(data + i) : repeated; }
  HEBB_INLINE Vec at(int64_t i, int n) const { return moves ? load_partial(data + i, n) : repeated; }
};

template <bool a_moves, bool b_moves, class F>
HEBB_INLINE void binary_rows(const BroadcastPlan& plan, const float* a, const float* b, float* y, int64_t begin,
                             int64_t end, F f) {
  for_each_row(plan, begin, end, [&](int64_t position, int64_t a_offset, int64_t b_offset, int64_t count) {
    const Operand<a_moves> of_a(a + a_offset);
    const Operand<b_moves> of_b(b + b_offset);
    float* out = y + position;
    int64_t i = 0;
    for (; i + Vec::width <= count; i += Vec::width) store(out + i, f(of_a.at(i), of_b.at(i), position + i));
    const int rest = static_cast<int>(count - i);
    if (rest > 0) store_partial(out + i, f(of_a.at(i, rest), of_b.at(i, rest), position + i, rest), rest);
  });
}

// If one operand is a short row repeated down a contiguous other, points it to copies of itself in `buffer`.
HEBB_INLINE void widen_row(BroadcastPlan& plan, const float*& row, int64_t* row_strides, const int64_t* other_strides,
                           float* buffer) {
  const int64_t width = plan.extents[0];
  if (plan.rank != 2 || width >= short_broadcast_row || plan.extents[1] < row_copies) return;
  if (row_strides[0] != 1 || row_strides[1] != 0 || other_strides[0] != 1 || other_strides[1] != width) return;
  for (int64_t i = 0; i < width * row_copies; ++i) buffer[i] = row[i % width];
  row = buffer;
  plan.extents[0] = width * row_copies;
  plan.extents[1] = (plan.extents[1] + row_copies - 1) / row_copies;  // the last may be cut short by plan.size
  plan.a_strides[1] *= row_copies;
  plan.b_strides[1] *= row_copies;
}

// y = f(a, b, position) and, for a partial vector, f(a, b, position, lanes)
template <class F>
HEBB_INLINE void binary_at(In<float> a, In<float> b, Out<float> y, int64_t grain, F f) {
  BroadcastPlan plan = plan_broadcast(y.shape, a.shape, b.shape);
  if (plan.size == 0) return;
  float buffer[short_broadcast_row * row_copies];
  const float *of_a = a.data, *of_b = b.data;
  widen_row(plan, of_a, plan.a_strides, plan.b_strides, buffer);
  widen_row(plan, of_b, plan.b_strides, plan.a_strides, buffer);
  float* out = y.data;
  const bool a_moves = plan.a_strides[0] != 0, b_moves = plan.b_strides[0] != 0;
  parallel_for(plan.size, grain, [&](int64_t begin, int64_t end) {
    if (a_moves && b_moves) return binary_rows<true, true>(plan, of_a, of_b, out, begin, end, f);
    if (a_moves) return binary_rows<true, false>(plan, of_a, of_b, out, begin, end, f);
    if (b_moves) return binary_rows<false, true>(plan, of_a, of_b, out, begin, end, f);
    return binary_rows<false, false>(plan, of_a, of_b, out, begin, end, f);
  });
}

}  // namespace hebb::cpu::HEBB_ISA
