// The seam to matrix products: cuBLAS and cuBLASLt on a GPU, plain loops in the emulation.
#pragma once
#include <cstdint>

#include "ops/activation.h"

namespace hebb::cuda {

// A row-major matrix in device memory, or its transpose where so marked: `stride` is from one row in memory to the
// next.
struct Operand {
  const float* data;
  int64_t stride;
  bool transposed = false;
  int64_t batch_step = 0;  // from one batch to the next; 0: the same for all
};

// c = activation(op(a) op(b) + bias), or c += op(a) op(b) where it accumulates: [rows, depth] [depth, columns],
// row-major, for each batch. In the precision of the current context. Depth 0 gives zeros (or leaves c where it
// accumulates).
struct Product {
  int64_t rows, columns, depth, batches = 1;
  Operand a, b;
  float* c;
  int64_t c_stride, c_batch_step = 0;
  const float* bias = nullptr;  // one a column
  Activation activation = Activation::none;
  bool accumulate = false;  // not together with bias or activation
};
void gemm(const Product& product);

}  // namespace hebb::cuda
