// Optimizers: all parameters of a group in one call.
#pragma once
#include "ops/op.h"

namespace hebb::ops {

// SGD with momentum, as PyTorch defines it (Sutskever et al. 2013 differ in where the rate stands):
//   g = maximize ? -grad : grad;  g += weight_decay * p
//   buffer = first step ? g : momentum * buffer + (1 - dampening) * g
//   p -= rate * (nesterov ? g + momentum * buffer : buffer)
// hyper is [7]: rate, momentum, dampening, weight decay, nesterov (0 or 1), maximize (0 or 1), steps done; the call
// adds 1 to the last. buffers is empty when momentum is not used: then p -= rate * g.
struct sgd {
  static constexpr Names names{"parameters", "grads", "buffers", "hyper"};
  static void check(List<InOut<float>> parameters, List<In<float>> grads, List<InOut<float>> buffers,
                    InOut<float> hyper);
};

}  // namespace hebb::ops
