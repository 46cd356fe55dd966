// From products to pixels: A^T m A, and what is done to each value on its way out.
#pragma once
#include "cpu/conv/winograd/form.h"
#include "cpu/gemm/epilogue.h"

namespace hebb::cpu::HEBB_ISA::winograd {

struct Results {
  float* data;  // of the first filter wanted
  int64_t height, width, pixel;
  int64_t rows, columns;  // tiles of an image
  Epilogue epilogue;      // of that filter on; its rows are pixels
};

// Products of slot s, tile t, filter i are at s * slot_stride + t * tile_stride + i.
struct Products {
  const float* data;
  int64_t slot_stride, tile_stride;
};

// Tiles [first, first + count), filters [filter, filter + filters).
template <class Form>
void write_results(const Products& products, int64_t first, int64_t count, int64_t filter, int64_t filters,
                   const Results& results);

}  // namespace hebb::cpu::HEBB_ISA::winograd
