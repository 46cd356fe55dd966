// Softmax, its logarithm and their gradients: along rows of contiguous elements, or along columns side by side.
#include "ops/softmax.h"

#include "cpu/kernels/softmax_row.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

// Calls row(offset) for each line of `extent` contiguous elements, if axis is the last; else column(offset, lanes) for
// each group of lines side by side, whose elements are `stride` apart.
template <class Row, class Column>
HEBB_INLINE void along(const Shape& shape, int64_t axis, Row row, Column column) {
  const int64_t extent = shape.dims[axis], outer = shape.product(0, static_cast<int>(axis));
  const int64_t stride = shape.product(static_cast<int>(axis) + 1, shape.rank);
  if (extent == 0) return;
  if (stride == 1) {
    parallel_for(outer, 1 + heavy_grain / (extent + 8), [=](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; ++o) row(o * extent, extent);
    });
    return;
  }
  const int64_t groups = (stride + Vec::width - 1) / Vec::width;
  parallel_for(outer * groups, 1 + heavy_grain / (extent * Vec::width), [=](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t first = unit % groups * Vec::width, left = stride - first;
      column(unit / groups * extent * stride + first, extent, stride,
             left < Vec::width ? static_cast<int>(left) : Vec::width);
    }
  });
}

// Calls body(offset of the element) down a column.
template <class Body>
HEBB_INLINE void down(int64_t offset, int64_t extent, int64_t stride, Body body) {
  for (int64_t k = 0; k < extent; ++k) body(offset + k * stride);
}

HEBB_INLINE Vec largest_of_columns(const float* x, int64_t offset, int64_t extent, int64_t stride, int n) {
  Vec largest = splat(-__builtin_inff());
  down(offset, extent, stride, [&](int64_t at) { largest = max(largest, load_partial(x + at, n)); });
  return largest;
}

// dx = f(grad, y, total), total being the sum of term(grad, y) along the axis
template <class Term, class F>
HEBB_INLINE void gradient(In<float> grad, In<float> y, Out<float> dx, int64_t axis, Term term, F f) {
  const float *g = grad.data, *v = y.data;
  float* const to = dx.data;
  along(
      y.shape, axis,
      [=](int64_t offset, int64_t extent) {
        const float *row_g = g + offset, *row_v = v + offset;
        ChainedSum sum;
        for_each_vector(extent, [&](int64_t i, int n) {
          sum.add(term(load_lanes(row_g + i, n), load_lanes(row_v + i, n)));  // 0 where there is no element
        });
        const Vec total = splat(reduce_add(sum.total()));
        for_each_vector(extent, [&](int64_t i, int n) {
          store_lanes(to + offset + i, f(load_lanes(row_g + i, n), load_lanes(row_v + i, n), total), n);
        });
      },
      [=](int64_t offset, int64_t extent, int64_t stride, int n) {
        ChainedSum sum;
        down(offset, extent, stride,
             [&](int64_t at) { sum.add(term(load_partial(g + at, n), load_partial(v + at, n))); });
        const Vec total = sum.total();
        down(offset, extent, stride, [&](int64_t at) {
          store_partial(to + at, f(load_partial(g + at, n), load_partial(v + at, n), total), n);
        });
      });
}

}  // namespace

void softmax(In<float> x, Out<float> y, int64_t axis) {
  const float* const from = x.data;
  float* const to = y.data;
  along(
      x.shape, axis,
      [=](int64_t offset, int64_t extent) {
        float* const out = to + offset;
        const float largest = largest_of_row(from + offset, extent);
        const float total = sum_of_exponentials(from + offset, extent, largest,
                                                [=](int64_t i, Vec e, int n) { store_lanes(out + i, e, n); });
        const Vec share = splat(1.0f / total);
        for_each_vector(extent, [=](int64_t i, int n) { store_lanes(out + i, load_lanes(out + i, n) * share, n); });
      },
      [=](int64_t offset, int64_t extent, int64_t stride, int n) {
        const Vec largest = largest_of_columns(from, offset, extent, stride, n);
        ChainedSum sum;
        down(offset, extent, stride, [&](int64_t at) {
          const Vec e = exp(load_partial(from + at, n) - largest);
          store_partial(to + at, e, n);
          sum.add(e);
        });
        const Vec share = splat(1.0f) / sum.total();
        down(offset, extent, stride, [=](int64_t at) { store_partial(to + at, load_partial(to + at, n) * share, n); });
      });
}

void log_softmax(In<float> x, Out<float> y, int64_t axis) {
  const float* const from = x.data;
  float* const to = y.data;
  along(
      x.shape, axis,
      [=](int64_t offset, int64_t extent) {
        const float *row = from + offset, largest = largest_of_row(row, extent);
        const Vec log_total = log(splat(sum_of_exponentials(row, extent, largest, [](int64_t, Vec, int) {})));
        const Vec shift = splat(largest);
        for_each_vector(extent, [=](int64_t i, int n) {
          store_lanes(to + offset + i, (load_lanes(row + i, n) - shift) - log_total, n);
        });
      },
      [=](int64_t offset, int64_t extent, int64_t stride, int n) {
        const Vec largest = largest_of_columns(from, offset, extent, stride, n);
        ChainedSum sum;
        down(offset, extent, stride, [&](int64_t at) { sum.add(exp(load_partial(from + at, n) - largest)); });
        const Vec log_total = log(sum.total());
        down(offset, extent, stride,
             [=](int64_t at) { store_partial(to + at, (load_partial(from + at, n) - largest) - log_total, n); });
      });
}

void softmax_backward(In<float> grad, In<float> y, Out<float> dx, int64_t axis) {
  gradient(
      grad, y, dx, axis, [](Vec g, Vec p) { return g * p; }, [](Vec g, Vec p, Vec total) { return p * (g - total); });
}

void log_softmax_backward(In<float> grad, In<float> y, Out<float> dx, int64_t axis) {
  gradient(
      grad, y, dx, axis, [](Vec g, Vec) { return g; },
      [](Vec g, Vec log_p, Vec total) { return fnma(exp(log_p), total, g); });
}

}  // namespace hebb::cpu::HEBB_ISA
