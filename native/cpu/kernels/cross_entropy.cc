// Softmax with cross-entropy, one pass over the rows each way.
#include <math.h>

#include "core/scratch.h"
#include "cpu/kernels/reduce.h"
#include "cpu/kernels/softmax_row.h"
#include "ops/softmax.h"

namespace hebb::cpu::HEBB_ISA {

void softmax_cross_entropy(In<float> logits, In<int32_t> labels, Out<float> loss, Out<float> log_sum_exp,
                           Reduction reduction) {
  const int64_t rows = logits.shape.dims[0], classes = logits.shape.dims[1];
  ops::check_labels(labels, classes);
  float* const losses = reduction == Reduction::none ? loss.data : scratch(ScratchSlot::extra, rows);
  parallel_for(rows, 1 + heavy_grain / (classes + 8), [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* const row = logits.data + i * classes;
      const float largest = largest_of_row(row, classes);
      const float log_total = logf(sum_of_exponentials(row, classes, largest, [](int64_t, Vec, int) {}));
      losses[i] = log_total - (row[labels.data[i]] - largest);
      log_sum_exp.data[i] = largest + log_total;
    }
  });
  if (reduction == Reduction::sum) reduce_rows<Sum>(losses, loss.data, 1, rows, 1);
  if (reduction == Reduction::mean) reduce_rows<Sum>(losses, loss.data, 1, rows, 1 / static_cast<double>(rows));
}

void softmax_cross_entropy_backward(In<float> grad, In<float> logits, In<int32_t> labels, In<float> log_sum_exp,
                                    Out<float> dlogits, Reduction reduction) {
  const int64_t rows = logits.shape.dims[0], classes = logits.shape.dims[1];
  ops::check_labels(labels, classes);
  parallel_for(rows, 1 + heavy_grain / (classes + 8), [=](int64_t begin, int64_t end) {
    const bool each = reduction == Reduction::none;
    const float shares = reduction == Reduction::mean ? static_cast<float>(rows) : 1.0f;
    for (int64_t i = begin; i < end; ++i) {
      const float *row = logits.data + i * classes, weight = grad.data[each ? i : 0] / shares;
      float* const out = dlogits.data + i * classes;
      const Vec shift = splat(log_sum_exp.data[i]), factor = splat(weight);
      for_each_vector(classes,
                      [=](int64_t k, int n) { store_lanes(out + k, exp(load_lanes(row + k, n) - shift) * factor, n); });
      out[labels.data[i]] -= weight;
    }
  });
}

}  // namespace hebb::cpu::HEBB_ISA
