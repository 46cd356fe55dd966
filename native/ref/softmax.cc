#include "ops/softmax.h"

#include <cmath>
#include <limits>

namespace hebb::ref {
namespace {

// The elements along an axis, all other coordinates fixed: `first` and every `stride` from there.
template <class Body>
void for_each_line(const Shape& shape, int64_t axis, Body body) {
  const int64_t inner = shape.product(static_cast<int>(axis) + 1, shape.rank);
  const int64_t extent = shape.dims[axis], outer = shape.product(0, static_cast<int>(axis));
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < inner; ++i) body(o * extent * inner + i, inner, extent);
  }
}

// Of the elements of a line: log of the sum of their exponentials is largest + log(total).
struct Exponentials {
  double largest = -std::numeric_limits<double>::infinity();
  double total = 0;  // of exp(x - largest)
};

Exponentials exponentials_of(const float* x, int64_t stride, int64_t extent) {
  Exponentials sum;
  for (int64_t k = 0; k < extent; ++k) {
    if (x[k * stride] > sum.largest) sum.largest = x[k * stride];  // a NaN comes back in the total
  }
  for (int64_t k = 0; k < extent; ++k) sum.total += std::exp(x[k * stride] - sum.largest);
  return sum;
}

}  // namespace

void softmax(In<float> x, Out<float> y, int64_t axis) {
  for_each_line(x.shape, axis, [&](int64_t first, int64_t stride, int64_t extent) {
    const Exponentials sum = exponentials_of(x.data + first, stride, extent);
    for (int64_t k = 0; k < extent; ++k) {
      const int64_t at = first + k * stride;
      y.data[at] = static_cast<float>(std::exp(x.data[at] - sum.largest) / sum.total);
    }
  });
}

void log_softmax(In<float> x, Out<float> y, int64_t axis) {
  for_each_line(x.shape, axis, [&](int64_t first, int64_t stride, int64_t extent) {
    const Exponentials sum = exponentials_of(x.data + first, stride, extent);
    for (int64_t k = 0; k < extent; ++k) {
      const int64_t at = first + k * stride;
      y.data[at] = static_cast<float>(x.data[at] - sum.largest - std::log(sum.total));
    }
  });
}

void softmax_backward(In<float> grad, In<float> y, Out<float> dx, int64_t axis) {
  for_each_line(y.shape, axis, [&](int64_t first, int64_t stride, int64_t extent) {
    double dot = 0;
    for (int64_t k = 0; k < extent; ++k) {
      dot += static_cast<double>(grad.data[first + k * stride]) * y.data[first + k * stride];
    }
    for (int64_t k = 0; k < extent; ++k) {
      const int64_t at = first + k * stride;
      dx.data[at] = static_cast<float>(y.data[at] * (grad.data[at] - dot));
    }
  });
}

void log_softmax_backward(In<float> grad, In<float> y, Out<float> dx, int64_t axis) {
  for_each_line(y.shape, axis, [&](int64_t first, int64_t stride, int64_t extent) {
    double total = 0;
    for (int64_t k = 0; k < extent; ++k) total += grad.data[first + k * stride];
    for (int64_t k = 0; k < extent; ++k) {
      const int64_t at = first + k * stride;
      dx.data[at] = static_cast<float>(grad.data[at] - std::exp(static_cast<double>(y.data[at])) * total);
    }
  });
}

void softmax_cross_entropy(In<float> logits, In<int32_t> labels, Out<float> loss, Out<float> log_sum_exp,
                           Reduction reduction) {
  const int64_t rows = logits.shape.dims[0], classes = logits.shape.dims[1];
  ops::check_labels(labels, classes);
  double total = 0;
  for (int64_t i = 0; i < rows; ++i) {
    const Exponentials sum = exponentials_of(logits.data + i * classes, 1, classes);
    const double row_loss = std::log(sum.total) - (logits.data[i * classes + labels.data[i]] - sum.largest);
    log_sum_exp.data[i] = static_cast<float>(sum.largest + std::log(sum.total));
    if (reduction == Reduction::none) loss.data[i] = static_cast<float>(row_loss);
    total += row_loss;
  }
  if (reduction == Reduction::sum) loss.data[0] = static_cast<float>(total);
  if (reduction == Reduction::mean) loss.data[0] = static_cast<float>(total / static_cast<double>(rows));
}

void softmax_cross_entropy_backward(In<float> grad, In<float> logits, In<int32_t> labels, In<float> log_sum_exp,
                                    Out<float> dlogits, Reduction reduction) {
  const int64_t rows = logits.shape.dims[0], classes = logits.shape.dims[1];
  ops::check_labels(labels, classes);
  for (int64_t i = 0; i < rows; ++i) {
    double weight = grad.data[reduction == Reduction::none ? i : 0];
    if (reduction == Reduction::mean) weight /= static_cast<double>(rows);
    for (int64_t k = 0; k < classes; ++k) {
      const double probability = std::exp(static_cast<double>(logits.data[i * classes + k]) - log_sum_exp.data[i]);
      dlogits.data[i * classes + k] = static_cast<float>((probability - (k == labels.data[i] ? 1 : 0)) * weight);
    }
  }
}

}  // namespace hebb::ref
