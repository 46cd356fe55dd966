#include "cpu/gemm/gemm.h"

#include "core/scratch.h"
#include "cpu/gemm/in_place.h"
#include "cpu/gemm/pack.h"
#include "cpu/gemm/plan.h"
#include "cpu/gemm/slots.h"
#include "cpu/gemm/tile.h"
#include "cpu/gemm/unpacked.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

constexpr int64_t a_block_floats = row_panels_of_block * a_panel_floats + Vec::width;
constexpr int64_t b_block_floats = column_panels_of_block * b_panel_floats + Vec::width;
constexpr int64_t private_floats = a_block_floats + b_block_floats;

struct Plan {
  Cut rows, columns, depths;  // panels of a, panels of b, depth blocks
  const Matrix* resting_b;    // b, if its whole panels are not packed: they are read where they lie
  int64_t whole_panels() const { return columns.extent / tile_columns; }
};
// A b that stays in the second-level cache, its depths so near to each other that they do not drive each other out.
bool b_rests(const Gemm& gemm) {
  const Operand& b = gemm.b;
  return b.matrix && b.matrix->index_stride == 1 && b.matrix->depth_stride <= resting_stride &&
         gemm.columns * gemm.depth <= resting_floats;
}
Plan plan_of(const Gemm& gemm) {
  return {cut_evenly(gemm.rows, tile_rows, 1), column_panels_of(gemm.columns), depth_blocks_of(gemm.depth),
          b_rests(gemm) ? gemm.b.matrix : nullptr};
}

int64_t chunks_of(const Gemm& gemm) {
  const int64_t elements = gemm.rows * gemm.columns;
  if (elements == 0 || elements > partial_floats / 2) return 1;
  const int64_t chunks = at_most(at_most(gemm.depth / split_depth, split_chunks), partial_floats / elements);
  return chunks > 1 ? chunks : 1;
}

// All tiles of the row panels in block a and the column panels in block b, row panel by row panel: the rows of c then
// lie in few pages at a time.
void multiply_blocks(const Gemm& gemm, const Plan& plan, Range row_panels, Range column_panels, int64_t depth,
                     const float* a, const float* b) {
  float* rows[row_panels_of_block * tile_rows];
  const int64_t first_row = plan.rows.begin(row_panels.begin);
  const int64_t row_count = at_most(plan.rows.extent, plan.rows.begin(row_panels.end)) - first_row;
  if (gemm.c.locate) {
    gemm.c.locate(gemm.c.source, first_row, static_cast<int>(row_count), rows);
  } else {
    for (int64_t row = 0; row < row_count; ++row) rows[row] = gemm.c.data + (first_row + row) * gemm.c.stride;
  }
  const bool last_block = depth == plan.depths.count - 1;
  Tile tile{};
  tile.depth = plan.depths.size(depth);
  tile.accumulate = depth > 0;
  for (int64_t panel = row_panels.begin; panel < row_panels.end; ++panel) {
    const int size = static_cast<int>(plan.rows.size(panel));
    tile.a = a + (panel - row_panels.begin) * a_panel_floats;
    tile.rows = rows + (plan.rows.begin(panel) - first_row);
    const TileFunction functions[tile_vectors] = {tile_function(size, 1), tile_function(size, 2)};
    const TileFunction resting_function = resting_tile_function(size);
    for (int64_t column_panel = column_panels.begin; column_panel < column_panels.end; ++column_panel) {
      const int64_t column = plan.columns.begin(column_panel), count = plan.columns.size(column_panel);
      const int vectors = static_cast<int>(ceil_divide(count, Vec::width));
      tile.b = b + (column_panel - column_panels.begin) * b_panel_floats;
      tile.column = column;
      tile.last_lanes = static_cast<int>(count) - (vectors - 1) * Vec::width;
      tile.epilogue = last_block ? gemm.epilogue.from(plan.rows.begin(panel), column) : Epilogue{};
      if (plan.resting_b && column_panel < plan.whole_panels()) {
        tile.b = plan.resting_b->data + plan.depths.begin(depth) * plan.resting_b->depth_stride + column;
        tile.b_step = plan.resting_b->depth_stride;
        resting_function(tile);
      } else {
        functions[vectors - 1](tile);
      }
    }
  }
}

// A piece of the product by one thread, which packs all it needs itself: what threads could share would have to travel
// between their caches, which takes as long as packing it again.
void multiply_piece(const Gemm& gemm, const Plan& plan, Range row_panels, Range column_panels, float* workspace) {
  float* const a = workspace;
  float* const b = workspace + a_block_floats;
  for_blocks(column_panels, column_panels_of_block, [&](Range columns) {
    for (int64_t depth = 0; depth < plan.depths.count; ++depth) {
      const int64_t first = plan.resting_b ? at_most(plan.whole_panels(), columns.end) : columns.begin;
      pack(gemm.b, plan.columns, {first, columns.end}, plan.depths, depth,
           b + (first - columns.begin) * b_panel_floats);
      for_blocks(row_panels, row_panels_of_block, [&](Range rows) {
        pack(gemm.a, plan.rows, rows, plan.depths, depth, a);
        multiply_blocks(gemm, plan, rows, columns, depth, a, b);
      });
    }
  });
}

