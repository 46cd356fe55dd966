// Batch normalisation: one pass over x for the statistics, one for the result.
#include <math.h>

#include "cpu/kernels/row_sums.h"
#include "ops/normalization.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

int64_t channels_of(const Shape& shape) { return shape.dims[shape.rank - 1]; }

// What becomes of x: (x - mean) * scale + bias, with the residual where there is one, and 0 below it with ReLU.
struct Line {
  const float *x, *mean, *scale, *bias, *residual;
  float* y;
};

template <bool rectified, bool with_residual>
void apply(const RowBlocks& blocks, const Line& line) {
  const int64_t channels = blocks.channels;
  with_stores_to(line.y, blocks.rows * channels, channels, [&](auto stores) {
    blocks.for_each([&](int64_t block) {
      for (int64_t row = blocks.begin(block); row < blocks.end(block); ++row)
        for_each_channel_vector<decltype(stores)>(channels, [&](auto vector, int64_t c) {
          const int64_t at = row * channels + c;
          const Vec centered = vector.ahead(line.x + at) - vector.from(line.mean + c);
          Vec value = fma(centered, vector.from(line.scale + c), vector.from(line.bias + c));
          if (with_residual) value = value + vector.ahead(line.residual + at);
          vector.put(line.y + at, rectified ? max(zero(), value) : value);
        });
      stores.finish();
    });
  });
}

void apply(const RowBlocks& blocks, const Line& line, Activation activation) {
  if (activation == Activation::relu) {
    line.residual ? apply<true, true>(blocks, line) : apply<true, false>(blocks, line);
  } else {
    line.residual ? apply<false, true>(blocks, line) : apply<false, false>(blocks, line);
  }
}

const float* data_or_null(const Optional<In<float>>& values) { return values ? values.data : nullptr; }

float inverse_root(double variance, double epsilon) {
  return static_cast<float>(1 / __builtin_sqrt(variance + epsilon));
}

}  // namespace

// Each block sums differences from its first row, so that a mean far from zero costs no digits; the blocks' means and
// squares are combined in double (Chan, Golub and LeVeque 1983).
void batch_norm(In<float> x, In<float> weight, In<float> bias, Optional<In<float>> residual, InOut<float> running_mean,
                InOut<float> running_variance, Out<float> y, Out<float> mean, Out<float> inverse_deviation,
                double momentum, double epsilon, Activation activation) {
  const int64_t channels = channels_of(x.shape);
  const RowBlocks blocks(x.size(), channels);
  const Partials partials(blocks);
  float* const scale = scratch(ScratchSlot::extra, channels);
  blocks.for_each_backward([&](int64_t block) {
    const float* const origin = x.data + blocks.begin(block) * channels;
    sum_rows(blocks, block, partials.first(block), partials.second(block),
             [&](auto vector, int64_t row, int64_t c, Vec& difference, Vec& square) {
               difference = vector.ahead(x.data + row * channels + c) - vector.from(origin + c);
               square = difference * difference;
             });
  });
  const double count = static_cast<double>(blocks.rows);
  for_each_channel(blocks, [&](int64_t c) {
    double seen = 0, center = 0, squares = 0;
    for (int64_t block = 0; block < blocks.count; ++block) {
      const double rows = static_cast<double>(blocks.end(block) - blocks.begin(block));
      const double sum = partials.first(block)[c], block_mean = sum / rows;
      const double off = x.data[blocks.begin(block) * channels + c] + block_mean - center;
      const double block_squares = partials.second(block)[c] - sum * block_mean;
      squares += (block_squares > 0   ? block_squares
                  : block_squares < 0 ? 0
                                      : block_squares) +  // NaN stays
                 off * off * (seen * rows / (seen + rows));
      center += off * (rows / (seen + rows));
      seen += rows;
    }
    mean.data[c] = static_cast<float>(center);
    inverse_deviation.data[c] = inverse_root(squares / count, epsilon);
    scale[c] = weight.data[c] * inverse_deviation.data[c];
    const auto move = [&](float& value, double to) { value = static_cast<float>(value + momentum * (to - value)); };
    move(running_mean.data[c], center);
    move(running_variance.data[c], squares / (count - 1));
  });
  apply(blocks, {x.data, mean.data, scale, bias.data, data_or_null(residual), y.data}, activation);
}

void batch_norm_inference(In<float> x, In<float> weight, In<float> bias, Optional<In<float>> residual, In<float> mean,
                          In<float> variance, Out<float> y, double epsilon, Activation activation) {
  const int64_t channels = channels_of(x.shape);
  float* const scale = scratch(ScratchSlot::extra, channels);
  for (int64_t c = 0; c < channels; ++c) scale[c] = weight.data[c] * inverse_root(variance.data[c], epsilon);
  apply(RowBlocks(x.size(), channels), {x.data, mean.data, scale, bias.data, data_or_null(residual), y.data},
        activation);
}

void batch_norm_fold(Optional<In<float>> offset, In<float> weight, In<float> bias, In<float> mean, In<float> variance,
                     Out<float> scale, Out<float> shift, double epsilon) {
  for (int64_t c = 0; c < weight.size(); ++c) {
    const double factor = weight.data[c] / __builtin_sqrt(variance.data[c] + epsilon);
    const double before = offset ? offset.data[c] : 0;
    scale.data[c] = static_cast<float>(factor);
    shift.data[c] = static_cast<float>((before - mean.data[c]) * factor + bias.data[c]);
  }
}

}  // namespace hebb::cpu::HEBB_ISA
