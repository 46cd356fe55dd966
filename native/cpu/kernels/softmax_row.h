// What softmax and cross-entropy do with one contiguous row.
#pragma once
#include "cpu/kernels/map.h"
#include "cpu/simd/math.h"

namespace hebb::cpu::HEBB_ISA {

// A sum whose chain of additions is cut every so often, to keep rounding errors of long rows small.
class ChainedSum {
 public:
  HEBB_INLINE void add(Vec a) {
    chain_ = chain_ + a;
    if (--left_ == 0) cut();
  }
  HEBB_INLINE Vec total() const { return total_ + chain_; }

 private:
  static constexpr int longest_chain = 64;
  HEBB_INLINE void cut() {
    total_ = total_ + chain_;
    chain_ = zero();
    left_ = longest_chain;
  }
  Vec chain_ = zero(), total_ = zero();
  int left_ = longest_chain;
};

// Calls body(offset, lanes) for each vector of a row; lanes is a constant in all but the last call.
template <class Body>
HEBB_INLINE void for_each_vector(int64_t count, Body body) {
  int64_t i = 0;
  for (; i + Vec::width <= count; i += Vec::width) body(i, Vec::width);
  if (i < count) body(i, static_cast<int>(count - i));
}

HEBB_INLINE Vec load_lanes(const float* p, int n) { return n == Vec::width ? load(p) : load_partial(p, n); }
HEBB_INLINE void store_lanes(float* p, Vec a, int n) { n == Vec::width ? store(p, a) : store_partial(p, a, n); }
HEBB_INLINE Vec keep_lanes(Vec a, int n, Vec otherwise) {
  return n == Vec::width ? a : select(first_lanes(n), a, otherwise);
}

// Unspecified with NaN: the exponentials after it are NaN all the same.
HEBB_INLINE float largest_of_row(const float* x, int64_t count) {
  const Vec nothing = splat(-__builtin_inff());
  Vec largest = nothing;
  for_each_vector(count,
                  [&](int64_t i, int n) { largest = max(largest, keep_lanes(load_lanes(x + i, n), n, nothing)); });
  return reduce_max(largest);
}

// The sum of exp(x - largest); each(offset, exponentials, lanes) sees them.
template <class Each>
HEBB_INLINE float sum_of_exponentials(const float* x, int64_t count, float largest, Each each) {
  const Vec shift = splat(largest);
  ChainedSum sum;
  for_each_vector(count, [&](int64_t i, int n) {
    const Vec e = keep_lanes(exp(load_lanes(x + i, n) - shift), n, zero());
    each(i, e, n);
    sum.add(e);
  });
  return reduce_add(sum.total());
}

}  // namespace hebb::cpu::HEBB_ISA
