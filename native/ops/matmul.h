// Matrix products.
#pragma once
#include "ops/activation.h"
#include "ops/op.h"

namespace hebb::ops {

// y[..., M, N] = op(a)[..., M, K] op(b)[..., K, N], op transposing the last two axes where asked. The leading (batch)
// axes of a and b are equal, or one of the two is a plain matrix used for every batch; a and b have 2 dimensions at
// least. K = 0 gives zeros.
struct matmul {
  static constexpr Names names{"a", "b", "y", "transposeA", "transposeB"};
  static void check(In<float> a, In<float> b, Out<float> y, bool transpose_a, bool transpose_b);
};

// y[M, N] = activation(x[M, K] weight[N, K]^T + bias[N])
struct linear {
  static constexpr Names names{"x", "weight", "bias", "y", "activation"};
  static void check(In<float> x, In<float> weight, Optional<In<float>> bias, Out<float> y, Activation activation);
};

}  // namespace hebb::ops
