// Index of the first largest element, NaN being larger than anything.
#include <climits>

#include "cuda/kernels/reduce.h"
#include "ops/reduction.h"

namespace hebb::cuda {
namespace {

// An element and its place in one integer, so that the largest is the one wanted: bits that order as floats do, and
// below them the place, complemented.
struct FirstLargest {
  using Value = unsigned long long;
  static constexpr int widest = 1;
  static __device__ Value identity() { return 0; }
  static __device__ Value read(float x, int64_t place) {
    const unsigned bits = __float_as_uint(x + 0.0f);  // -0 becomes 0
    const unsigned ordered = x != x ? UINT_MAX : bits >> 31 ? ~bits : bits | 1u << 31;
    return static_cast<Value>(ordered) << 32 | ~static_cast<unsigned>(place);
  }
  static __device__ Value read(Value between, int64_t) { return between; }
  __device__ Value operator()(Value a, Value b) const { return a > b ? a : b; }
};

struct Place {
  __device__ int32_t operator()(FirstLargest::Value best) const {
    return static_cast<int32_t>(~static_cast<unsigned>(best));
  }
};

}  // namespace

void argmax(In<float> x, Out<int32_t> y, int64_t axis) {
  if (y.size() == 0) return;
  ReductionPlan<FirstLargest> plan;
  plan.add(x.shape.product(0, static_cast<int>(axis)), x.shape.dims[axis],
           x.shape.product(static_cast<int>(axis) + 1, x.shape.rank));
  plan.run(x.data, y.data, Context::current().scratch<FirstLargest::Value>(plan.scratch()), Place{});
}

}  // namespace hebb::cuda
