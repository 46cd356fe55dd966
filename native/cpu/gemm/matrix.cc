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
  for (int64_t first = 0; first < block.count; first += block.step)
    pack_rows_of_a([&](int64_t row) { return from + (first + row) * matrix.index_stride; },
                   at_most(block.count - first, block.step), block.length,
                   block.panels + first / block.step * a_panel_floats);
}

void pack_rows_transposed(const void* source, const Block& block) {
  const Matrix& matrix = *static_cast<const Matrix*>(source);
  const float* from = element(matrix, block.first, block.depth);
  for (int64_t k = 0; k < block.length; ++k, from += matrix.depth_stride) {
    float* panel = block.panels + k * tile_rows;
    // A whole vector's last lanes are where the next depth begins, which is stored after it; behind the last depth may
    // be the next panel, whose first depth has been stored.
    const bool whole_vectors = tile_rows <= width && k + 1 < block.length;
    for (int64_t row = 0; row < block.count; row += block.step, panel += a_panel_floats) {
      if (whole_vectors && row + width <= block.count) {
        store(panel, load(from + row));
      } else {
        copy_floats(from + row, panel, at_most(block.count - row, block.step));
      }
    }
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

Operand as_a(const Matrix* matrix) {
  return {matrix, matrix->depth_stride == 1 ? pack_rows : pack_rows_transposed, matrix};
}

Operand as_b(const Matrix* matrix) {
  return {matrix, matrix->index_stride == 1 ? pack_columns : pack_columns_transposed, matrix};
}

}  // namespace hebb::cpu::HEBB_ISA
