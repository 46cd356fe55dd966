// Reductions over any axes.
#include "ops/reduction.h"

#include "cuda/kernels/reduce.h"
#include "cuda/kernels/sums.h"

namespace hebb::cuda {

decltype(ops::broadcast::check) broadcast;

namespace {

struct Maximum {
  using Value = float;
  static constexpr int widest = 4;
  static __device__ Value identity() { return -INFINITY; }
  static __device__ Value read(float x, int64_t) { return x; }
  __device__ Value operator()(Value a, Value b) const { return a != a || a > b ? a : b; }
};

struct Minimum {
  using Value = float;
  static constexpr int widest = 4;
  static __device__ Value identity() { return INFINITY; }
  static __device__ Value read(float x, int64_t) { return x; }
  __device__ Value operator()(Value a, Value b) const { return a != a || a < b ? a : b; }
};

// One reduced axis after another, the innermost first; neighbours that are both reduced or both kept are one axis.
template <class Reducer>
ReductionPlan<Reducer> plan_reduction(const Shape& x, const Ints& axes) {
  bool reduced[max_rank] = {};
  for (int index = 0; index < axes.rank; ++index) reduced[axes.dims[index]] = x.dims[axes.dims[index]] != 1;
  ReductionPlan<Reducer> plan;
  int64_t inner = 1;
  for (int axis = x.rank - 1; axis >= 0; --axis) {
    if (!reduced[axis]) {
      inner *= x.dims[axis];
      continue;
    }
    int64_t extent = x.dims[axis];
    while (axis > 0 && (reduced[axis - 1] || x.dims[axis - 1] == 1)) extent *= x.dims[--axis];
    plan.add(x.product(0, axis), extent, inner);
  }
  return plan;
}

template <class Reducer>
void reduce(In<float> x, Out<float> y, const Ints& axes, double scale, float* scratch) {
  const auto plan = plan_reduction<Reducer>(x.shape, axes);
  if (plan.empty()) return broadcast(x, y, scale);
  plan.run(x.data, y.data, scratch, Scale{scale});
}

template <class Reducer>
void reduce(In<float> x, Out<float> y, const Ints& axes, double scale) {
  if (y.size() == 0) return;
  const int64_t between = plan_reduction<Reducer>(x.shape, axes).scratch();
  reduce<Reducer>(x, y, axes, scale, Context::current().scratch<float>(between));
}

}  // namespace

int64_t sum_scratch(const Shape& x, const Ints& axes) { return plan_reduction<Sum>(x, axes).scratch(); }

void sum(In<float> x, Out<float> y, const Ints& axes, double scale, float* scratch) {
  reduce<Sum>(x, y, axes, scale, scratch);
}

void sum(In<float> x, Out<float> y, Ints axes, double scale) { reduce<Sum>(x, y, axes, scale); }
void reduce_maximum(In<float> x, Out<float> y, Ints axes) { reduce<Maximum>(x, y, axes, 1); }
void reduce_minimum(In<float> x, Out<float> y, Ints axes) { reduce<Minimum>(x, y, axes, 1); }

}  // namespace hebb::cuda
