#include "ops/matmul.h"

#include "core/scratch.h"
#include "cpu/gemm/in_place.h"
#include "cpu/gemm/skinny.h"
#include "cpu/gemm/slots.h"
#include "ops/kernel_table.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

struct Product {
  In<float> a, b;
  Out<float> y;
  bool transpose_a, transpose_b;
  int64_t rows, columns, depth, batches;
};

// The batch-th product. It points to the matrices given, which must outlive it.
Gemm describe(const Product& p, int64_t batch, Matrix* a, Matrix* b) {
  *a = {p.a.data + (p.a.shape.rank > 2 ? batch * p.rows * p.depth : 0), p.transpose_a ? 1 : p.depth,
        p.transpose_a ? p.rows : 1};
  *b = {p.b.data + (p.b.shape.rank > 2 ? batch * p.depth * p.columns : 0), p.transpose_b ? p.depth : 1,
        p.transpose_b ? 1 : p.columns};
  Gemm gemm;
  gemm.rows = p.rows, gemm.columns = p.columns, gemm.depth = p.depth;
  gemm.a = as_a(a), gemm.b = as_b(b);
  gemm.c.data = p.y.data + batch * p.rows * p.columns;
  gemm.c.stride = p.columns;
  return gemm;
}

// Many small products: each by one thread.
void multiply_apart(const Product& p, const Gemm& first) {
  const int threads = threads_worth(p.batches * p.rows * p.columns * p.depth, p.batches);
  const int64_t floats = workspace_size(first, 1);
  float* const workspace = scratch(ScratchSlot::pack_a, threads * floats);
  for_slots(threads, p.batches, [&](int slot, int64_t begin, int64_t end) {
    for (int64_t batch = begin; batch < end; ++batch) {
      Matrix a, b;
      run(describe(p, batch, &a, &b), 1, workspace + slot * floats);
    }
  });
}

}  // namespace

decltype(ops::matmul::check) matmul;
void matmul(In<float> a, In<float> b, Out<float> y, bool transpose_a, bool transpose_b) {
  if (y.size() == 0) return;
  Product p{a,
            b,
            y,
            transpose_a,
            transpose_b,
            y.shape[-2],
            y.shape[-1],
            a.shape[transpose_a ? -2 : -1],
            y.shape.product(0, y.shape.rank - 2)};
  if (b.shape.rank == 2 && !transpose_a) {
    // One matrix b for all: the batches are but more rows.
    p.rows *= p.batches;
    p.batches = 1;
  }
  Matrix a_matrix, b_matrix;
  Gemm first = describe(p, 0, &a_matrix, &b_matrix);
  if (p.batches == 1) {
    // Few rows, or one column: a's rows and b's columns change places.
    if (a_matrix.depth_stride == 1 && is_skinny(p.rows, b_matrix.depth_stride == 1)) {
      return run(SkinnyGemm{p.rows, p.columns, p.depth, a_matrix.data, a_matrix.index_stride, b_matrix, first.c.data,
                            first.c.stride});
    }
    if (p.columns == 1) {
      return run(SkinnyGemm{1, p.rows, p.depth, b_matrix.data, p.depth, a_matrix, first.c.data, p.rows});
    }
    const RestingRows rows = resting(&a_matrix);
    if (a_matrix.depth_stride == 1) first.resting = &rows;
    return run(first);
  }
  if (threads_for(first) < thread_count() || p.batches >= 4 * thread_count()) return multiply_apart(p, first);
  for (int64_t batch = 0; batch < p.batches; ++batch) {
    Matrix left, right;
    run(describe(p, batch, &left, &right));
  }
}

}  // namespace hebb::cpu::HEBB_ISA
