// The packed matrix product: c[rows, columns] = epilogue(sum over depth of a[row, k] * b[k, column]).
//
// What a and b are is known to their packers alone: a matrix, its transpose, the patches of an image. A packer copies a
// piece of its operand to a panel, the form the inner loops read. Every element of c is the sum, in order, of the
// sums of the depth blocks (of the chunks, where the depth is split); blocks and chunks depend on the extents alone, so
// the bits do not depend on the number of threads.
#pragma once
#include "cpu/gemm/epilogue.h"
#include "cpu/gemm/tuning.h"

namespace hebb::cpu::HEBB_ISA {

// What a packer is asked for: indices [first, first + count) (rows of a, columns of b) at depths [depth, depth +
// length), length at most depth_block. They go to panels of `step` indices each (step at most a tile's), one after the
// other.
struct Block {
  int64_t first, count, step;
  int64_t depth, length;
  float* panels;
};

// A panel of a holds depth k of its rows at k * tile_rows. A panel of b holds depth k at k * width, width being its
// columns rounded up to whole vectors, with zeros past its columns. Packers may write up to a vector past what they
// pack, in the order of the panels.
constexpr int64_t a_panel_floats = tile_rows * depth_block, b_panel_floats = tile_columns * depth_block;

// A matrix as an operand: element (index, k) is at data + index * index_stride + k * depth_stride. One stride is 1.
struct Matrix {
  const float* data;
  int64_t index_stride, depth_stride;
};

// One side of a product.
struct Operand {
  const void* source = nullptr;
  void (*pack)(const void* source, const Block& block) = nullptr;
  const Matrix* matrix = nullptr;  // what is packed, where it is all of a matrix
};

// Where the rows of c are: at data + row * stride, or where locate says (the columns of a row are adjacent).
struct Rows {
  float* data = nullptr;
  int64_t stride = 0;
  const void* source = nullptr;
  void (*locate)(const void* source, int64_t first, int count, float** rows) = nullptr;
};

Operand as_a(const Matrix* matrix);
Operand as_b(const Matrix* matrix);

struct RestingRows;  // in_place.h

struct Gemm {
  int64_t rows = 0, columns = 0, depth = 0;
  Operand a, b;
  const RestingRows* resting = nullptr;  // a's rows, where they can be read in place
  const Matrix* weights = nullptr;       // b, where it is a parameter: what is packed may be kept (core/kept_copies.h)
  Rows c;
  Epilogue epilogue;
};

// The number of threads a product is worth.
int threads_for(const Gemm& gemm);
// The floats of scratch memory run needs.
int64_t workspace_size(const Gemm& gemm, int threads);
// With one thread it enters no parallel region, so that it can be called inside one.
void run(const Gemm& gemm, int threads, float* workspace);

// With the threads it is worth and scratch memory of its own; outside parallel regions only.
void run(const Gemm& gemm);

}  // namespace hebb::cpu::HEBB_ISA
