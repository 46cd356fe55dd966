// Matrix products as plain loops with double accumulators, in place of cuBLAS.
#include "cuda/gemm.h"

#include <bit>

#include "cuda/emulation/work.h"
#include "cuda/runtime/context.h"

namespace hebb::cuda {
namespace {

// To the nearest value with so many mantissa bits fewer, ties to even, as the matrix units round their inputs.
float rounded(float value, int dropped_bits) {
  if (dropped_bits == 0 || value - value != 0) return value;
  const uint32_t bits = std::bit_cast<uint32_t>(value), half = (1u << (dropped_bits - 1)) - 1;
  const uint32_t odd = bits >> dropped_bits & 1;
  return std::bit_cast<float>((bits + half + odd) >> dropped_bits << dropped_bits);
}

float element(const Operand& operand, int64_t batch, int64_t row, int64_t column) {
  const float* const matrix = operand.data + batch * operand.batch_step;
  return operand.transposed ? matrix[column * operand.stride + row] : matrix[row * operand.stride + column];
}

void multiply(const Product& p, int dropped_bits) {
  for (int64_t batch = 0; batch < p.batches; ++batch) {
    for (int64_t row = 0; row < p.rows; ++row) {
      for (int64_t column = 0; column < p.columns; ++column) {
        double sum = 0;
        for (int64_t k = 0; k < p.depth; ++k) {
          sum += static_cast<double>(rounded(element(p.a, batch, row, k), dropped_bits)) *
                 rounded(element(p.b, batch, k, column), dropped_bits);
        }
        float& c = p.c[batch * p.c_batch_step + row * p.c_stride + column];
        if (p.accumulate) sum += c;
        if (p.bias != nullptr) sum += p.bias[column];
        if (p.activation == Activation::relu && sum < 0) sum = 0;  // a NaN stays
        c = static_cast<float>(sum);
      }
    }
  }
}

}  // namespace

void gemm(const Product& product) {
  constexpr int dropped_bits[] = {0, 13, 16};  // of float32's 23, for each Precision
  const Context& context = Context::current();
  require(emulation::enqueue(
              context.stream(),
              [product, bits = dropped_bits[static_cast<int64_t>(context.precision)]] { multiply(product, bits); }),
          "gemm");
}

}  // namespace hebb::cuda
