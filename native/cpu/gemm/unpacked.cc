#include "cpu/gemm/unpacked.h"

#include "core/scratch.h"
#include "cpu/gemm/plan.h"
#include "cpu/gemm/row_tile.h"
#include "cpu/gemm/slots.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

// Of memory for each thread: the last panel of b.
constexpr int64_t private_floats = b_panel_floats + Vec::width;

struct Work {
  const Gemm& gemm;
  Cut columns, depths;
  int64_t whole_panels;  // of b; the last, if it has fewer columns, is packed

  explicit Work(const Gemm& g)
      : gemm(g),
        columns(column_panels_of(g.columns)),
        depths(depth_blocks_of(g.depth)),
        whole_panels(g.columns / tile_columns) {}
};

// A tile's rows stay in the first-level cache while all of b streams past them.
void multiply_rows(const Work& work, int64_t begin, int64_t end, float* last_panel) {
  const Gemm& gemm = work.gemm;
  const Matrix &left = *gemm.a.matrix, &right = *gemm.b.matrix;
  const float* a[row_tile_rows];
  float* c[row_tile_rows];
  RowTile tile{};
  tile.a = a, tile.rows = c, tile.run_count = 1;
  tile.b_step = right.depth_stride;
  for (int64_t depth = 0; depth < work.depths.count; ++depth) {
    const Run run{work.depths.begin(depth), work.depths.size(depth)};
    tile.runs = &run;
    tile.accumulate = depth > 0;
    if (work.whole_panels < work.columns.count)
      pack(gemm.b, work.columns, {work.whole_panels, work.columns.count}, work.depths, depth, last_panel);
    for (int64_t row = begin, size; row < end; row += size) {
      size = at_most(end - row, row_tile_rows);
      for (int64_t index = 0; index < size; ++index) {
        a[index] = left.data + (row + index) * left.index_stride;
        c[index] = gemm.c.data + (row + index) * gemm.c.stride;
      }
      const RowTileFunction whole = resting_row_tile_function(static_cast<int>(size));
      for (int64_t panel = 0; panel < work.columns.count; ++panel) {
        tile.column = work.columns.begin(panel);
        // The rows of the next tile, one with each panel.
        const bool fetches = panel < row_tile_rows && row + size + panel < end;
        tile.next = fetches ? a[0] + run.offset + (size + panel) * left.index_stride : a[0];
        tile.next_step = fetches;
        tile.epilogue = depth == work.depths.count - 1 ? gemm.epilogue.from(row, tile.column) : Epilogue{};
        if (panel < work.whole_panels) {
          tile.b = right.data + run.offset * right.depth_stride + tile.column;
          tile.last_lanes = Vec::width;
          whole(tile);
        } else {
          const int columns = static_cast<int>(work.columns.size(panel));
          const int vectors = static_cast<int>(ceil_divide(columns, Vec::width));
          tile.b = last_panel;
          tile.last_lanes = columns - (vectors - 1) * Vec::width;
          row_tile_function(static_cast<int>(size), vectors)(tile);
        }
      }
    }
  }
}

}  // namespace

bool packs_nothing(const Gemm& gemm) {
  const Matrix* const b = gemm.b.matrix;
  return gemm.a.matrix && b && !gemm.weights && !gemm.c.locate && b->index_stride == 1 &&
         b->depth_stride <= unpacked_stride && gemm.columns * gemm.depth <= unpacked_floats;
}

void run_unpacked(const Gemm& gemm) {
  const Work work(gemm);
  const int threads = threads_for(gemm);
  float* const memory = scratch(ScratchSlot::pack_a, threads * private_floats);
  // No thread waits for another's packing: each takes rows as it comes free.
  const auto multiply_some = [&](int index, int64_t begin, int64_t end) {
    multiply_rows(work, begin * row_tile_rows, at_most(end * row_tile_rows, gemm.rows),
                  memory + index * private_floats);
  };
  parallel_for(ceil_divide(gemm.rows, row_tile_rows), 1, multiply_some, threads);
}

}  // namespace hebb::cpu::HEBB_ISA
