#include "ops/matmul.h"

#include "cuda/gemm.h"

namespace hebb::cuda {

decltype(ops::matmul::check) matmul;
void matmul(In<float> a, In<float> b, Out<float> y, bool transpose_a, bool transpose_b) {
  if (y.size() == 0) return;
  Product p{};
  p.rows = y.shape[-2], p.columns = y.shape[-1], p.depth = a.shape[transpose_a ? -2 : -1];
  p.batches = y.shape.product(0, y.shape.rank - 2);
  if (b.shape.rank == 2 && !transpose_a) {
    // One matrix b for all: the batches are but more rows.
    p.rows *= p.batches;
    p.batches = 1;
  }
  p.a = {a.data, a.shape[-1], transpose_a, a.shape.rank > 2 ? p.rows * p.depth : 0};
  p.b = {b.data, b.shape[-1], transpose_b, b.shape.rank > 2 ? p.depth * p.columns : 0};
  p.c = y.data;
  p.c_stride = p.columns;
  p.c_batch_step = p.rows * p.columns;
  gemm(p);
}

}  // namespace hebb::cuda
