// The gradient of batch normalisation: one pass over grad and x for the sums, one for the result.
#include "cpu/kernels/row_sums.h"
#include "ops/normalization.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

// Where the activation let the gradient pass: everywhere, or where x became positive, or where y is.
enum class Passed { everywhere, by_x, by_y };

struct Backward {
  const float *grad, *x, *y, *weight, *bias, *mean, *inverse_deviation;
  float *dx, *dresidual, *dweight, *dbias;
  bool with_batch_statistics;
  RowBlocks blocks;
};

template <Passed passed>
void differentiate(const Backward& b) {
  const int64_t channels = b.blocks.channels;
  const Partials partials(b.blocks);
  float* const of_channels = scratch(ScratchSlot::extra, 3 * channels);
  float *const scale = of_channels, *const by_mean = scale + channels, *const by_deviation = by_mean + channels;
  for (int64_t c = 0; c < channels; ++c) scale[c] = b.weight[c] * b.inverse_deviation[c];

  const auto centered_at = [&](auto vector, int64_t row, int64_t c) __attribute__((always_inline)) {
    return vector.ahead(b.x + row * channels + c) - vector.from(b.mean + c);
  };
  // The gradient behind the activation.
  const auto grad_at = [&](auto vector, int64_t row, int64_t c, Vec centered) __attribute__((always_inline)) {
    const Vec grad = vector.ahead(b.grad + row * channels + c);
    if (passed == Passed::everywhere) return grad;
    const Vec after = passed == Passed::by_y ? vector.ahead(b.y + row * channels + c)
                                             : fma(centered, vector.from(scale + c), vector.from(b.bias + c));
    return select(gt(after, zero()), grad, zero());
  };
  with_stores_to(b.dresidual, b.dresidual ? b.blocks.rows * channels : 0, channels, [&](auto stores) {
    b.blocks.for_each_backward([&](int64_t block) {
      sum_rows<decltype(stores)>(b.blocks, block, partials.first(block), partials.second(block),
                                 [&](auto vector, int64_t row, int64_t c, Vec& grad, Vec& product) {
                                   const Vec centered = centered_at(vector, row, c);
                                   grad = grad_at(vector, row, c, centered);
                                   product = grad * centered;
                                   if (b.dresidual) vector.put(b.dresidual + row * channels + c, grad);
                                 });
      stores.finish();
    });
  });
  const double count = static_cast<double>(b.blocks.rows);
  for_each_channel(b.blocks, [&](int64_t c) {
    double sum = 0, product = 0;
    for (int64_t block = 0; block < b.blocks.count; ++block) {
      sum += partials.first(block)[c];
      product += partials.second(block)[c];
    }
    const double inverse = b.inverse_deviation[c];
    b.dbias[c] = static_cast<float>(sum);
    b.dweight[c] = static_cast<float>(product * inverse);
    by_mean[c] = b.with_batch_statistics ? static_cast<float>(sum / count) : 0;
    by_deviation[c] = b.with_batch_statistics ? static_cast<float>(product * inverse * inverse / count) : 0;
  });
  if (!b.dx) return;
  with_stores_to(b.dx, b.blocks.rows * channels, channels, [&](auto stores) {
    b.blocks.for_each([&](int64_t block) {
      for (int64_t row = b.blocks.begin(block); row < b.blocks.end(block); ++row)
        for_each_channel_vector<decltype(stores)>(channels, [&](auto vector, int64_t c) {
          const Vec centered = centered_at(vector, row, c);
          const Vec grad =
              b.dresidual ? vector.ahead(b.dresidual + row * channels + c) : grad_at(vector, row, c, centered);
          const Vec rest = fnma(centered, vector.from(by_deviation + c), grad - vector.from(by_mean + c));
          vector.put(b.dx + row * channels + c, rest * vector.from(scale + c));
        });
      stores.finish();
    });
  });
}

}  // namespace

void batch_norm_backward(In<float> grad, In<float> x, Optional<In<float>> y, In<float> weight, In<float> bias,
                         In<float> mean, In<float> inverse_deviation, Optional<Out<float>> dx,
                         Optional<Out<float>> dresidual, Out<float> dweight, Out<float> dbias,
                         bool with_batch_statistics, Activation activation) {
  const Backward backward{grad.data,
                          x.data,
                          y ? y.data : nullptr,
                          weight.data,
                          bias.data,
                          mean.data,
                          inverse_deviation.data,
                          dx ? dx.data : nullptr,
                          dresidual ? dresidual.data : nullptr,
                          dweight.data,
                          dbias.data,
                          with_batch_statistics,
                          RowBlocks(x.size(), x.shape.dims[x.shape.rank - 1])};
  if (activation == Activation::none) return differentiate<Passed::everywhere>(backward);
  y ? differentiate<Passed::by_y>(backward) : differentiate<Passed::by_x>(backward);
}

}  // namespace hebb::cpu::HEBB_ISA