// One chunk of the depth of a product, as a product of its own.
struct Chunk {
  Operand whole;
  int64_t depth;
  static void pack(const void* source, const Block& block) {
    const Chunk& chunk = *static_cast<const Chunk*>(source);
    Block shifted = block;
    shifted.depth += chunk.depth;
    chunk.whole.pack(chunk.whole.source, shifted);
  }
};

// Adds the chunks' sums in order.
void reduce_rows(const Gemm& gemm, const float* partial, int64_t chunks, Range rows) {
  const int64_t elements = gemm.rows * gemm.columns;
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    float* c = gemm.c.data + row * gemm.c.stride;
    if (gemm.c.locate) gemm.c.locate(gemm.c.source, row, 1, &c);
    for (int64_t column = 0; column < gemm.columns; column += Vec::width) {
      const int lanes = static_cast<int>(at_most(gemm.columns - column, Vec::width));
      const float* from = partial + row * gemm.columns + column;
      Vec sum = load_partial(from, lanes);
      for (int64_t chunk = 1; chunk < chunks; ++chunk) sum = sum + load_partial(from + chunk * elements, lanes);
      store_partial(c + column, ColumnsEpilogue(gemm.epilogue, column, lanes).of(sum, row), lanes);
    }
  }
}

void multiply_chunks(const Gemm& gemm, int64_t chunks, int threads, float* workspace) {
  float* const partial = workspace + threads * private_floats;
  for_slots(threads, chunks, [&](int slot, int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; ++index) {
      const int64_t first = gemm.depth * index / chunks, last = gemm.depth * (index + 1) / chunks;
      const Chunk a{gemm.a, first}, b{gemm.b, first};
      Gemm part = gemm;
      part.depth = last - first;
      part.a = {&a, Chunk::pack};
      part.b = {&b, Chunk::pack};
      part.c = Rows{};
      part.c.data = partial + index * gemm.rows * gemm.columns;
      part.c.stride = gemm.columns;
      part.epilogue = Epilogue{};
      const Plan plan = plan_of(part);
      multiply_piece(part, plan, {0, plan.rows.count}, {0, plan.columns.count}, workspace + slot * private_floats);
    }
  });
  const bool worth_sharing = chunks * gemm.rows * gemm.columns >= products_per_thread / 8;
  for_slots(worth_sharing ? threads : 1, gemm.rows, [&](int, int64_t begin, int64_t end) {
    reduce_rows(gemm, partial, chunks, {begin, end});
  });
}

// Of two matrices neither of which is kept, packing both is better than packing b and leaving a, and nothing is packed
// of a b that rests.
bool packs_both(const Gemm& gemm) {
  return gemm.a.matrix && gemm.b.matrix && !gemm.weights && gemm.columns >= matrix_columns && chunks_of(gemm) == 1;
}

}  // namespace

int threads_for(const Gemm& gemm) { return threads_worth(gemm.rows * gemm.columns * gemm.depth); }

int64_t workspace_size(const Gemm& gemm, int threads) {
  const int64_t chunks = chunks_of(gemm);
  if (chunks > 1) return threads * private_floats + chunks * gemm.rows * gemm.columns;
  return threads * private_floats;
}

void run(const Gemm& gemm, int threads, float* workspace) {
  if (gemm.rows == 0 || gemm.columns == 0) return;
  const int64_t chunks = chunks_of(gemm);
  if (chunks > 1) return multiply_chunks(gemm, chunks, threads, workspace);
  const Plan plan = plan_of(gemm);
  if (plan.resting_b) {
    // No thread packs what another has packed already, so that each can take rows as it comes free.
    const auto multiply_some = [&](int index, int64_t begin, int64_t end) {
      multiply_piece(gemm, plan, {begin, end}, {0, plan.columns.count}, workspace + index * private_floats);
    };
    return parallel_for(plan.rows.count, 1, multiply_some, threads);
  }
  const Grid grid = grid_of(plan.rows.count, plan.columns.count, threads);
  for_slots(threads, threads, [&](int slot, int64_t, int64_t) {
    multiply_piece(gemm, plan, piece(plan.rows.count, slot / grid.columns, grid.rows),
                   piece(plan.columns.count, slot % grid.columns, grid.columns), workspace + slot * private_floats);
  });
}

void run(const Gemm& gemm) {
  if (gemm.rows == 0 || gemm.columns == 0) return;
  if (!packs_both(gemm) && stays_in_place(gemm)) return packs_nothing(gemm) ? run_unpacked(gemm) : run_in_place(gemm);
  const int threads = threads_for(gemm);
  const int64_t floats = workspace_size(gemm, threads);
  run(gemm, threads, scratch(ScratchSlot::pack_a, floats));
}

}  // namespace hebb::cpu::HEBB_ISA
