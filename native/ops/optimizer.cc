#include "ops/optimizer.h"

#include <string>

namespace hebb::ops {
namespace {

template <class V>
void check_parallel(const char* argument, List<V> list, List<InOut<float>> parameters) {
  if (list.count != parameters.count) {
    throw ArgumentError(argument, std::to_string(parameters.count) + " tensors, one a parameter",
                        std::to_string(list.count));
  }
  for (int i = 0; i < list.count; ++i) {
    if (list[i].shape != parameters[i].shape) {
      throw ArgumentError(std::string(argument) + "[" + std::to_string(i) + "]",
                          "its parameter's shape " + to_string(parameters[i].shape), to_string(list[i].shape));
    }
  }
}

}  // namespace

void sgd::check(List<InOut<float>> parameters, List<In<float>> grads, List<InOut<float>> buffers, InOut<float> hyper) {
  constexpr int64_t hyper_count = 7;
  check_parallel("grads", grads, parameters);
  if (buffers.count != 0) check_parallel("buffers", buffers, parameters);
  if (hyper.shape.rank != 1 || hyper.shape.dims[0] != hyper_count) {
    throw ArgumentError("hyper", "shape [7]", to_string(hyper.shape));
  }
}

}  // namespace hebb::ops
