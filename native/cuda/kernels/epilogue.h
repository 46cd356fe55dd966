// What follows the sums of a product or a convolution, in a pass of its own.
#pragma once
#include <cstdint>

#include "ops/activation.h"

namespace hebb::cuda {

// y = activation(scale * sum + bias + residual), scale and bias for each column, residual for each element; null: none.
struct Epilogue {
  const float* scale = nullptr;
  const float* bias = nullptr;
  const float* residual = nullptr;
  Activation activation = Activation::none;

  bool is_empty() const { return !scale && !bias && !residual && activation == Activation::none; }
};

// Matrices of rows in memory `stride` apart. y may be sums.
void apply(const Epilogue& epilogue, const float* sums, float* y, int64_t rows, int64_t columns, int64_t stride);
// From sums in bfloat16 (the high halves of floats).
void apply(const Epilogue& epilogue, const uint16_t* sums, float* y, int64_t rows, int64_t columns, int64_t stride);

}  // namespace hebb::cuda
