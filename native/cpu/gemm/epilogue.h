// What becomes of a product's sums: activation(sum * scale[column] + bias[column] + residual[row, column]).
#pragma once
#include "cpu/simd/simd.h"
#include "ops/activation.h"

namespace hebb::cpu::HEBB_ISA {

struct Epilogue {
  const float* scale = nullptr;
  const float* bias = nullptr;
  const float* residual = nullptr;
  int64_t residual_stride = 0;  // from row to row
  Activation activation = Activation::none;

  HEBB_INLINE bool is_nothing() const { return !scale && !bias && !residual && activation == Activation::none; }

  // The same seen from a later row and column.
  HEBB_INLINE Epilogue from(int64_t row, int64_t column) const {
    Epilogue later = *this;
    if (scale) later.scale += column;
    if (bias) later.bias += column;
    if (residual) later.residual += row * residual_stride + column;
    return later;
  }
};

// One vector of sums through it; `residual` is where its own begins, or null.
HEBB_INLINE Vec finished(Vec sum, Vec scale, Vec bias, const float* residual, int lanes, bool rectified) {
  Vec value = fma(sum, scale, bias);
  if (residual) value = value + (lanes == Vec::width ? load(residual) : load_partial(residual, lanes));
  return rectified ? max_nan(value, zero()) : value;
}

// An epilogue of the columns [column, column + lanes), for one row of sums after the other.
struct ColumnsEpilogue {
  Vec scale, bias;
  const float* residual;
  int64_t residual_stride;
  int lanes;
  bool rectified;

  HEBB_INLINE ColumnsEpilogue(const Epilogue& e, int64_t column, int lanes)
      : scale(e.scale ? load_partial(e.scale + column, lanes) : splat(1)),
        bias(e.bias ? load_partial(e.bias + column, lanes) : zero()),
        residual(e.residual ? e.residual + column : nullptr),
        residual_stride(e.residual_stride),
        lanes(lanes),
        rectified(e.activation == Activation::relu) {}

  HEBB_INLINE Vec of(Vec sum, int64_t row) const {
    return finished(sum, scale, bias, residual ? residual + row * residual_stride : nullptr, lanes, rectified);
  }
};

}  // namespace hebb::cpu::HEBB_ISA
