// Batch normalisation: one pass over x for the statistics, one for the result.
#include "cuda/kernels/column_sums.h"
#include "ops/normalization.h"

namespace hebb::cuda {

decltype(ops::batch_norm::check) batch_norm;
decltype(ops::batch_norm_inference::check) batch_norm_inference;
decltype(ops::batch_norm_fold::check) batch_norm_fold;

namespace {

// Differences from the chunk's first row, so that a mean far from zero costs no digits, and their squares.
template <int width>
struct Differences {
  const float* x;
  int64_t row_floats;

  __device__ Pack<width> channels(int64_t first_row, int64_t channel) const {
    return load<width>(x + first_row * row_floats + channel);
  }
  __device__ Pack<width> read(int64_t at) const { return load<width>(x + at); }
  __device__ void add(const Pack<width>& origin, const Pack<width>& values, int64_t, Pack<width>& sum,
                      Pack<width>& squares) const {
    for (int i = 0; i < width; ++i) {
      const float difference = values[i] - origin[i];
      sum[i] += difference;
      squares[i] = fmaf(difference, difference, squares[i]);
    }
  }
};

// The chunks' sums combined as Chan, Golub and LeVeque 1983.
struct Statistics {
  Columns columns;
  ChunkRows rows;
  Partials partials;
  const float* x;
  float *mean, *inverse_deviation, *running_mean, *running_variance;
  double momentum, epsilon;

