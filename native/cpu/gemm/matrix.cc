// The packers of plain matrices and their transposes.
#include "cpu/gemm/gemm.h"
#include "cpu/gemm/pack.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

constexpr int width = Vec::width;

const float* element(const Matrix& matrix, int64_t index, int64_t depth) {
  return matrix.data + index * matrix.index_stride + depth * matrix.depth_stride;
}

void pack_rows(const void* source, const Block& block) {
  const Matrix& matrix = *static_cast<const Matrix*>(source);
  const float* from = element(matrix, block.first, block.depth);
  for (int64_t row = 0; row < block.count; row += block.step) {
    float* panel = block.panels + row / block.step * a_panel_floats;
    for (int64_t end = at_most(row + block.step, block.count), r = row; r < end; ++r, panel += depth_block)
      copy_floats(from + r * matrix.index_stride, panel, block.length);
  }
}

// A strip of the matrix holds up to width depths; each becomes an element of every row of the panels.
void pack_rows_transposed(const void* source, const Block& block) {
  const Matrix& matrix = *static_cast<const Matrix*>(source);
  for (int64_t k = 0; k < block.length; k += width) {
    const float* from = element(matrix, block.first, block.depth + k);
    float* panel = block.panels + k;
    for (int64_t row = 0; row < block.count; row += block.step, panel += a_panel_floats)
      transpose_strip(from + row, matrix.depth_stride, static_cast<int>(at_most(block.length - k, width)),
                      at_most(block.count - row, block.step), panel, depth_block);
  }
}

void pack_columns(const void* source, const Block& block) {
  const Matrix& matrix = *static_cast<const Matrix*>(source);
  const Matrix from{element(matrix, 0, block.depth), 1, matrix.depth_stride};
  pack_rows_of_b(from, block, 0, block.length);
}

void pack_columns_transposed(const void* source, const Block& block) {
  const Matrix& matrix = *static_cast<const Matrix*>(source);
  const float* from = element(matrix, block.first, block.depth);
  for (int64_t column = 0; column < block.count; column += width) {
    const int64_t panel = column / tile_columns;
    const int64_t panel_width = round_up(at_most(block.count - panel * tile_columns, tile_columns), width);
    transpose_strip(from + column * matrix.index_stride, matrix.index_stride,
                    static_cast<int>(at_most(block.count - column, width)), block.length,
                    block.panels + panel * b_panel_floats + (column - panel * tile_columns), panel_width);
  }
}

}  // namespace

Operand as_a(const Matrix* matrix) { return {matrix, matrix->depth_stride == 1 ? pack_rows : pack_rows_transposed}; }

Operand as_b(const Matrix* matrix) {
  return {matrix, matrix->index_stride == 1 ? pack_columns : pack_columns_transposed};
}

}  // namespace hebb::cpu::HEBB_ISA
