// Batch normalisation: one pass over x for the statistics, one for the result; the gradient likewise.
#include <math.h>

#include "core/scratch.h"
#include "cpu/kernels/channels.h"
#include "ops/normalization.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

constexpr int unroll = 4;  // rows that share one visit to the sums

int64_t channels_of(const Shape& shape) { return shape.dims[shape.rank - 1]; }

// What a channel's values become: (x - mean) * scale + bias, or 0 below it.
struct Line {
  Vec mean, scale, bias;
  HEBB_INLINE Vec of(Vec x) const { return fma(x - mean, scale, bias); }
};

template <bool rectified>
void apply(const RowBlocks& blocks, const float* x, const float* mean, const float* scale, const float* bias,
           float* y) {
  const int64_t channels = blocks.channels;
  blocks.for_each([&](int64_t block) {
    for (int64_t row = blocks.begin(block); row < blocks.end(block); ++row)
      for_each_channel_vector(channels, [&](auto vector, int64_t c) {
        const Line line{vector.from(mean + c), vector.from(scale + c), vector.from(bias + c)};
        const Vec value = line.of(vector.from(x + row * channels + c));
        vector.to(y + row * channels + c, rectified ? max(zero(), value) : value);
      });
  });
}

void apply(const RowBlocks& blocks, const float* x, const float* mean, const float* scale, const float* bias, float* y,
           Activation activation) {
  if (activation == Activation::relu) return apply<true>(blocks, x, mean, scale, bias, y);
  apply<false>(blocks, x, mean, scale, bias, y);
}

// Sums over a block's rows of two terms each, four rows at a time: terms(vector, row, channel, first, second).
template <class Terms>
HEBB_INLINE void sum_rows(const RowBlocks& blocks, int64_t block, float* first, float* second, const Terms& terms) {
  const int64_t channels = blocks.channels, end = blocks.end(block);
  for (int64_t c = 0; c < channels; ++c) first[c] = second[c] = 0;
  int64_t row = blocks.begin(block);
  for (; row + unroll <= end; row += unroll)
    for_each_channel_vector(channels, [&](auto vector, int64_t c) {
      Vec a[unroll], b[unroll];
      for (int r = 0; r < unroll; ++r) terms(vector, row + r, c, a[r], b[r]);
      vector.to(first + c, vector.from(first + c) + ((a[0] + a[1]) + (a[2] + a[3])));
      vector.to(second + c, vector.from(second + c) + ((b[0] + b[1]) + (b[2] + b[3])));
    });
  for (; row < end; ++row)
    for_each_channel_vector(channels, [&](auto vector, int64_t c) {
      Vec a, b;
      terms(vector, row, c, a, b);
      vector.to(first + c, vector.from(first + c) + a);
      vector.to(second + c, vector.from(second + c) + b);
    });
}

// Two sums a block and channel.
struct Partials {
  float* data;
  int64_t channels;
  HEBB_INLINE explicit Partials(const RowBlocks& blocks)
      : data(static_cast<float*>(scratch(ScratchSlot::partial, blocks.count * blocks.channels * 2 * sizeof(float)))),
        channels(blocks.channels) {}
  HEBB_INLINE float* first(int64_t block) const { return data + 2 * block * channels; }
  HEBB_INLINE float* second(int64_t block) const { return data + (2 * block + 1) * channels; }
};

template <class Body>
HEBB_INLINE void for_each_channel(const RowBlocks& blocks, const Body& body) {
  constexpr int64_t worth_a_thread = 16384;
  parallel_for(blocks.channels, worth_a_thread / (blocks.count + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) body(c);
  });
}

float inverse_root(double variance, double epsilon) {
  return static_cast<float>(1 / __builtin_sqrt(variance + epsilon));
}

}  // namespace

