#include "cpu/gemm/row_block.h"

#include "cpu/gemm/tile.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

// The rows of the next tile: a few left over would wait for each other's sums, so the last two tiles share them.
int64_t rows_of_tile(int64_t left, int64_t most) {
  if (left > most && left < most + most / 2) return (left + 1) / 2;
  return at_most(left, most);
}

// How many of the panels from `panel` on are multiplied at once: two that have all their vectors.
int64_t panels_at_once(const Packed& b, int64_t panel, int64_t end) {
  return b.in_pairs && panel + 1 < end && b.columns.size(panel + 1) > tile_columns - Vec::width ? 2 : 1;
}

// Rows [first, first + count) by column panels, for some depth blocks. Meanwhile memory that the next rows need is
// fetched.
struct Work {
  const Gemm& gemm;
  const Packed& b;
  int64_t first, count;
  Range column_panels, depth_blocks;
  Region ahead;
  const float* const* a;
  float* const* c;

  int64_t panels() const { return column_panels.end - column_panels.begin; }
  int64_t depths() const { return depth_blocks.end - depth_blocks.begin; }
  // Whether the panels of b stay in the second-level cache.
  bool keeps_b() const { return panels() * depths() * b_panel_floats <= resident_floats; }
  int runs_of(int64_t depth, Run* runs) const {
    return gemm.resting->runs(gemm.resting->source, b.depths.begin(depth), b.depths.size(depth), runs);
  }
  // The part of a tile that c and the epilogue are.
  void aim(TileTarget& tile, int64_t row, int64_t panel, int64_t depth) const {
    tile.rows = c + row;
    tile.column = b.columns.begin(panel);
    tile.accumulate = depth > 0;
    tile.epilogue = depth == b.depths.count - 1 ? gemm.epilogue.from(first + row, tile.column) : Epilogue{};
  }
};

// What is fetched while tiles are multiplied, a share with each: what the next rows need and, where the panels of b do
// not stay in the second-level cache, the panels after these, in turns.
class Fetching {
 public:
  // For so many tiles in all depth blocks; row_tiles of them with each panel of b.
  Fetching(const Work& work, int64_t tiles, int64_t row_tiles)
      : rows_(work.ahead.data),
        fetches_rows_(work.ahead.count > 0 && (work.keeps_b() || row_tiles > 1)),
        fetches_panels_(!work.keeps_b()),
        turns_(fetches_rows_ && fetches_panels_ ? 2 : 1),
        rows_step_(ceil_divide(turns_ * work.ahead.count, tiles * work.b.depths.piece)),
        rows_turn_(fetches_rows_) {}

  // From here on beside so many tiles: panels with so many columns.
  void start(const float* panels, int64_t columns, int64_t tiles) {
    const int64_t floats = turns_ * columns;
    panels_ = panels;
    panels_step_ = tiles > floats ? 1 : (floats + tiles / 2) / tiles;
    rows_turn_ = fetches_rows_;
  }
  // For one tile.
  void aim(TileTarget& tile, int64_t depth) {
    const float*& next = rows_turn_ ? rows_ : panels_;
    tile.next = next;
    tile.next_step = rows_turn_ ? rows_step_ : fetches_panels_ ? panels_step_ : 0;
    next += tile.next_step * depth;
    if (turns_ == 2) rows_turn_ = !rows_turn_;
  }

 private:
  const float* rows_;
  const bool fetches_rows_, fetches_panels_;
  const int64_t turns_, rows_step_;
  bool rows_turn_;
  const float* panels_ = nullptr;
  int64_t panels_step_ = 0;
};

