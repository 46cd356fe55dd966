#include "cuda/gemm.h"
#include "ops/matmul.h"

namespace hebb::cuda {

decltype(ops::linear::check) linear;
void linear(In<float> x, In<float> weight, Optional<In<float>> bias, Out<float> y, Activation activation) {
  Product p{};
  p.rows = y.shape[0], p.columns = y.shape[1], p.depth = x.shape[1];
  p.a = {x.data, p.depth};
  p.b = {weight.data, p.depth, true};
  p.c = y.data;
  p.c_stride = p.columns;
  p.bias = bias ? bias.data : nullptr;
  p.activation = activation;
  gemm(p);
}

}  // namespace hebb::cuda
