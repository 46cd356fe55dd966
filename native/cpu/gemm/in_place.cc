#include "cpu/gemm/in_place.h"

#include "core/kept_copies.h"
#include "core/scratch.h"
#include "cpu/gemm/plan.h"
#include "cpu/gemm/row_block.h"
#include "cpu/gemm/slots.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

int64_t packed_floats(const Cut& columns, const Cut& depths) {
  return columns.count * depths.count * b_panel_floats + Vec::width;
}

// The share of one of `sharers` threads that use the same panels.
void pack_share(const Operand& b, const Cut& columns, const Cut& depths, Range panels, int index, int sharers,
                float* packed) {
  const Cut groups = cut_evenly(panels.end - panels.begin, large_b_panels, 1);
  const Range share = piece(groups.count * depths.count, index, sharers);
  for (int64_t item = share.begin; item < share.end; ++item) {
    const int64_t depth = item / groups.count, group = item - depth * groups.count;
    const int64_t first = panels.begin + groups.begin(group);
    pack(b, columns, {first, first + groups.size(group)}, depths, depth,
         packed + (depth * columns.count + first) * b_panel_floats);
  }
}

// Pairs do not stay in the first-level cache: they bring nothing to a few rows, which find b on its way from the thread
// that has just packed it.
bool multiplies_in_pairs(int64_t rows, bool packed_before) {
  return wide_tile_rows > 0 && (packed_before || rows >= wide_least_rows);
}

// All rows of a piece.
void multiply_piece(const Gemm& gemm, const Packed& b, Range rows, Range column_panels, Range depth_blocks,
                    float* memory) {
  const RestingRows& resting = *gemm.resting;
  for (int64_t row = rows.begin, next; row < rows.end; row = next) {
    next = at_most(row + resting.row_block, rows.end);
    const Region ahead = resting.ahead(resting.source, next, at_most(rows.end - next, resting.row_block));
    multiply_rows(gemm, b, row, next - row, column_panels, depth_blocks, memory, ahead);
  }
}

// A piece with a b too large to be packed whole: block by block, each multiplied by all rows.
void multiply_large_piece(const Gemm& gemm, const Packed& whole, Range rows, Range column_panels, float* packed,
                          float* memory) {
  for_blocks(column_panels, large_b_panels, [&](Range block) {
    for (int64_t depth = 0; depth < whole.depths.count; ++depth) {
      pack(gemm.b, whole.columns, block, whole.depths, depth, packed);
      Packed b = whole;
      b.panels = packed, b.first_depth = depth, b.first_panel = block.begin;
      multiply_piece(gemm, b, rows, block, {depth, depth + 1}, memory);
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
  const int64_t own = large ? large_b_panels * b_panel_floats + Vec::width : 0;
  const int64_t row_floats = packs_rows(gemm) ? row_panel_floats : 0;
  const int64_t step = round_up(own + round_up(gemm.resting->lines, Vec::width) + row_floats, Vec::width);
  float* const memory = scratch(ScratchSlot::pack_b, threads * step);
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
    packed = scratch(ScratchSlot::pack_a, b_floats);
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
  if (packed && to_pack == packs_ahead && threads > 1 && blocks >= parts_of_piece * grid.rows) {
    // Nothing but the multiplying is left: in smaller pieces, for whoever is there.
    const auto multiply_part = [&](int index, int64_t begin, int64_t end) {
      for (int64_t item = begin; item < end; ++item) {
        const int slot = static_cast<int>(item / parts_of_piece), part = static_cast<int>(item % parts_of_piece);
        const Range rows = piece(blocks, slot / grid.columns * parts_of_piece + part, grid.rows * parts_of_piece);
        multiply_piece(gemm, b, {rows.begin * row_block, at_most(rows.end * row_block, gemm.rows)}, panels_of(slot),
                       {0, depths.count}, memory + index * step);
      }
    };
    return parallel_for(threads * parts_of_piece, 1, multiply_part, threads);
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
