#include <algorithm>
#include <cmath>

#include "harness.h"

namespace hebb::test {
namespace {

const float infinity = std::numeric_limits<float>::infinity(), nan = std::nanf("");

// Errors of a sum of `terms` exponentials, cut into chains of 64.
double chain(int64_t terms) { return static_cast<double>(std::min<int64_t>(terms, 100)) + 10; }

const Shape& largest_shape() {
  static const Shape shape_of = shape({3, 20000});
  return shape_of;
}

std::vector<Shape> shapes() {
  std::vector<Shape> all = {shape({1}),        shape({5, 1}),    shape({2, 3, 4}), shape({64, 10}),
                            shape({7, 1000}),  shape({3, 0}),    shape({0, 3}),    shape({33, 5, 21}),
                            shape({2, 70, 6}), shape({900, 17}), largest_shape()};
  for (int64_t n : {3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33}) all.push_back(shape({5, n}));
  return all;
}

TEST(softmax_forward) {
  Random random(1);
  for (const Shape& of : shapes()) {
    for (int axis = 0; axis < of.rank; ++axis) {
      const Array<float> x = random.floats(of, -5, 5);
      const double units = chain(of.dims[axis]);
      // The exponent, at most 10 below the largest, is rounded; exp, the sum and the division follow.
      compare("softmax", of, relative(units + 20), [&](const KernelTable& k, Out<float> y) { k.softmax(x, y, axis); });
      compare(
          "log_softmax", of, [&](int64_t, double want) { return unit_roundoff * (units + 20 + 4 * std::fabs(want)); },
          [&](const KernelTable& k, Out<float> y) { k.log_softmax(x, y, axis); });
    }
  }
}

TEST(softmax_of_equal_values) {
  for (float value : {0.0f, 1000.0f, -1000.0f, 3e38f}) {
    const Array<float> x({3, 32, 4});
    for (int64_t i = 0; i < x.size(); ++i) x[i] = value;
    for (const Backend& backend : backends()) {
      for (int axis : {1, 2}) {
        const Array<float> y(x.shape);
        backend.table.softmax(x, y, axis);
        for (int64_t i = 0; i < y.size(); ++i) CHECK_EQ(y[i], axis == 1 ? 1.0f / 32 : 0.25f);
      }
    }
  }
}

TEST(softmax_of_infinities) {
  const Array<float> x({4, 3}, {0, -infinity, 0, nan, 1, 2, infinity, 0, 0, -infinity, -infinity, -infinity});
  compare("softmax", x.shape, exact, [&](const KernelTable& k, Out<float> y) { k.softmax(x, y, 1); });
  compare("log_softmax", x.shape, relative(4), [&](const KernelTable& k, Out<float> y) { k.log_softmax(x, y, 1); });
  const Array<float> columns({3, 2}, {0, nan, -infinity, 1, 0, 2});
  compare("softmax", columns.shape, exact, [&](const KernelTable& k, Out<float> y) { k.softmax(columns, y, 0); });
}

TEST(softmax_gradients) {
  Random random(2);
  for (const Shape& of : shapes()) {
    for (int axis = 0; axis < of.rank; ++axis) {
      const Array<float> x = random.floats(of, -5, 5), y(of), log_y(of);
      reference().softmax(x, y, axis);
      reference().log_softmax(x, log_y, axis);
      const Array<float> grad = random.floats(of, -1, 1);
      const double units = chain(of.dims[axis]), extent = static_cast<double>(of.dims[axis]);
      // The probabilities add up to 1, so the total is at most 1; that of log_softmax at most the extent.
      compare("softmax_backward", of, within(unit_roundoff * 2 * units),
              [&](const KernelTable& k, Out<float> dx) { k.softmax_backward(grad, y, dx, axis); });
      compare(
          "log_softmax_backward", of,
          [&](int64_t i, double) { return unit_roundoff * (2 + std::exp(log_y[i]) * extent * (units + 20)); },
          [&](const KernelTable& k, Out<float> dx) { k.log_softmax_backward(grad, log_y, dx, axis); });
    }
  }
}

constexpr Reduction reductions[] = {Reduction::none, Reduction::mean, Reduction::sum};

struct Batch {
  int64_t rows, classes;
};
const Batch batches[] = {{1, 1},  {64, 10},    {5, 16},    {7, 17}, {3, 33},
                         {0, 10}, {300, 1000}, {20000, 3}, {9, 8},  {3, 9001}};

TEST(cross_entropy_forward) {
  Random random(3);
  for (const Batch& batch : batches) {
    const Array<float> logits = random.floats({batch.rows, batch.classes}, -8, 8);
    const Array<int32_t> labels = random.labels({batch.rows}, 0, batch.classes - 1);
    for (Reduction reduction : reductions) {
      const Shape loss_shape = reduction == Reduction::none ? labels.shape : Shape{};
      const double units = chain(batch.classes) + 40;  // of a row: logits and losses are below 24
      const double rows = reduction == Reduction::sum ? static_cast<double>(batch.rows) : 1;
      compare("softmax_cross_entropy", loss_shape, within(unit_roundoff * rows * (units + 24 * 80)),
              [&](const KernelTable& kernels, Out<float> loss) {
                const Array<float> log_sum_exp = garbage<float>(labels.shape);
                kernels.softmax_cross_entropy(logits, labels, loss, log_sum_exp, reduction);
              });
      compare("logSumExp", labels.shape, within(unit_roundoff * units),
              [&](const KernelTable& kernels, Out<float> log_sum_exp) {
                const Array<float> loss = garbage<float>(loss_shape);
                kernels.softmax_cross_entropy(logits, labels, loss, log_sum_exp, reduction);
              });
    }
  }
}

TEST(cross_entropy_of_rows) {
  // Two equal logits: log 2 each, however large they are.
  const Array<float> logits({2, 2}, {0, 0, 1000, 1000});
  const Array<int32_t> labels({2}, {0, 1});
  for (const Backend& backend : backends()) {
    const Array<float> loss({2}), log_sum_exp({2});
    backend.table.softmax_cross_entropy(logits, labels, loss, log_sum_exp, Reduction::none);
    CHECK(std::fabs(loss[0] - 0.693147182f) < 1e-7f && loss[0] == loss[1]);
    CHECK(std::fabs(log_sum_exp[1] - 1000.69312f) < 1e-4f);
  }
}

TEST(cross_entropy_gradient) {
  Random random(4);
  for (const Batch& batch : batches) {
    const Array<float> logits = random.floats({batch.rows, batch.classes}, -8, 8);
    const Array<int32_t> labels = random.labels({batch.rows}, 0, batch.classes - 1);
    for (Reduction reduction : reductions) {
      const Array<float> loss(reduction == Reduction::none ? labels.shape : Shape{}), log_sum_exp(labels.shape);
      reference().softmax_cross_entropy(logits, labels, loss, log_sum_exp, reduction);
      const Array<float> grad = random.floats(loss.shape, -2, 2);
      const double weight =
          reduction == Reduction::mean ? 2.0 / static_cast<double>(std::max<int64_t>(batch.rows, 1)) : 2;
      // logits - log_sum_exp, below 24, is rounded; then exp and the products.
      compare("softmax_cross_entropy_backward", logits.shape, within(unit_roundoff * weight * 40),
              [&](const KernelTable& kernels, Out<float> dlogits) {
                kernels.softmax_cross_entropy_backward(grad, logits, labels, log_sum_exp, dlogits, reduction);
              });
    }
  }
}

TEST(cross_entropy_labels) {
  const Array<float> logits({2, 3}), loss({2}), log_sum_exp({2}), dlogits({2, 3}), no_classes({2, 0});
  for (int32_t label : {-1, 3, INT32_MIN, INT32_MAX}) {
    const Array<int32_t> labels({2}, {0, label});
    for (const Backend& backend : backends()) {
      const KernelTable& k = backend.table;
      CHECK_THROWS(k.softmax_cross_entropy(logits, labels, loss, log_sum_exp, Reduction::none),
                   "labels: expected classes from 0 to 2, got " + std::to_string(label) + " at 1");
      CHECK_THROWS(k.softmax_cross_entropy_backward(loss, logits, labels, log_sum_exp, dlogits, Reduction::none),
                   "labels: expected");
      CHECK_THROWS(k.softmax_cross_entropy(no_classes, labels, loss, log_sum_exp, Reduction::none), "labels: expected");
    }
  }
}

TEST(softmax_checks) {
  const Array<float> x({2, 3}), y({3, 2}), rows({2}), scalar(Shape{}), wrong({3});
  const Array<int32_t> labels({2}), many({3});
  CHECK_THROWS(ops::softmax::check(x, y, 0), "y: expected the shape of x");
  CHECK_THROWS(ops::log_softmax::check(x, x, 2), "axis: expected an integer from 0 to 1, got 2");
  CHECK_THROWS(ops::softmax::check(scalar, scalar, 0), "axis: expected");
  CHECK_THROWS(ops::softmax_backward::check(y, x, x, 0), "grad: expected");
  CHECK_THROWS(ops::softmax_backward::check(x, x, y, 0), "dx: expected");
  CHECK_THROWS(ops::softmax_backward::check(x, x, x, -1), "axis: expected");
  using Forward = ops::softmax_cross_entropy;
  CHECK_THROWS(Forward::check(rows, labels, scalar, rows, Reduction::mean), "logits: expected 2 dimensions");
  CHECK_THROWS(Forward::check(x, many, scalar, rows, Reduction::mean), "labels: expected shape [2], got [3]");
  CHECK_THROWS(Forward::check(x, labels, rows, rows, Reduction::mean), "loss: expected shape [], got [2]");
  CHECK_THROWS(Forward::check(x, labels, scalar, rows, Reduction::none), "loss: expected shape [2], got []");
  CHECK_THROWS(Forward::check(x, labels, scalar, wrong, Reduction::mean), "logSumExp: expected");
  CHECK_THROWS(Forward::check(x, labels, scalar, rows, static_cast<Reduction>(7)), "reduction: expected");
  using Backward = ops::softmax_cross_entropy_backward;
  CHECK_THROWS(Backward::check(rows, x, labels, rows, x, Reduction::sum), "grad: expected shape []");
  CHECK_THROWS(Backward::check(scalar, x, labels, rows, y, Reduction::sum), "dlogits: expected shape [2, 3]");
  Backward::check(scalar, x, labels, rows, x, Reduction::sum);
}

}  // namespace
}  // namespace hebb::test
