#include "ops/optimizer.h"

namespace hebb::ref {

void sgd(List<InOut<float>> parameters, List<In<float>> grads, List<InOut<float>> buffers, InOut<float> hyper) {
  const double rate = hyper.data[0], momentum = hyper.data[1], dampening = hyper.data[2], decay = hyper.data[3];
  const bool nesterov = hyper.data[4] != 0, maximize = hyper.data[5] != 0, first = hyper.data[6] == 0;
  for (int t = 0; t < parameters.count; ++t) {
    for (int64_t i = 0; i < parameters[t].size(); ++i) {
      float& p = parameters[t].data[i];
      double g = maximize ? -grads[t].data[i] : grads[t].data[i];
      g += decay * p;
      double step = g;
      if (buffers.count) {
        float& stored = buffers[t].data[i];
        const double buffer = first ? g : momentum * stored + (1 - dampening) * g;
        stored = static_cast<float>(buffer);
        step = nesterov ? g + momentum * buffer : buffer;
      }
      p = static_cast<float>(p - rate * step);
    }
  }
  hyper.data[6] += 1;
}

}  // namespace hebb::ref