// A panel of b stays in the first-level cache, or a pair in the second, while the rows stream past it from the second.
void multiply_resting(const Work& work) {
  const Packed& b = work.b;
  Run runs[depth_block];
  RowTile tile;
  tile.runs = runs;
  const int64_t count = work.count, pairs = b.in_pairs ? work.panels() / 2 : 0,
                narrow_tiles = ceil_divide(count, row_tile_rows),
                wide_tiles = pairs > 0 ? ceil_divide(count, wide_tile_rows) : 0;
  Fetching fetching(work, (pairs * wide_tiles + (work.panels() - 2 * pairs) * narrow_tiles) * work.depths(),
                    narrow_tiles);
  for (int64_t depth = work.depth_blocks.begin; depth < work.depth_blocks.end; ++depth) {
    tile.run_count = work.runs_of(depth, runs);
    for (int64_t panel = work.column_panels.begin, together; panel < work.column_panels.end; panel += together) {
      together = panels_at_once(b, panel, work.column_panels.end);
      const bool wide = together == 2;
      const int columns = static_cast<int>(b.columns.size(panel + together - 1));
      const int vectors = static_cast<int>(ceil_divide(columns, Vec::width));
      const auto function_of = [&](int64_t size) {
        return wide ? wide_row_tile_function(static_cast<int>(size))
                    : row_tile_function(static_cast<int>(size), vectors);
      };
      const int64_t most = wide ? wide_tile_rows : row_tile_rows;
      const RowTileFunction whole = function_of(most);
      tile.b = b.panel(depth, panel);
      tile.last_lanes = columns - (vectors - 1) * Vec::width;
      fetching.start(tile.b + together * b_panel_floats, together * tile_columns, wide ? wide_tiles : narrow_tiles);
      for (int64_t row = 0, size; row < count; row += size) {
        size = rows_of_tile(count - row, most);
        work.aim(tile, row, panel, depth);
        fetching.aim(tile, b.depths.size(depth));
        tile.a = work.a + row;
        (size == most ? whole : function_of(size))(tile);
      }
    }
  }
}

// The same with the rows packed, depth block by depth block, to row_panel_floats of memory. Where the panels of b stay
// in the second-level cache they stream past the rows of a tile, which then are in the first; else the other way round.
void multiply_packed(const Work& work, float* row_panels) {
  const Packed& b = work.b;
  const Cut rows = cut_evenly(work.count, tile_rows, 1);
  Run runs[depth_block];
  Tile tile{};
  Fetching fetching(work, work.panels() * rows.count * work.depths(), rows.count);
  for (int64_t depth = work.depth_blocks.begin; depth < work.depth_blocks.end; ++depth) {
    const int run_count = work.runs_of(depth, runs);
    for (int64_t panel = 0; panel < rows.count; ++panel) {
      float* to = row_panels + panel * a_panel_floats;
      for (int run = 0; run < run_count; to += runs[run].length * tile_rows, ++run)
        pack_rows_of_a([&](int64_t row) { return work.a[rows.begin(panel) + row] + runs[run].offset; },
                       rows.size(panel), runs[run].length, to);
    }
    tile.depth = b.depths.size(depth);
    const auto multiply = [&](int64_t row_panel, int64_t panel) {
      const int columns = static_cast<int>(b.columns.size(panel));
      const int vectors = static_cast<int>(ceil_divide(columns, Vec::width));
      tile.a = row_panels + row_panel * a_panel_floats;
      tile.b = b.panel(depth, panel);
      tile.last_lanes = columns - (vectors - 1) * Vec::width;
      work.aim(tile, rows.begin(row_panel), panel, depth);
      fetching.aim(tile, tile.depth);
      tile_function(static_cast<int>(rows.size(row_panel)), vectors)(tile);
    };
    if (work.keeps_b()) {
      for (int64_t row_panel = 0; row_panel < rows.count; ++row_panel)
        for (int64_t panel = work.column_panels.begin; panel < work.column_panels.end; ++panel)
          multiply(row_panel, panel);
    } else {
      for (int64_t panel = work.column_panels.begin; panel < work.column_panels.end; ++panel) {
        fetching.start(b.panel(depth, panel) + b_panel_floats, tile_columns, rows.count);
        for (int64_t row_panel = 0; row_panel < rows.count; ++row_panel) multiply(row_panel, panel);
      }
    }
  }
}

}  // namespace

void multiply_rows(const Gemm& gemm, const Packed& b, int64_t first, int64_t count, Range column_panels,
                   Range depth_blocks, float* memory, Region ahead) {
  const float* a[rows_of_block];
  float* c[rows_of_block];
  gemm.resting->locate(gemm.resting->source, first, count, memory, a);
  if (gemm.c.locate) {
    gemm.c.locate(gemm.c.source, first, static_cast<int>(count), c);
  } else {
    for (int64_t row = 0; row < count; ++row) c[row] = gemm.c.data + (first + row) * gemm.c.stride;
  }
  const Work work{gemm, b, first, count, column_panels, depth_blocks, ahead, a, c};
  if (packs_rows(gemm)) {
    multiply_packed(work, memory + round_up(gemm.resting->lines, Vec::width));
  } else {
    multiply_resting(work);
  }
}

}  // namespace hebb::cpu::HEBB_ISA
