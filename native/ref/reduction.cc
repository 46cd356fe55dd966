// Reductions: every element of x is added to, or compared with, the total it belongs to.
#include "ops/reduction.h"

#include <cmath>
#include <limits>
#include <vector>

namespace hebb::ref {
namespace {

// Where element `index` of x goes in y, which has extent 1 at the reduced axes.
int64_t reduced_offset(int64_t index, const Shape& x, const Shape& y) {
  int64_t offset = 0, stride = 1;
  for (int axis = x.rank - 1; axis >= 0; --axis) {
    const int64_t coordinate = index % x.dims[axis];
    index /= x.dims[axis];
    if (y.dims[axis] != 1) offset += coordinate * stride;
    stride *= y.dims[axis];
  }
  return offset;
}

template <class Wins>
void extremum(In<float> x, Out<float> y, float worst, Wins wins) {
  for (int64_t i = 0; i < y.size(); ++i) y.data[i] = worst;
  for (int64_t i = 0; i < x.size(); ++i) {
    float& best = y.data[reduced_offset(i, x.shape, y.shape)];
    if (std::isnan(x.data[i]) || wins(x.data[i], best)) best = x.data[i];
  }
}

}  // namespace

void sum(In<float> x, Out<float> y, Ints, double scale) {
  std::vector<double> totals(y.size(), 0.0);
  for (int64_t i = 0; i < x.size(); ++i) totals[reduced_offset(i, x.shape, y.shape)] += x.data[i];
  for (int64_t i = 0; i < y.size(); ++i) y.data[i] = static_cast<float>(scale * totals[i]);
}

void reduce_maximum(In<float> x, Out<float> y, Ints) {
  extremum(x, y, -std::numeric_limits<float>::infinity(), [](float a, float best) { return a > best; });
}
void reduce_minimum(In<float> x, Out<float> y, Ints) {
  extremum(x, y, std::numeric_limits<float>::infinity(), [](float a, float best) { return a < best; });
}

void reduce_extremum_backward(In<float> grad, In<float> x, In<float> y, Out<float> dx) {
  std::vector<double> ties(y.size(), 0.0);
  for (int64_t i = 0; i < x.size(); ++i) {
    const int64_t offset = reduced_offset(i, x.shape, y.shape);
    if (x.data[i] == y.data[offset]) ++ties[offset];
  }
  for (int64_t i = 0; i < x.size(); ++i) {
    const int64_t offset = reduced_offset(i, x.shape, y.shape);
    dx.data[i] = x.data[i] == y.data[offset] ? static_cast<float>(grad.data[offset] / ties[offset]) : 0;
  }
}

void broadcast(In<float> x, Out<float> y, double scale) {
  Shape aligned = y.shape;  // x's shape with 1 in front
  const int added = y.shape.rank - x.shape.rank;
  for (int axis = 0; axis < y.shape.rank; ++axis) aligned.dims[axis] = axis < added ? 1 : x.shape.dims[axis - added];
  for (int64_t i = 0; i < y.size(); ++i) {
    y.data[i] = static_cast<float>(scale * x.data[reduced_offset(i, y.shape, aligned)]);
  }
}

void argmax(In<float> x, Out<int32_t> y, int64_t axis) {
  const int64_t extent = x.shape.dims[axis];
  const int64_t inner = x.shape.product(static_cast<int>(axis) + 1, x.shape.rank);
  for (int64_t i = 0; i < y.size(); ++i) {
    const float* column = x.data + i / inner * extent * inner + i % inner;
    int64_t best = 0;
    for (int64_t k = 1; k < extent; ++k) {
      const float value = column[k * inner], largest = column[best * inner];
      if (!std::isnan(largest) && (std::isnan(value) || value > largest)) best = k;
    }
    y.data[i] = static_cast<int32_t>(best);
  }
}

}  // namespace hebb::ref
