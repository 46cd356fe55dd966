#include "cpu/gemm/in_place.h"
#include "cpu/gemm/skinny.h"
#include "ops/kernel_table.h"
#include "ops/matmul.h"

namespace hebb::cpu::HEBB_ISA {

decltype(ops::linear::check) linear;
void linear(In<float> x, In<float> weight, Optional<In<float>> bias, Out<float> y, Activation activation) {
  const int64_t rows = y.shape[0], columns = y.shape[1], depth = x.shape[1];
  const Matrix inputs{x.data, depth, 1}, weights{weight.data, depth, 1};
  if (is_skinny(rows, true)) {
    return run(SkinnyGemm{rows, columns, depth, x.data, depth, weights, y.data, columns, bias ? bias.data : nullptr,
                          activation});
  }
  Gemm gemm;
  gemm.rows = rows, gemm.columns = columns, gemm.depth = depth;
  const RestingRows resting_inputs = resting(&inputs);
  gemm.resting = &resting_inputs;
  gemm.weights = &weights;
  gemm.a = as_a(&inputs), gemm.b = as_b(&weights);
  gemm.c.data = y.data;
  gemm.c.stride = gemm.columns;
  gemm.epilogue.bias = bias ? bias.data : nullptr;
  gemm.epilogue.activation = activation;
  run(gemm);
}

}  // namespace hebb::cpu::HEBB_ISA
