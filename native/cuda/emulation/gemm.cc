// Matrix products as plain loops with double accumulators, in place of cuBLAS.
#include "cuda/gemm.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "cuda/emulation/work.h"
#include "cuda/runtime/context.h"

namespace hebb::cuda {
namespace {

// To the nearest value with so many mantissa bits fewer, ties to even, as the matrix units round their inputs.
template <int dropped_bits>
float rounded(float value) {
  if constexpr (dropped_bits == 0) return value;
  if (!std::isfinite(value)) return value;
  const uint32_t bits = std::bit_cast<uint32_t>(value), odd = bits >> dropped_bits & 1;
  return std::bit_cast<float>((bits + (1u << dropped_bits) / 2 - 1 + odd) >> dropped_bits << dropped_bits);
}

// From one row or column of an operand to the next, in memory.
int64_t row_step(const Operand& operand) { return operand.transposed ? 1 : operand.stride; }
int64_t column_step(const Operand& operand) { return operand.transposed ? operand.stride : 1; }

template <int dropped_bits>
void multiply(const Product& p) {
  const int64_t a_column = column_step(p.a), b_column = column_step(p.b);
  std::vector<double> sums(p.columns);
  for (int64_t batch = 0; batch < p.batches; ++batch) {
    for (int64_t row = 0; row < p.rows; ++row) {
      const float* const a_row = p.a.data + batch * p.a.batch_step + row * row_step(p.a);
      std::fill(sums.begin(), sums.end(), 0.0);
      for (int64_t k = 0; k < p.depth; ++k) {
        const double factor = rounded<dropped_bits>(a_row[k * a_column]);
        const float* const b_row = p.b.data + batch * p.b.batch_step + k * row_step(p.b);
        for (int64_t i = 0; i < p.columns; ++i) sums[i] += factor * rounded<dropped_bits>(b_row[i * b_column]);
      }
      float* const c_row = p.c + batch * p.c_batch_step + row * p.c_stride;
      for (int64_t i = 0; i < p.columns; ++i) {
        const double sum = sums[i] + (p.accumulate ? c_row[i] : p.bias != nullptr ? p.bias[i] : 0);
        c_row[i] = p.activation == Activation::relu && sum < 0 ? 0 : static_cast<float>(sum);  // a NaN stays
      }
    }
  }
}

}  // namespace

void gemm(const Product& product) {
  constexpr void (*ways[])(const Product&) = {multiply<0>, multiply<13>, multiply<16>};  // for each Precision
  const Context& context = Context::current();
  const auto way = ways[static_cast<int64_t>(context.precision)];
  require(emulation::enqueue(context.stream(), [product, way] { way(product); }), "gemm");
}

}  // namespace hebb::cuda
