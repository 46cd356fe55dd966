// The product of gemm.h where the rows of a can be read where they lie: those of a matrix, the patches of an image
// whose window stays inside. Nothing of a is packed, all of b is, once (and
// kept, where it is a parameter that does not change), or block by block where it is large. Every element of c is the
// sum, in order, of the sums of the depth blocks, as in gemm.h.
#pragma once
#include "cpu/gemm/gemm.h"
#include "cpu/gemm/row_tile.h"

namespace hebb::cpu::HEBB_ISA {

struct Region {
  const float* data;
  int64_t count;
};

// Rows that are made of runs, the same for all but for where the row begins.
struct RestingRows {
  const void* source = nullptr;
  // Where the rows [first, first + count) begin. `lines` is memory for copies of what they need.
  void (*locate)(const void* source, int64_t first, int64_t count, float* lines, const float** rows) = nullptr;
  // What of memory the rows [first, first + count) need that those before them did not; a guess will do.
  Region (*ahead)(const void* source, int64_t first, int64_t count) = nullptr;
  // The runs of the depths [depth, depth + length); gives their number, length at most.
  int (*runs)(const void* source, int64_t depth, int64_t length, Run* runs) = nullptr;
  int64_t row_block = rows_of_block;  // rows that are located at a time, rows_of_block at most
  int64_t lines = 0;                  // floats of memory that so many may need
};

// The rows of a matrix whose depth_stride is 1.
RestingRows resting(const Matrix* matrix);

// Whether that is faster: there are tiles enough to share.
bool stays_in_place(const Gemm& gemm);
void run_in_place(const Gemm& gemm);

}  // namespace hebb::cpu::HEBB_ISA
