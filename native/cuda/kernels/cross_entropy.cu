// Softmax with cross-entropy, one pass over the logits each way.
#include "cuda/kernels/divider.h"
#include "cuda/kernels/lines.h"
#include "cuda/kernels/pack.h"
#include "cuda/kernels/pipeline.h"
#include "cuda/kernels/sums.h"
#include "ops/softmax.h"

namespace hebb::cuda {
namespace {

// The label of row i, or -1 and a report if there is no such class.
__device__ int32_t label_of(const int32_t* labels, int64_t i, int64_t classes, DeviceFailure* failure) {
  const int32_t label = labels[i];
  if (label >= 0 && label < classes) return label;
  report(failure, Failure::label, label, i, classes);
  return -1;
}

// losses: of each row, or null; totals: scale * the sum of a block's losses, or null.
template <class Rows>
__global__ void cross_entropy_rows(const float* logits, const int32_t* labels, float* losses, float* log_sum_exp,
                                   float* totals, double scale, int64_t count, int64_t classes, Rows rows,
                                   DeviceFailure* failure) {
  const int64_t at_a_time = rows.count(static_cast<int>(blockDim.x));
  float total = 0;
  for (int64_t first = blockIdx.x * at_a_time; first < count; first += gridDim.x * at_a_time) {
    const int64_t i = first + rows.index();
    const bool present = i < count, tells = present && rows.group.rank() == 0;
    // Asked for before the row is: one waits for the other.
    const int32_t label = tells ? label_of(labels, i, classes, failure) : -1;
    const float target = label < 0 ? 0.0f : logits[i * classes + label];
    const auto sum = exponentials_of(rows.line(ReadFloat{logits}, i * classes, present ? classes : 0));
    if (!tells) continue;
    const float log_total = logf(sum.total);
    const float loss = label < 0 ? log_total : log_total - (target - sum.largest);
    log_sum_exp[i] = sum.largest + log_total;
    if (losses) losses[i] = loss;
    total += loss;
  }
  total = block_reduce(total, 0.0f, Plus());
  if (totals && threadIdx.x == 0) totals[blockIdx.x] = static_cast<float>(scale * static_cast<double>(total));
}

// In packs of a row's logits. shares: what grad is divided by.
template <int pack>
__global__ void cross_entropy_gradient(const float* grad, bool grad_of_rows, const float* logits, const int32_t* labels,
                                       const float* log_sum_exp, float* dlogits, int64_t packs, Divider packs_of_row,
                                       float shares, DeviceFailure* failure) {
  pipeline(
      packs, [&](int64_t index) { return load<pack>(logits + index * pack); },
      [&](int64_t index, Pack<pack> value) {
        const int64_t i = packs_of_row.quotient(index);
        const int64_t first = (index - i * packs_of_row.divisor()) * pack, classes = packs_of_row.divisor() * pack;
        const int32_t label = first == 0 ? label_of(labels, i, classes, failure) : labels[i];
        const float shift = log_sum_exp[i], weight = grad[grad_of_rows ? i : 0] / shares;
        for (int v = 0; v < pack; ++v) {
          const float probability = expf(value[v] - shift) * weight;
          value[v] = first + v == label ? probability - weight : probability;
        }
        store(dlogits + index * pack, value);
      });
}

template <int pack>
void launch_gradient(In<float> grad, In<float> logits, In<int32_t> labels, In<float> log_sum_exp, Out<float> dlogits,
                     Reduction reduction) {
  const int64_t rows = logits.shape.dims[0], packs = logits.size() / pack;
  launch(pipeline_grid(packs), {}, cross_entropy_gradient<pack>, grad.data, reduction == Reduction::none, logits.data,
         labels.data, log_sum_exp.data, dlogits.data, packs, Divider(logits.shape.dims[1] / pack),
         reduction == Reduction::mean ? static_cast<float>(rows) : 1.0f, Context::current().failure());
}

}  // namespace

void softmax_cross_entropy(In<float> logits, In<int32_t> labels, Out<float> loss, Out<float> log_sum_exp,
                           Reduction reduction) {
  constexpr int64_t turns_of_one_block = 4;
  const int64_t rows = logits.shape.dims[0], classes = logits.shape.dims[1];
  const bool reduces = reduction != Reduction::none;
  const double scale = reduction == Reduction::mean ? 1 / static_cast<double>(rows) : 1;
  if (rows == 0 && !reduces) return;
  with_rows(classes, [&](const auto& way, int threads) {
    using Rows = std::decay_t<decltype(way)>;
    const int64_t at_a_time = way.count(threads);
    const bool one_block = rows <= turns_of_one_block * at_a_time;
    const int64_t blocks = one_block ? 1 : blocks_for(rows, at_a_time);
    Shape totals_shape;
    totals_shape.rank = 1;
    totals_shape.dims[0] = blocks;
    Ints axes;
    axes.rank = 1;
    const int64_t between = sum_scratch(totals_shape, axes);
    float *scratch = nullptr, *totals = reduces ? loss.data : nullptr;
    if (reduces && !one_block) {
      scratch = Context::current().scratch<float>(between + blocks);
      totals = scratch + between;
    }
    launch({blocks}, {threads}, cross_entropy_rows<Rows>, logits.data, labels.data, reduces ? nullptr : loss.data,
           log_sum_exp.data, totals, one_block ? scale : 1, rows, classes, way, Context::current().failure());
    if (scratch) sum({totals, totals_shape}, loss, axes, scale, scratch);
  });
}

void softmax_cross_entropy_backward(In<float> grad, In<float> logits, In<int32_t> labels, In<float> log_sum_exp,
                                    Out<float> dlogits, Reduction reduction) {
  if (logits.size() == 0) return;
  if (logits.shape.dims[1] % 4 == 0) {
    launch_gradient<4>(grad, logits, labels, log_sum_exp, dlogits, reduction);
  } else {
    launch_gradient<1>(grad, logits, labels, log_sum_exp, dlogits, reduction);
  }
}

}  // namespace hebb::cuda
