#include "ops/softmax.h"

#include <string>

#include "ops/elementwise.h"

namespace hebb::ops {
namespace {

void check_cross_entropy(const Shape& logits, const Shape& labels, const Shape& log_sum_exp, Reduction reduction) {
  expect_rank("logits", logits, 2);
  Shape rows;
  rows.rank = 1;
  rows.dims[0] = logits.dims[0];
  expect_shape("labels", labels, rows);
  expect_shape("logSumExp", log_sum_exp, rows);
  expect_range("reduction", static_cast<int64_t>(reduction), 0, static_cast<int64_t>(Reduction::count) - 1);
}

// The shape of the loss, and of its gradient.
void check_loss(const char* argument, const Shape& loss, const Shape& labels, Reduction reduction) {
  expect_shape(argument, loss, reduction == Reduction::none ? labels : Shape{});
}

}  // namespace

void check_labels(In<int32_t> labels, int64_t classes) {
  const int64_t count = labels.size();
  for (int64_t i = 0; i < count; ++i) {
    if (labels.data[i] < 0 || labels.data[i] >= classes) throw label_error(labels.data[i], i, classes);
  }
}

ArgumentError label_error(int64_t label, int64_t index, int64_t classes) {
  return {"labels", "classes from 0 to " + std::to_string(classes - 1),
          std::to_string(label) + " at " + std::to_string(index)};
}

void softmax::check(In<float> x, Out<float> y, int64_t axis) {
  check_same("y", y.shape, "x", x.shape);
  expect_range("axis", axis, 0, x.shape.rank - 1);
}

void softmax_backward::check(In<float> grad, In<float> y, Out<float> dx, int64_t axis) {
  check_same("grad", grad.shape, "y", y.shape);
  check_same("dx", dx.shape, "y", y.shape);
  expect_range("axis", axis, 0, y.shape.rank - 1);
}

void softmax_cross_entropy::check(In<float> logits, In<int32_t> labels, Out<float> loss, Out<float> log_sum_exp,
                                  Reduction reduction) {
  check_cross_entropy(logits.shape, labels.shape, log_sum_exp.shape, reduction);
  check_loss("loss", loss.shape, labels.shape, reduction);
}

void softmax_cross_entropy_backward::check(In<float> grad, In<float> logits, In<int32_t> labels, In<float> log_sum_exp,
                                           Out<float> dlogits, Reduction reduction) {
  check_cross_entropy(logits.shape, labels.shape, log_sum_exp.shape, reduction);
  check_loss("grad", grad.shape, labels.shape, reduction);
  expect_shape("dlogits", dlogits.shape, logits.shape);
}

}  // namespace hebb::ops