// Each block sums differences from its first row, so that a mean far from zero costs no digits; the blocks' means and
// squares are combined in double (Chan, Golub and LeVeque 1983).
void batch_norm(In<float> x, In<float> weight, In<float> bias, InOut<float> running_mean, InOut<float> running_variance,
                Out<float> y, Out<float> mean, Out<float> inverse_deviation, double momentum, double epsilon,
                Activation activation) {
  const int64_t channels = channels_of(x.shape);
  const RowBlocks blocks(x.size(), channels);
  const Partials partials(blocks);
  float* const scale = static_cast<float*>(scratch(ScratchSlot::extra, channels * sizeof(float)));
  blocks.for_each([&](int64_t block) {
    const float* const origin = x.data + blocks.begin(block) * channels;
    sum_rows(blocks, block, partials.first(block), partials.second(block),
             [&](auto vector, int64_t row, int64_t c, Vec& difference, Vec& square) {
               difference = vector.from(x.data + row * channels + c) - vector.from(origin + c);
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
  apply(blocks, x.data, mean.data, scale, bias.data, y.data, activation);
}

void batch_norm_inference(In<float> x, In<float> weight, In<float> bias, In<float> mean, In<float> variance,
                          Out<float> y, double epsilon, Activation activation) {
  const int64_t channels = channels_of(x.shape);
  float* const scale = static_cast<float*>(scratch(ScratchSlot::extra, channels * sizeof(float)));
  for (int64_t c = 0; c < channels; ++c) scale[c] = weight.data[c] * inverse_root(variance.data[c], epsilon);
  apply(RowBlocks(x.size(), channels), x.data, mean.data, scale, bias.data, y.data, activation);
}

void batch_norm_backward(In<float> grad, In<float> x, In<float> weight, In<float> bias, In<float> mean,
                         In<float> inverse_deviation, Optional<Out<float>> dx, Out<float> dweight, Out<float> dbias,
                         bool with_batch_statistics, Activation activation) {
  const int64_t channels = channels_of(x.shape);
  const RowBlocks blocks(x.size(), channels);
  const Partials partials(blocks);
  float* const of_channels = static_cast<float*>(scratch(ScratchSlot::extra, 3 * channels * sizeof(float)));
  float *const scale = of_channels, *const by_mean = scale + channels, *const by_deviation = by_mean + channels;
  for (int64_t c = 0; c < channels; ++c) scale[c] = weight.data[c] * inverse_deviation.data[c];

  const bool rectified = activation == Activation::relu;
  // The gradient that passes the activation, and x - mean.
  const auto at = [&](auto vector, int64_t row, int64_t c, Vec& passed, Vec& centered) {
    const Vec value = vector.from(x.data + row * channels + c);
    centered = value - vector.from(mean.data + c);
    passed = vector.from(grad.data + row * channels + c);
    if (rectified) {
      const Vec before = fma(centered, vector.from(scale + c), vector.from(bias.data + c));
      passed = select(gt(before, zero()), passed, zero());
    }
  };
  blocks.for_each([&](int64_t block) {
    sum_rows(blocks, block, partials.first(block), partials.second(block),
             [&](auto vector, int64_t row, int64_t c, Vec& passed, Vec& product) {
               Vec centered;
               at(vector, row, c, passed, centered);
               product = passed * centered;
             });
  });
  const double count = static_cast<double>(blocks.rows);
  for_each_channel(blocks, [&](int64_t c) {
    double sum = 0, product = 0;
    for (int64_t block = 0; block < blocks.count; ++block) {
      sum += partials.first(block)[c];
      product += partials.second(block)[c];
    }
    const double inverse = inverse_deviation.data[c];
    dbias.data[c] = static_cast<float>(sum);
    dweight.data[c] = static_cast<float>(product * inverse);
    by_mean[c] = with_batch_statistics ? static_cast<float>(sum / count) : 0;
    by_deviation[c] = with_batch_statistics ? static_cast<float>(product * inverse * inverse / count) : 0;
  });
  if (!dx) return;
  blocks.for_each([&](int64_t block) {
    for (int64_t row = blocks.begin(block); row < blocks.end(block); ++row)
      for_each_channel_vector(channels, [&](auto vector, int64_t c) {
        Vec passed, centered;
        at(vector, row, c, passed, centered);
        const Vec rest = fnma(centered, vector.from(by_deviation + c), passed - vector.from(by_mean + c));
        vector.to(dx.data + row * channels + c, rest * vector.from(scale + c));
      });
  });
}

}  // namespace hebb::cpu::HEBB_ISA
