#include "cpu/gemm/in_place.h"

#include "core/kept_copies.h"
#include "core/scratch.h"
#include "cpu/gemm/plan.h"
#include "cpu/gemm/slots.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

// All of b, or its column panels [first_panel, ...) of one depth block: depth block by depth block, panel by panel.
struct Packed {
  const float* panels;
  Cut columns, depths;
  bool in_pairs;  // panels are multiplied by two
  int64_t first_depth = 0, first_panel = 0;
  const float* panel(int64_t depth, int64_t column) const {
    return panels + ((depth - first_depth) * columns.count + column - first_panel) * b_panel_floats;
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

// The rows of the next tile: a few left over would wait for each other's sums, so the last two tiles share them.
int64_t rows_of_tile(int64_t left, int64_t most) {
  if (left > most && left < most + most / 2) return (left + 1) / 2;
  return at_most(left, most);
}

// How many of the panels from `panel` on are multiplied at once: two that have all their vectors.
int64_t panels_at_once(const Packed& b, int64_t panel, int64_t end) {
  return b.in_pairs && panel + 1 < end && b.columns.size(panel + 1) > tile_columns - Vec::width ? 2 : 1;
}

// Pairs do not stay in the first-level cache: they bring nothing to a few rows, which find b on its way from the thread
// that has just packed it.
bool multiplies_in_pairs(int64_t rows, bool packed_before) {
  return wide_tile_rows > 0 && (packed_before || rows >= wide_least_rows);
}

// Rows [first, first + count) by the column panels, for the depth blocks: a panel of b stays in the first-level cache,
// or a pair in the second, while the rows stream past it from the second.
void multiply_rows(const Gemm& gemm, const Packed& b, int64_t first, int64_t count, Range column_panels,
                   Range depth_blocks, float* lines, Region ahead) {
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
  // Meanwhile other memory is fetched, a share with each tile: what the next rows need and, where the panels of b do
  // not stay in the second-level cache, the panels after these, in turns.
  const int64_t panels = column_panels.end - column_panels.begin, depths = depth_blocks.end - depth_blocks.begin;
  const int64_t pairs = b.in_pairs ? panels / 2 : 0, narrow_tiles = ceil_divide(count, row_tile_rows),
                wide_tiles = pairs > 0 ? ceil_divide(count, wide_tile_rows) : 0;
  const int64_t tiles = pairs * wide_tiles + (panels - 2 * pairs) * narrow_tiles;
  const bool keeps_b = panels * depths * b_panel_floats <= resident_floats,
             fetches_rows = ahead.count > 0 && (keeps_b || narrow_tiles > 1);
  const int turns = fetches_rows && !keeps_b ? 2 : 1;
  const int64_t rows_step = ceil_divide(turns * ahead.count, tiles * depths * b.depths.piece);
  const float* rows_next = ahead.data;
  for (int64_t depth = depth_blocks.begin; depth < depth_blocks.end; ++depth) {
    tile.run_count = gemm.resting->runs(gemm.resting->source, b.depths.begin(depth), b.depths.size(depth), runs);
    tile.accumulate = depth > 0;
    const bool last_block = depth == b.depths.count - 1;
    for (int64_t panel = column_panels.begin, together; panel < column_panels.end; panel += together) {
      together = panels_at_once(b, panel, column_panels.end);
      const bool wide = together == 2;
      const int columns = static_cast<int>(b.columns.size(panel + together - 1));
      const int vectors = static_cast<int>(ceil_divide(columns, Vec::width));
      const auto function_of = [&](int64_t size) {
        return wide ? wide_row_tile_function(static_cast<int>(size))
                    : row_tile_function(static_cast<int>(size), vectors);
      };
      const int64_t most = wide ? wide_tile_rows : row_tile_rows, panel_tiles = wide ? wide_tiles : narrow_tiles;
      const int64_t panel_floats = turns * together * tile_columns;
      const int64_t panel_step = panel_tiles > panel_floats ? 1 : (panel_floats + panel_tiles / 2) / panel_tiles;
      const RowTileFunction whole = function_of(most);
      tile.b = b.panel(depth, panel);
      tile.column = b.columns.begin(panel);
      tile.last_lanes = columns - (vectors - 1) * Vec::width;
      const float* panel_next = tile.b + together * b_panel_floats;
      bool rows_turn = fetches_rows;
      for (int64_t row = 0, size; row < count; row += size) {
        size = rows_of_tile(count - row, most);
        tile.a = a + row;
        tile.rows = c + row;
        tile.epilogue = last_block ? gemm.epilogue.from(first + row, tile.column) : Epilogue{};
        tile.next = rows_turn ? rows_next : panel_next;
        tile.next_step = rows_turn ? rows_step : panel_step;
        (size == most ? whole : function_of(size))(tile);
        (rows_turn ? rows_next : panel_next) += tile.next_step * b.depths.size(depth);
        if (turns == 2) rows_turn = !rows_turn;
      }
    }
  }
}

// All rows of a piece.
void multiply_piece(const Gemm& gemm, const Packed& b, Range rows, Range column_panels, Range depth_blocks,
                    float* lines) {
  const RestingRows& resting = *gemm.resting;
  for (int64_t row = rows.begin, next; row < rows.end; row = next) {
    next = at_most(row + resting.row_block, rows.end);
    const Region ahead = resting.ahead(resting.source, next, at_most(rows.end - next, resting.row_block));
    multiply_rows(gemm, b, row, next - row, column_panels, depth_blocks, lines, ahead);
  }
}

// A piece with a b too large to be packed whole: block by block, each multiplied by all rows.
void multiply_large_piece(const Gemm& gemm, const Packed& whole, Range rows, Range column_panels, float* packed,
                          float* lines) {
  for_blocks(column_panels, column_panels_of_block, [&](Range block) {
    for (int64_t depth = 0; depth < whole.depths.count; ++depth) {
      pack(gemm.b, whole.columns, block, whole.depths, depth, packed);
      Packed b = whole;
      b.panels = packed, b.first_depth = depth, b.first_panel = block.begin;
      multiply_piece(gemm, b, rows, block, {depth, depth + 1}, lines);
    }
  });
}

void locate_rows(const void* source, int64_t first, int64_t count, float*, const float** rows) {
  const Matrix& matrix = *static_cast<const Matrix*>(source);
  for (int64_t row = 0; row < count; ++row) rows[row] = matrix.data + (first + row) * matrix.index_stride;
}

Region rows_ahead(const void* source, int64_t first, int64_t count) {
  const Matrix& matrix = *static_cast<const Matrix*>(source);
  return {matrix.data + first * matrix.index_stride, count * matrix.index_stride};
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
  rows.ahead = rows_ahead;
  rows.runs = runs_of_rows;
  return rows;
}

bool stays_in_place(const Gemm& gemm) {
  constexpr int64_t least_tiles = 64;  // fewer: better to split the depth
  if (!gemm.resting || gemm.depth == 0) return false;
  return gemm.depth < 2 * split_depth ||
         ceil_divide(gemm.rows, row_tile_rows) * column_panels_of(gemm.columns).count >= least_tiles;
}

void run_in_place(const Gemm& gemm) {
  const Cut columns = column_panels_of(gemm.columns), depths = depth_blocks_of(gemm.depth);
  const int threads = threads_for(gemm);
  const int64_t tiles = ceil_divide(gemm.rows, row_tile_rows), b_floats = packed_floats(columns, depths);
  // Each thread's memory: lines, and a block of b where b is too large to be packed whole in scratch memory. It comes
  // before what may be kept, which must be filled once it is there.
  const bool large = b_floats > in_place_floats;
  const int64_t own = large ? column_panels_of_block * b_panel_floats + Vec::width : 0;
  const int64_t step = round_up(own + gemm.resting->lines, Vec::width);
  float* const memory =
      static_cast<float*>(scratch(ScratchSlot::pack_b, static_cast<size_t>(threads * step) * sizeof(float)));
  KeptCopy kept{nullptr, false};
  if (gemm.weights) {
    const Matrix& weights = *gemm.weights;
    const int64_t bytes = gemm.columns * gemm.depth * static_cast<int64_t>(sizeof(float));
    kept = kept_copy({weights.data,
                      bytes,
                      reinterpret_cast<const void*>(gemm.b.pack),
                      {gemm.columns, gemm.depth, weights.index_stride}},
                     b_floats);
  }
  float* packed = kept.data;
  if (!packed && !large) {
    packed = static_cast<float*>(scratch(ScratchSlot::pack_a, static_cast<size_t>(b_floats) * sizeof(float)));
  }
  const Grid grid = grid_of(tiles, columns.count, threads, kept.made ? 0 : shared_panel_cost);
  const Packed b{packed, columns, depths, multiplies_in_pairs(gemm.rows / grid.rows, kept.made)};
  const auto rows_of = [&](int slot) {
    const Range pieces = piece(tiles, slot / grid.columns, grid.rows);
    return Range{pieces.begin * row_tile_rows, at_most(pieces.end * row_tile_rows, gemm.rows)};
  };
  const auto panels_of = [&](int slot) { return piece(columns.count, slot % grid.columns, grid.columns); };
  const auto pack_for = [&](int slot) {
    pack_share(gemm.b, columns, depths, panels_of(slot), slot / grid.columns, grid.rows, packed);
  };
  const bool to_pack = packed && !kept.made;
  // Threads that share no panels of b need not wait for each other.
  const bool packs_ahead = to_pack && grid.rows > 1;
  if (packs_ahead) for_slots(threads, threads, [&](int slot, int64_t, int64_t) { pack_for(slot); });
  const int64_t row_block = gemm.resting->row_block, blocks = ceil_divide(gemm.rows, row_block);
  if (packed && to_pack == packs_ahead && step == 0 && threads > 1 && blocks >= parts_of_piece * grid.rows) {
    // Nothing but the multiplying is left, and no memory of one's own: in smaller pieces, for whoever is there.
    parallel_for(threads * parts_of_piece, 1, [&](int64_t begin, int64_t end) {
      for (int64_t item = begin; item < end; ++item) {
        const int slot = static_cast<int>(item / parts_of_piece), part = static_cast<int>(item % parts_of_piece);
        const Range rows = piece(blocks, slot / grid.columns * parts_of_piece + part, grid.rows * parts_of_piece);
        multiply_piece(gemm, b, {rows.begin * row_block, at_most(rows.end * row_block, gemm.rows)}, panels_of(slot),
                       {0, depths.count}, nullptr);
      }
    });
    return;
  }
  for_slots(threads, threads, [&](int slot, int64_t, int64_t) {
    if (to_pack && grid.rows == 1) pack_for(slot);
    float* const private_memory = memory + slot * step;
    if (packed) {
      multiply_piece(gemm, b, rows_of(slot), panels_of(slot), {0, depths.count}, private_memory);
    } else {
      multiply_large_piece(gemm, b, rows_of(slot), panels_of(slot), private_memory, private_memory + own);
    }
  });
}

}  // namespace hebb::cpu::HEBB_ISA