  template <class Sum>
  __device__ void operator()(int64_t channel, bool leads, const Sum& sum) const {
    const auto at = [&](int chunk) { return chunk * columns.channels + channel; };
    const auto origin = [&](int chunk) -> double {
      return x[static_cast<int64_t>(chunk) * columns.depth * columns.channels + channel];
    };
    const double count = static_cast<double>(columns.rows);
    const double total =
        sum([&](int chunk) { return rows.rows[rows.kind(chunk)] * origin(chunk) + partials.first[at(chunk)]; });
    const double center = total / count;
    const double squares = sum([&](int chunk) {
      const int kind = rows.kind(chunk);
      const double first = partials.first[at(chunk)], chunk_mean = first * rows.inverses[kind];
      const double off = origin(chunk) + chunk_mean - center, inside = partials.second[at(chunk)] - first * chunk_mean;
      return (inside < 0 ? 0 : inside) + rows.rows[kind] * off * off;  // NaN stays
    });
    if (!leads) return;
    mean[channel] = static_cast<float>(center);
    inverse_deviation[channel] = static_cast<float>(1 / sqrt(squares / count + epsilon));
    const auto move = [&](float& value, double to) { value = static_cast<float>(value + momentum * (to - value)); };
    move(running_mean[channel], center);
    move(running_variance[channel], squares / (count - 1));
  }
};

// activation((x - mean) * (weight * inverse deviation) + bias + residual)
struct Line {
  const float *x, *weight, *bias, *residual, *mean;
  const float* deviation;  // inverse, or the variance where `of_variance`
  float* y;
  float epsilon;
  bool of_variance, rectified;
};

template <int width, bool with_residual>
__global__ void normalize(Columns columns, Line line) {
  const Elements elements(columns);
  if (!elements.has(0)) return;
  const Pack<width> mean = load<width>(line.mean + elements.channel), bias = load<width>(line.bias + elements.channel);
  Pack<width> scale = load<width>(line.deviation + elements.channel);
  const Pack<width> weight = load<width>(line.weight + elements.channel);
  for (int i = 0; i < width; ++i)
    scale[i] = weight[i] * (line.of_variance ? 1 / sqrtf(scale[i] + line.epsilon) : scale[i]);
  Pack<width> values[element_rows]{}, more[element_rows]{};
  for (int row = 0; row < element_rows; ++row) {
    if (!elements.has(row)) continue;
    values[row] = load<width>(line.x + elements.at(row));
    if (with_residual) more[row] = load<width>(line.residual + elements.at(row));
  }
  for (int row = 0; row < element_rows; ++row) {
    for (int i = 0; i < width; ++i) {
      float value = fmaf(values[row][i] - mean[i], scale[i], bias[i]);
      if (with_residual) value += more[row][i];
      values[row][i] = line.rectified && value < 0 ? 0 : value;
    }
    if (elements.has(row)) store(line.y + elements.at(row), values[row]);
  }
}

template <int width>
void run_normalize(const Columns& columns, const Line& line) {
  launch(element_grid(columns), columns.block(), line.residual ? normalize<width, true> : normalize<width, false>,
         columns, line);
}

__global__ void fold(const float* offset, const float* weight, const float* bias, const float* mean,
                     const float* variance, float* scale, float* shift, int64_t channels, double epsilon) {
  const int64_t c = first_index();
  if (c >= channels) return;
  const double factor = weight[c] / sqrt(variance[c] + epsilon);
  const double before = offset ? offset[c] : 0;
  scale[c] = static_cast<float>(factor);
  shift[c] = static_cast<float>((before - mean[c]) * factor + bias[c]);
}

template <int width>
void run_batch_norm(int64_t rows, int64_t channels, const Line& line, float* mean, float* inverse_deviation,
                    float* running_mean, float* running_variance, double momentum, double epsilon) {
  const Columns columns(rows, channels, width);
  const Partials partials(columns, Context::current().scratch<float>(Partials::floats(columns)));
  run_column_sums<Differences<width>, width>(
      columns, {line.x, channels}, partials,
      Statistics{columns, ChunkRows(columns), partials, line.x, mean, inverse_deviation, running_mean, running_variance,
                 momentum, epsilon});
  run_normalize<width>(columns, line);
}

}  // namespace

void batch_norm(In<float> x, In<float> weight, In<float> bias, Optional<In<float>> residual, InOut<float> running_mean,
                InOut<float> running_variance, Out<float> y, Out<float> mean, Out<float> inverse_deviation,
                double momentum, double epsilon, Activation activation) {
  const int64_t channels = x.shape[-1];
  const Line line{x.data, weight.data, bias.data, residual ? residual.data : nullptr, mean.data, inverse_deviation.data,
                  y.data, 0,           false,     activation == Activation::relu};
  const bool fours =
      packs_of_four(channels, x.data, weight.data, bias.data, line.residual, y.data, mean.data, inverse_deviation.data);
  (fours ? run_batch_norm<4> : run_batch_norm<1>)(x.size() / channels, channels, line, mean.data,
                                                  inverse_deviation.data, running_mean.data, running_variance.data,
                                                  momentum, epsilon);
}

void batch_norm_inference(In<float> x, In<float> weight, In<float> bias, Optional<In<float>> residual, In<float> mean,
                          In<float> variance, Out<float> y, double epsilon, Activation activation) {
  const int64_t channels = x.shape[-1], rows = x.size() / channels;
  const Line line{x.data,    weight.data,
                  bias.data, residual ? residual.data : nullptr,
                  mean.data, variance.data,
                  y.data,    static_cast<float>(epsilon),
                  true,      activation == Activation::relu};
  if (packs_of_four(channels, x.data, weight.data, bias.data, line.residual, y.data, mean.data, variance.data)) {
    run_normalize<4>(Columns(rows, channels, 4), line);
  } else {
    run_normalize<1>(Columns(rows, channels, 1), line);
  }
}

void batch_norm_fold(Optional<In<float>> offset, In<float> weight, In<float> bias, In<float> mean, In<float> variance,
                     Out<float> scale, Out<float> shift, double epsilon) {
  launch({blocks_for(weight.size(), 256)}, {256}, fold, offset ? offset.data : nullptr, weight.data, bias.data,
         mean.data, variance.data, scale.data, shift.data, weight.size(), epsilon);
}

}  // namespace hebb::cuda
