#include "cpu/gemm/in_place.h"

#include "core/scratch.h"
#include "cpu/gemm/plan.h"
#include "cpu/gemm/slots.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

// b's panels lie depth block by depth block.
struct Packed {
  const float* panels;
  Cut columns, depths;
  const float* panel(int64_t depth, int64_t column) const {
    return panels + (depth * columns.count + column) * b_panel_floats;
  }
};

int64_t packed_floats(const Cut& columns, const Cut& depths) {
  return columns.count * depths.count * b_panel_floats + Vec::width;
}

// The share of one of `sharers` threads that use the same panels.
void pack_share(const Operand& b, const Cut& columns, const Cut& depths, Range panels, int index, int sharers,
                float* packed) {
  const Cut groups = cut_evenly(panels.end - panels.begin, column_panels_of_block, 1);
  const Range share = piece(groups.count * depths.count, index, sharers);
  for (int64_t item = share.begin; item < share.end; ++item) {
    const int64_t depth = item / groups.count, group = item - depth * groups.count;
    const int64_t first = panels.begin + groups.begin(group);
    pack(b, columns, {first, first + groups.size(group)}, depths, depth,
         packed + (depth * columns.count + first) * b_panel_floats);
  }
}

// Rows [first, first + count) by the column panels: a panel of b stays in the first-level cache while the rows stream
// past it from the second.
void multiply_rows(const Gemm& gemm, const Packed& b, int64_t first, int64_t count, Range column_panels, float* lines) {
  const float* a[rows_of_block];
  float* c[rows_of_block];
  gemm.resting->locate(gemm.resting->source, first, count, lines, a);
  if (gemm.c.locate) {
    gemm.c.locate(gemm.c.source, first, static_cast<int>(count), c);
  } else {
    for (int64_t row = 0; row < count; ++row) c[row] = gemm.c.data + (first + row) * gemm.c.stride;
  }
  Run runs[depth_block];
  RowTile tile;
  tile.runs = runs;
  for (int64_t depth = 0; depth < b.depths.count; ++depth) {
    tile.run_count = gemm.resting->runs(gemm.resting->source, b.depths.begin(depth), b.depths.size(depth), runs);
    tile.accumulate = depth > 0;
    const bool last_block = depth == b.depths.count - 1;
    for (int64_t panel = column_panels.begin; panel < column_panels.end; ++panel) {
      const int columns = static_cast<int>(b.columns.size(panel));
      const int vectors = static_cast<int>(ceil_divide(columns, Vec::width));
      tile.b = b.panel(depth, panel);
      tile.column = b.columns.begin(panel);
      tile.last_lanes = columns - (vectors - 1) * Vec::width;
      const RowTileFunction whole = row_tile_function(row_tile_rows, vectors);
      for (int64_t row = 0; row < count; row += row_tile_rows) {
        const int size = static_cast<int>(at_most(count - row, row_tile_rows));
        tile.a = a + row;
        tile.rows = c + row;
        tile.epilogue = last_block ? gemm.epilogue.from(first + row, tile.column) : Epilogue{};
        (size == row_tile_rows ? whole : row_tile_function(size, vectors))(tile);
      }
    }
  }
}

void locate_rows(const void* source, int64_t first, int64_t count, float*, const float** rows) {
  const Matrix& matrix = *static_cast<const Matrix*>(source);
  for (int64_t row = 0; row < count; ++row) rows[row] = matrix.data + (first + row) * matrix.index_stride;
}

int runs_of_rows(const void*, int64_t depth, int64_t length, Run* runs) {
  runs[0] = {depth, length};
  return 1;
}

}  // namespace

RestingRows resting(const Matrix* matrix) {
  RestingRows rows;
  rows.source = matrix;
  rows.locate = locate_rows;
  rows.runs = runs_of_rows;
  return rows;
}

bool stays_in_place(const Gemm& gemm) {
  constexpr int64_t least_tiles = 64;  // fewer: better to split the depth
  if (!gemm.resting || gemm.depth == 0) return false;
  const Cut panels = column_panels_of(gemm.columns), depths = depth_blocks_of(gemm.depth);
  return packed_floats(panels, depths) <= in_place_floats &&
         (gemm.depth < 2 * split_depth || ceil_divide(gemm.rows, row_tile_rows) * panels.count >= least_tiles);
}

void run_in_place(const Gemm& gemm) {
  const Cut columns = column_panels_of(gemm.columns), depths = depth_blocks_of(gemm.depth);
  const int threads = threads_for(gemm);
  const int64_t b_floats = round_up(packed_floats(columns, depths), Vec::width);
  const int64_t line_step = round_up(gemm.resting->lines, Vec::width);
  float* const memory = static_cast<float*>(
      scratch(ScratchSlot::pack_b, static_cast<size_t>(b_floats + threads * line_step) * sizeof(float)));
  const Packed b{memory, columns, depths};
  const int64_t tiles = ceil_divide(gemm.rows, row_tile_rows);
  const Grid grid = grid_of(tiles, columns.count, threads, shared_panel_cost);
  const auto pack_for = [&](int slot) {
    pack_share(gemm.b, columns, depths, piece(columns.count, slot % grid.columns, grid.columns), slot / grid.columns,
               grid.rows, memory);
  };
  // Threads that share no panels of b need not wait for each other.
  if (grid.rows > 1) for_slots(threads, threads, [&](int slot, int64_t, int64_t) { pack_for(slot); });
  for_slots(threads, threads, [&](int slot, int64_t, int64_t) {
    if (grid.rows == 1) pack_for(slot);
    const Range rows = piece(tiles, slot / grid.columns, grid.rows);
    const Range panels = piece(columns.count, slot % grid.columns, grid.columns);
    const int64_t end = at_most(rows.end * row_tile_rows, gemm.rows);
    for (int64_t row = rows.begin * row_tile_rows; row < end; row += gemm.resting->row_block) {
      multiply_rows(gemm, b, row, at_most(end - row, gemm.resting->row_block), panels,
                    memory + b_floats + slot * line_step);
    }
  });
}

}  // namespace hebb::cpu::HEBB_ISA
