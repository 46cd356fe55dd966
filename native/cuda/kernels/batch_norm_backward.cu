// The gradient of batch normalisation: one pass over grad and x for the sums, one for the result.
#include "cuda/kernels/column_sums.h"
#include "ops/normalization.h"

namespace hebb::cuda {

decltype(ops::batch_norm_backward::check) batch_norm_backward;

namespace {

// Where the activation let the gradient pass: everywhere, or where x became positive, or where y is.
enum class Passed { everywhere, by_x, by_y };

struct Source {
  const float *grad, *x, *y, *weight, *bias, *mean, *inverse_deviation;
};

// What a thread keeps of its channels.
template <int width>
struct Channels {
  Pack<width> mean, scale, bias;
  __device__ Channels(const Source& source, int64_t channel)
      : mean(load<width>(source.mean + channel)),
        scale(load<width>(source.weight + channel)),
        bias(load<width>(source.bias + channel)) {
    const Pack<width> inverse = load<width>(source.inverse_deviation + channel);
    for (int i = 0; i < width; ++i) scale[i] *= inverse[i];
  }
};

template <int width, Passed passed>
struct Values {
  Pack<width> grad{}, x{}, y{};
  Values() = default;
  __device__ Values(const Source& source, int64_t at)
      : grad(load<width>(source.grad + at)), x(load<width>(source.x + at)) {
    if constexpr (passed == Passed::by_y) y = load<width>(source.y + at);
  }
  // x becomes its difference from the mean, and grad what the activation lets pass.
  __device__ void pass(const Channels<width>& channels) {
    for (int i = 0; i < width; ++i) {
      x[i] -= channels.mean[i];
      if constexpr (passed == Passed::everywhere) continue;
      const float after = passed == Passed::by_y ? y[i] : fmaf(x[i], channels.scale[i], channels.bias[i]);
      grad[i] = after > 0 ? grad[i] : 0.0f;
    }
  }
};

// The gradient's sum and that of its product with x - mean; writes what goes to the residual on the way.
template <int width, Passed passed>
struct Products {
  Source source;
  float* dresidual;

  __device__ Channels<width> channels(int64_t, int64_t channel) const { return {source, channel}; }
  __device__ Values<width, passed> read(int64_t at) const { return {source, at}; }
  __device__ void add(const Channels<width>& channels, Values<width, passed> values, int64_t at, Pack<width>& sum,
                      Pack<width>& product) const {
    values.pass(channels);
    if (dresidual) store(dresidual + at, values.grad);
    for (int i = 0; i < width; ++i) {
      sum[i] += values.grad[i];
      product[i] = fmaf(values.grad[i], values.x[i], product[i]);
    }
  }
};

// The parameters' gradients, and the parts of dx = scale (grad - mean_part - deviation_part (x - mean)).
struct Gradients {
  Columns columns;
  Partials partials;
  const float* inverse_deviation;
  float *dweight, *dbias, *mean_part, *deviation_part;
  bool with_batch_statistics;

  template <class Sum>
  __device__ void operator()(int64_t channel, bool leads, const Sum& sum) const {
    const auto at = [&](int chunk) { return chunk * columns.channels + channel; };
    const double grads = sum([&](int chunk) -> double { return partials.first[at(chunk)]; });
    const double products = sum([&](int chunk) -> double { return partials.second[at(chunk)]; });
    if (!leads) return;
    const double inverse = inverse_deviation[channel], count = static_cast<double>(columns.rows);
    dbias[channel] = static_cast<float>(grads);
    dweight[channel] = static_cast<float>(products * inverse);
    mean_part[channel] = with_batch_statistics ? static_cast<float>(grads / count) : 0;
    deviation_part[channel] = with_batch_statistics ? static_cast<float>(products * inverse * inverse / count) : 0;
  }
};

template <int width, Passed passed>
__global__ void differentiate(Columns columns, Source source, const float* mean_part, const float* deviation_part,
                              float* dx) {
  const Elements elements(columns);
  if (!elements.has(0)) return;
  const Channels<width> channels(source, elements.channel);
  const Pack<width> by_mean = load<width>(mean_part + elements.channel);
  const Pack<width> by_deviation = load<width>(deviation_part + elements.channel);
  Values<width, passed> values[element_rows];
  for (int row = 0; row < element_rows; ++row)
    if (elements.has(row)) values[row] = {source, elements.at(row)};
  for (int row = 0; row < element_rows; ++row) {
    values[row].pass(channels);
    Pack<width> result;
    for (int i = 0; i < width; ++i) {
      const float rest = fmaf(-by_deviation[i], values[row].x[i], values[row].grad[i] - by_mean[i]);
      result[i] = rest * channels.scale[i];
    }
    if (elements.has(row)) store(dx + elements.at(row), result);
  }
}

struct Results {
  float *dx, *dresidual, *dweight, *dbias;
  bool with_batch_statistics;
};

template <int width, Passed passed>
void run(int64_t rows, int64_t channels, const Source& source, const Results& to) {
  const Columns columns(rows, channels, width);
  const int64_t partial_floats = Partials::floats(columns);
  float* const scratch = Context::current().scratch<float>(partial_floats + 2 * channels);
  float *const mean_part = scratch + partial_floats, *const deviation_part = mean_part + channels;
  const Partials partials(columns, scratch);
  run_column_sums<Products<width, passed>, width>(
      columns, {source, to.dresidual}, partials,
      Gradients{columns, partials, source.inverse_deviation, to.dweight, to.dbias, mean_part, deviation_part,
                to.with_batch_statistics});
  if (!to.dx) return;
  Source from = source;
  if (to.dresidual) from.grad = to.dresidual;  // has passed the activation already
  launch(element_grid(columns), columns.block(),
         to.dresidual ? differentiate<width, Passed::everywhere> : differentiate<width, passed>, columns, from,
         mean_part, deviation_part, to.dx);
}

template <int width>
void run(int64_t rows, int64_t channels, const Source& source, const Results& to, Activation activation) {
  if (activation == Activation::none) return run<width, Passed::everywhere>(rows, channels, source, to);
  (source.y ? run<width, Passed::by_y> : run<width, Passed::by_x>)(rows, channels, source, to);
}

}  // namespace

void batch_norm_backward(In<float> grad, In<float> x, Optional<In<float>> y, In<float> weight, In<float> bias,
                         In<float> mean, In<float> inverse_deviation, Optional<Out<float>> dx,
                         Optional<Out<float>> dresidual, Out<float> dweight, Out<float> dbias,
                         bool with_batch_statistics, Activation activation) {
  const int64_t channels = x.shape[-1];
  const Source source{grad.data, x.data,    y ? y.data : nullptr,  weight.data,
                      bias.data, mean.data, inverse_deviation.data};
  const Results to{dx ? dx.data : nullptr, dresidual ? dresidual.data : nullptr, dweight.data, dbias.data,
                   with_batch_statistics};
  const bool fours = packs_of_four(channels, source.grad, source.x, source.y, source.weight, source.bias, source.mean,
                                   source.inverse_deviation, to.dx, to.dresidual);
  (fours ? run<4> : run<1>)(x.size() / channels, channels, source, to, activation);
}

}  // namespace hebb::cuda
