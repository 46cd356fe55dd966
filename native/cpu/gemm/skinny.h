// Products with few rows, which read a matrix once: packing it would take longer than multiplying by it.
#pragma once
#include "cpu/gemm/gemm.h"

namespace hebb::cpu::HEBB_ISA {

// y[row, column] = activation(sum over k of x[row, k] * b(column, k) + bias[column]). The rows of x are adjacent
// floats.
struct SkinnyGemm {
  int64_t rows = 0, columns = 0, depth = 0;
  const float* x = nullptr;
  int64_t x_stride = 0;
  Matrix b{};  // indices are columns
  float* y = nullptr;
  int64_t y_stride = 0;
  const float* bias = nullptr;
  Activation activation = Activation::none;
};

// Whether run(SkinnyGemm) is the faster way for these extents.
bool is_skinny(int64_t rows, bool depth_adjacent);
void run(const SkinnyGemm& gemm);

}  // namespace hebb::cpu::HEBB_ISA
