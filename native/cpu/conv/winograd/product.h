// The products of one frequency: c[row, column] (+)= sum over k of a[row, k] * b[k, column].
#pragma once
#include "cpu/conv/winograd/tuning.h"

namespace hebb::cpu::HEBB_ISA::winograd {

struct Product {
  int64_t rows, columns, depth;  // columns: whole vectors
  const float* a;                // a[row, k] at k / row_stride * chunk_step + row * row_stride + k % row_stride, or
  int64_t chunk_step;            // transposed at k * row_stride + row
  const float* b;                // panels of column_tile columns (the last may have fewer), panel_step apart;
  int64_t b_step, panel_step;    // depths b_step apart within a panel
  float* c;
  int64_t c_stride;
  bool accumulate;  // onto what c holds
};

void multiply(const Product& product);
void multiply_transposed(const Product& product);

}  // namespace hebb::cpu::HEBB_ISA::winograd
