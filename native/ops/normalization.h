// Batch normalisation over all axes but the last, and response normalisation across neighbouring channels.
#pragma once
#include "ops/activation.h"
#include "ops/op.h"

namespace hebb::ops {

// Batch normalisation (Ioffe and Szegedy 2015) of x [..., C] with the batch's statistics:
//   y = activation((x - mean) * (weight * inverse_deviation) + bias + residual),
//   inverse_deviation = 1 / sqrt(variance + epsilon),
// where variance divides by the count of values a channel, which is 2 at least. running_mean and running_variance move
// to the batch's by `momentum` of the way, the variance that goes there dividing by the count - 1.
struct batch_norm {
  static constexpr Names names{
      "x",    "weight",           "bias",     "residual", "runningMean", "runningVariance", "y",
      "mean", "inverseDeviation", "momentum", "epsilon",  "activation"};
  static void check(In<float> x, In<float> weight, In<float> bias, Optional<In<float>> residual,
                    InOut<float> running_mean, InOut<float> running_variance, Out<float> y, Out<float> mean,
                    Out<float> inverse_deviation, double momentum, double epsilon, Activation activation);
};
// The same with statistics that are given.
struct batch_norm_inference {
  static constexpr Names names{"x", "weight", "bias", "residual", "mean", "variance", "y", "epsilon", "activation"};
  static void check(In<float> x, In<float> weight, In<float> bias, Optional<In<float>> residual, In<float> mean,
                    In<float> variance, Out<float> y, double epsilon, Activation activation);
};
// The second as x * scale + shift, of x that is still without `offset`.
struct batch_norm_fold {
  static constexpr Names names{"offset", "weight", "bias", "mean", "variance", "scale", "shift", "epsilon"};
  static void check(Optional<In<float>> offset, In<float> weight, In<float> bias, In<float> mean, In<float> variance,
                    Out<float> scale, Out<float> shift, double epsilon);
};
// The gradients of either; with_batch_statistics: of the first, where mean and deviation depend on x too. What the
// activation let pass is seen in y, or without y worked out anew from x, which takes that there was no residual.
struct batch_norm_backward {
  static constexpr Names names{"grad",
                               "x",
                               "y",
                               "weight",
                               "bias",
                               "mean",
                               "inverseDeviation",
                               "dx",
                               "dresidual",
                               "dweight",
                               "dbias",
                               "withBatchStatistics",
                               "activation"};
  static void check(In<float> grad, In<float> x, Optional<In<float>> y, In<float> weight, In<float> bias,
                    In<float> mean, In<float> inverse_deviation, Optional<Out<float>> dx,
                    Optional<Out<float>> dresidual, Out<float> dweight, Out<float> dbias, bool with_batch_statistics,
                    Activation activation);
};

// Local response normalisation (Krizhevsky et al. 2012) of x [..., C], as PyTorch defines it:
//   y[c] = x[c] * (k + alpha / size * (the sum of x[j]^2 over c - size / 2 <= j <= c + (size - 1) / 2))^-beta
struct local_response_norm {
  static constexpr Names names{"x", "y", "size", "alpha", "beta", "k"};
  static void check(In<float> x, Out<float> y, int64_t size, double alpha, double beta, double k);
};
struct local_response_norm_backward {
  static constexpr Names names{"grad", "x", "dx", "size", "alpha", "beta", "k"};
  static void check(In<float> grad, In<float> x, Out<float> dx, int64_t size, double alpha, double beta, double k);
};

}  // namespace hebb::ops
