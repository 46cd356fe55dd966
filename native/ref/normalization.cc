#include "ops/normalization.h"

#include <cmath>

namespace hebb::ref {
namespace {

int64_t channels_of(const Shape& shape) { return shape.dims[shape.rank - 1]; }

double activated(double value, Activation activation) {
  return activation == Activation::relu && value < 0 ? 0 : value;
}

// The sum of term(j) over the channels j of c's window: `before` of them below c, `after` above.
template <class Term>
double window_sum(int64_t c, int64_t before, int64_t after, int64_t channels, Term term) {
  double sum = 0;
  for (int64_t j = c - before; j <= c + after; ++j)
    if (j >= 0 && j < channels) sum += term(j);
  return sum;
}

}  // namespace

void batch_norm(In<float> x, In<float> weight, In<float> bias, Optional<In<float>> residual, InOut<float> running_mean,
                InOut<float> running_variance, Out<float> y, Out<float> mean, Out<float> inverse_deviation,
                double momentum, double epsilon, Activation activation) {
  const int64_t channels = channels_of(x.shape), size = x.size();
  const double count = static_cast<double>(size / channels);
  for (int64_t c = 0; c < channels; ++c) {
    double sum = 0, squares = 0;
    for (int64_t i = c; i < size; i += channels) sum += x.data[i];
    const double center = sum / count;
    for (int64_t i = c; i < size; i += channels) squares += (x.data[i] - center) * (x.data[i] - center);
    const double inverse = 1 / std::sqrt(squares / count + epsilon);
    for (int64_t i = c; i < size; i += channels) {
      double value = (x.data[i] - center) * inverse * weight.data[c] + bias.data[c];
      if (residual) value += residual.data[i];
      y.data[i] = static_cast<float>(activated(value, activation));
    }
    mean.data[c] = static_cast<float>(center);
    inverse_deviation.data[c] = static_cast<float>(inverse);
    const auto move = [&](float& value, double to) { value = static_cast<float>(value + momentum * (to - value)); };
    move(running_mean.data[c], center);
    move(running_variance.data[c], squares / (count - 1));
  }
}

void batch_norm_inference(In<float> x, In<float> weight, In<float> bias, Optional<In<float>> residual, In<float> mean,
                          In<float> variance, Out<float> y, double epsilon, Activation activation) {
  const int64_t channels = channels_of(x.shape);
  for (int64_t i = 0; i < x.size(); ++i) {
    const int64_t c = i % channels;
    const double normal = (x.data[i] - static_cast<double>(mean.data[c])) / std::sqrt(variance.data[c] + epsilon);
    const double more = residual ? residual.data[i] : 0;
    y.data[i] = static_cast<float>(activated(normal * weight.data[c] + bias.data[c] + more, activation));
  }
}

void batch_norm_fold(Optional<In<float>> offset, In<float> weight, In<float> bias, In<float> mean, In<float> variance,
                     Out<float> scale, Out<float> shift, double epsilon) {
  for (int64_t c = 0; c < weight.size(); ++c) {
    const double factor = weight.data[c] / std::sqrt(variance.data[c] + epsilon);
    const double before = offset ? offset.data[c] : 0;
    scale.data[c] = static_cast<float>(factor);
    shift.data[c] = static_cast<float>((before - mean.data[c]) * factor + bias.data[c]);
  }
}

void batch_norm_backward(In<float> grad, In<float> x, Optional<In<float>> y, In<float> weight, In<float> bias,
                         In<float> mean, In<float> inverse_deviation, Optional<Out<float>> dx,
                         Optional<Out<float>> dresidual, Out<float> dweight, Out<float> dbias,
                         bool with_batch_statistics, Activation activation) {
  const int64_t channels = channels_of(x.shape), size = x.size();
  const double count = static_cast<double>(size / channels);
  for (int64_t c = 0; c < channels; ++c) {
    const double center = mean.data[c], inverse = inverse_deviation.data[c];
    const auto normal_at = [&](int64_t i) { return (x.data[i] - center) * inverse; };
    const auto grad_at = [&](int64_t i) -> double {
      const double after = y ? y.data[i] : normal_at(i) * weight.data[c] + bias.data[c];
      return activation == Activation::none || after > 0 ? grad.data[i] : 0;
    };
    double sum = 0, product = 0;
    for (int64_t i = c; i < size; i += channels) {
      sum += grad_at(i);
      product += grad_at(i) * normal_at(i);
      if (dresidual) dresidual.data[i] = static_cast<float>(grad_at(i));
    }
    dweight.data[c] = static_cast<float>(product);
    dbias.data[c] = static_cast<float>(sum);
    if (!dx) continue;
    for (int64_t i = c; i < size; i += channels) {
      double value = grad_at(i);
      if (with_batch_statistics) value -= (sum + normal_at(i) * product) / count;
      dx.data[i] = static_cast<float>(value * weight.data[c] * inverse);
    }
  }
}

void local_response_norm(In<float> x, Out<float> y, int64_t size, double alpha, double beta, double k) {
  const int64_t channels = channels_of(x.shape);
  for (int64_t i = 0; i < x.size(); ++i) {
    const int64_t c = i % channels;
    const float* const pixel = x.data + (i - c);
    const double squares = window_sum(c, size / 2, (size - 1) / 2, channels,
                                      [&](int64_t j) { return static_cast<double>(pixel[j]) * pixel[j]; });
    const double base = k + alpha / static_cast<double>(size) * squares;
    y.data[i] = static_cast<float>(pixel[c] * std::pow(base, -beta));
  }
}

// Channel j's window holds c where c's own, mirrored, holds j.
void local_response_norm_backward(In<float> grad, In<float> x, Out<float> dx, int64_t size, double alpha, double beta,
                                  double k) {
  const int64_t channels = channels_of(x.shape), before = size / 2, after = (size - 1) / 2;
  const double scale = alpha / static_cast<double>(size);
  for (int64_t i = 0; i < x.size(); ++i) {
    const int64_t c = i % channels;
    const float *const pixel = x.data + (i - c), *const pixel_grad = grad.data + (i - c);
    const auto base_at = [&](int64_t j) {
      const auto square = [&](int64_t n) { return static_cast<double>(pixel[n]) * pixel[n]; };
      return k + scale * window_sum(j, before, after, channels, square);
    };
    const double through_windows = window_sum(c, after, before, channels, [&](int64_t j) {
      return pixel_grad[j] * static_cast<double>(pixel[j]) * std::pow(base_at(j), -beta - 1);
    });
    dx.data[i] =
        static_cast<float>(pixel_grad[c] * std::pow(base_at(c), -beta) - 2 * scale * beta * pixel[c] * through_windows);
  }
}

}  // namespace hebb::ref
