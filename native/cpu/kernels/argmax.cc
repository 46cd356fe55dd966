// Index of the first largest element, NaN being larger than anything.
#include "cpu/kernels/reduce.h"
#include "ops/reduction.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

constexpr int64_t unit_work = 16384;

HEBB_INLINE int32_t first_largest(const float* x, int64_t count) {
  const float largest = reduce_run<Maximum>(x, count);
  const Vec wanted = splat(largest);
  int64_t i = 0;
  for (; i + Vec::width <= count; i += Vec::width) {
    const Vec v = load(x + i);
    if (any(eq(v, wanted) | is_nan(v))) break;
  }
  while (x[i] == x[i] && x[i] != largest) ++i;  // it is there: no bound to check
  return static_cast<int32_t>(i);
}

// Side by side columns, n of them, each `extent` long with `stride` between its elements.
HEBB_INLINE IVec first_largest_of_columns(const float* x, int64_t extent, int64_t stride, int n) {
  Vec best = load_partial(x, n);
  IVec where = splat_int(0);
  for (int64_t k = 1; k < extent; ++k) {
    const Vec v = load_partial(x + k * stride, n);
    const Mask wins = (gt(v, best) | is_nan(v)) & ~is_nan(best);
    best = select(wins, v, best);
    where = select(wins, splat_int(static_cast<int32_t>(k)), where);
  }
  return where;
}

}  // namespace

void argmax(In<float> x, Out<int32_t> y, int64_t axis) {
  const int64_t extent = x.shape.dims[axis], outer = x.shape.product(0, static_cast<int>(axis));
  const int64_t inner = x.shape.product(static_cast<int>(axis) + 1, x.shape.rank);
  const float* const from = x.data;
  int32_t* const to = y.data;
  if (inner == 1) {
    parallel_for(outer, 1 + unit_work / (extent + 8), [=](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) to[row] = first_largest(from + row * extent, extent);
    });
    return;
  }
  const int64_t groups = (inner + Vec::width - 1) / Vec::width;
  parallel_for(outer * groups, 1 + unit_work / (extent * Vec::width), [=](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t o = unit / groups, column = unit % groups * Vec::width, left = inner - column;
      const int n = left < Vec::width ? static_cast<int>(left) : Vec::width;
      const IVec where = first_largest_of_columns(from + o * extent * inner + column, extent, inner, n);
      store_partial(to + o * inner + column, where, n);
    }
  });
}

}  // namespace hebb::cpu::HEBB_ISA
