// Softmax along an axis, and softmax with cross-entropy fused.
#pragma once
#include "ops/op.h"

namespace hebb {
enum class Reduction : int64_t { none, mean, sum, count };
}

namespace hebb::ops {

struct softmax {
  static constexpr Names names{"x", "y", "axis"};
  static void check(In<float> x, Out<float> y, int64_t axis);
};
struct log_softmax : softmax {};
struct softmax_backward {
  static constexpr Names names{"grad", "y", "dx", "axis"};
  static void check(In<float> grad, In<float> y, Out<float> dx, int64_t axis);
};
struct log_softmax_backward : softmax_backward {};  // y is the forward's output, the log of the softmax

// Throws ArgumentError unless every label is from 0 to classes - 1. The kernels below call it before they compute.
void check_labels(In<int32_t> labels, int64_t classes);
// What it throws, for devices that find out later.
ArgumentError label_error(int64_t label, int64_t index, int64_t classes);

// loss of row i = log_sum_exp(logits[i]) - logits[i, labels[i]]. logits [N, C], labels [N]; loss is [N] for none, else
// []. The mean of no rows is NaN. log_sum_exp [N] is kept for the gradient. A label outside 0 .. C - 1 is an error when
// it runs.
struct softmax_cross_entropy {
  static constexpr Names names{"logits", "labels", "loss", "logSumExp", "reduction"};
  static void check(In<float> logits, In<int32_t> labels, Out<float> loss, Out<float> log_sum_exp, Reduction reduction);
};
// dlogits = (softmax(logits) - one_hot(labels)) * grad (divided by N for mean). grad is [N] for none, else [].
struct softmax_cross_entropy_backward {
  static constexpr Names names{"grad", "logits", "labels", "logSumExp", "dlogits", "reduction"};
  static void check(In<float> grad, In<float> logits, In<int32_t> labels, In<float> log_sum_exp, Out<float> dlogits,
                    Reduction reduction);
};

}  // namespace hebb::ops
