// Reduction of the middle axis of [outer, extent, inner], to which any reduction comes down. The extent is cut into
// blocks by its length alone, and the blocks' totals are merged in order: the bits do not depend on the threads, and
// rounding errors grow with the length of a short chain instead of with the extent (Higham, "The accuracy of floating
// point summation", 1993).
#pragma once
#include "core/parallel_for.h"
#include "core/scratch.h"
#include "cpu/simd/simd.h"

namespace hebb::cpu::HEBB_ISA {

// A reducer is a struct with
//   Total, and merge(Total, float), start(): how totals of blocks are merged
//   Vec combine(Vec, Vec), Vec identity(), float fold(Vec): how elements are
//   Vec of(const float* p), Vec of(const float* p, int n): the elements at p; where n are left, identity in other lanes
struct Sum {
  using Total = double;
  HEBB_INLINE static Total start() { return 0; }
  HEBB_INLINE static Total merge(Total total, float value) { return total + static_cast<double>(value); }
  HEBB_INLINE static Vec identity() { return zero(); }
  HEBB_INLINE static Vec combine(Vec a, Vec b) { return a + b; }
  HEBB_INLINE static float fold(Vec a) { return reduce_add(a); }
  HEBB_INLINE static Vec of(const float* p) { return load(p); }
  HEBB_INLINE static Vec of(const float* p, int n) { return load_partial(p, n); }
};

struct Maximum {
  using Total = float;
  HEBB_INLINE static Total start() { return -__builtin_inff(); }
  HEBB_INLINE static Total merge(Total a, float b) { return a != a || a > b ? a : b; }
  HEBB_INLINE static Vec identity() { return splat(start()); }
  HEBB_INLINE static Vec combine(Vec a, Vec b) { return max_nan(a, b); }
  HEBB_INLINE static float fold(Vec a) { return any(is_nan(a)) ? __builtin_nanf("") : reduce_max(a); }
  HEBB_INLINE static Vec of(const float* p) { return load(p); }
  HEBB_INLINE static Vec of(const float* p, int n) { return select(first_lanes(n), load_partial(p, n), identity()); }
};

struct Minimum {
  using Total = float;
  HEBB_INLINE static Total start() { return __builtin_inff(); }
  HEBB_INLINE static Total merge(Total a, float b) { return a != a || a < b ? a : b; }
  HEBB_INLINE static Vec identity() { return splat(start()); }
  HEBB_INLINE static Vec combine(Vec a, Vec b) { return min_nan(a, b); }
  HEBB_INLINE static float fold(Vec a) { return -Maximum::fold(-a); }
  HEBB_INLINE static Vec of(const float* p) { return load(p); }
  HEBB_INLINE static Vec of(const float* p, int n) { return select(first_lanes(n), load_partial(p, n), identity()); }
};

// n contiguous elements to one: four chains side by side, cut every `leaf` elements.
template <class Reducer>
HEBB_INLINE float reduce_run(const float* x, int64_t n) {
  constexpr int64_t step = 4 * Vec::width, leaf = 32 * step;
  Vec total = Reducer::identity();
  int64_t i = 0;
  while (n - i >= step) {
    const int64_t whole = (n - i) / step * step, end = i + (whole < leaf ? whole : leaf);
    Vec chain[4] = {Reducer::identity(), Reducer::identity(), Reducer::identity(), Reducer::identity()};
    for (; i < end; i += step) {
      for (int k = 0; k < 4; ++k) chain[k] = Reducer::combine(chain[k], Reducer::of(x + i + k * Vec::width));
    }
    total = Reducer::combine(
        total, Reducer::combine(Reducer::combine(chain[0], chain[1]), Reducer::combine(chain[2], chain[3])));
  }
  for (; i + Vec::width <= n; i += Vec::width) total = Reducer::combine(total, Reducer::of(x + i));
  if (i < n) total = Reducer::combine(total, Reducer::of(x + i, static_cast<int>(n - i)));
  return Reducer::fold(total);
}

// y[o] = scale * total of x[o, :]
template <class Reducer>
HEBB_INLINE void reduce_rows(const float* x, float* y, int64_t outer, int64_t extent, double scale) {
  constexpr int64_t block = 16384, unit_work = 16384;
  const int64_t blocks = extent > block ? (extent + block - 1) / block : 1;
  const int64_t units = outer * blocks, unit_size = extent < block ? extent + 8 : block;
  float* const partial = blocks == 1 ? nullptr : scratch(ScratchSlot::partial, units);
  parallel_for(units, (unit_work + unit_size - 1) / unit_size, [=](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t row = unit / blocks, first = unit % blocks * block;
      const int64_t count = extent - first < block ? extent - first : block;
      const float total = reduce_run<Reducer>(x + row * extent + first, count);
      if (partial) {
        partial[unit] = total;
      } else {
        y[row] = static_cast<float>(scale * static_cast<double>(total));
      }
    }
  });
  if (!partial) return;
  for (int64_t row = 0; row < outer; ++row) {
    typename Reducer::Total total = Reducer::start();
    for (int64_t k = 0; k < blocks; ++k) total = Reducer::merge(total, partial[row * blocks + k]);
    y[row] = static_cast<float>(scale * static_cast<double>(total));
  }
}

// sums[c] = total of x[r * stride + c] over rows r, for c < width: the sums stay in the first-level cache.
template <class Reducer>
HEBB_INLINE void reduce_block_columns(const float* x, float* sums, int64_t rows, int64_t stride, int64_t width) {
  const auto at = [](const float* p, int n) { return n == Vec::width ? load(p) : load_partial(p, n); };
  for (int64_t c = 0; c < width; c += Vec::width) {
    const int n = width - c < Vec::width ? static_cast<int>(width - c) : Vec::width;
    store_partial(sums + c, Reducer::identity(), n);
  }
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    const float* row = x + r * stride;
    int64_t c = 0;
    for (; c + Vec::width <= width; c += Vec::width) {
      const float* p = row + c;
      const Vec upper = Reducer::combine(load(p), load(p + stride));
      const Vec lower = Reducer::combine(load(p + 2 * stride), load(p + 3 * stride));
      store(sums + c, Reducer::combine(load(sums + c), Reducer::combine(upper, lower)));
    }
    if (const int n = static_cast<int>(width - c); n > 0) {
      const float* p = row + c;
      const Vec upper = Reducer::combine(at(p, n), at(p + stride, n));
      const Vec lower = Reducer::combine(at(p + 2 * stride, n), at(p + 3 * stride, n));
      store_partial(sums + c, Reducer::combine(load_partial(sums + c, n), Reducer::combine(upper, lower)), n);
    }
  }
  for (; r < rows; ++r) {
    for (int64_t c = 0; c < width; c += Vec::width) {
      const int n = width - c < Vec::width ? static_cast<int>(width - c) : Vec::width;
      const Vec total = Reducer::combine(load_partial(sums + c, n), load_partial(x + r * stride + c, n));
      store_partial(sums + c, total, n);
    }
  }
}

// How [outer, extent, inner] with inner > 1 is cut.
struct ColumnPlan {
  int64_t outer, extent, inner;
  int64_t fold;    // rows side by side seen as one, so that short rows fill vectors
  int64_t rows;    // folded rows; the extent may leave a few over
  int64_t width;   // of a folded row
  int64_t block;   // folded rows in a block
  int64_t blocks;  // per outer
  int64_t tiles;   // of columns, per block
};
constexpr int64_t column_tile = 512;  // floats: the sums of a tile and four rows of it fit the first-level cache

HEBB_INLINE ColumnPlan plan_columns(int64_t outer, int64_t extent, int64_t inner) {
  constexpr int64_t short_row = 64, folded_rows = 16, block_elements = 32768, least_rows = 64, most_rows = 256;
  ColumnPlan plan{outer, extent, inner, 1, 0, 0, 0, 0, 0};
  if (inner < short_row && extent >= least_rows * folded_rows) plan.fold = folded_rows;
  plan.rows = extent / plan.fold;
  plan.width = inner * plan.fold;
  plan.block = block_elements / plan.width;
  plan.block = plan.block < least_rows ? least_rows : plan.block > most_rows ? most_rows : plan.block;
  plan.blocks = (plan.rows + plan.block - 1) / plan.block;
  plan.tiles = (plan.width + column_tile - 1) / column_tile;
  return plan;
}

// The totals of one outer index for columns [first, last): all blocks, all folded rows, and the rows left over.
template <class Reducer>
HEBB_INLINE void merge_columns(const ColumnPlan& plan, const float* x, const float* partial, float* y, int64_t first,
                               int64_t last, double scale) {
  typename Reducer::Total totals[column_tile];
  const int64_t count = last - first;
  for (int64_t c = 0; c < count; ++c) totals[c] = Reducer::start();
  for (int64_t piece = 0; piece < plan.blocks * plan.fold; ++piece) {
    const float* values = partial + piece * plan.inner + first;
    for (int64_t c = 0; c < count; ++c) totals[c] = Reducer::merge(totals[c], values[c]);
  }
  for (int64_t row = plan.rows * plan.fold; row < plan.extent; ++row) {
    const float* values = x + row * plan.inner + first;
    for (int64_t c = 0; c < count; ++c) totals[c] = Reducer::merge(totals[c], values[c]);
  }
  for (int64_t c = 0; c < count; ++c) y[first + c] = static_cast<float>(scale * static_cast<double>(totals[c]));
}

// y[o, i] = scale * total of x[o, :, i]
template <class Reducer>
HEBB_INLINE void reduce_columns(const float* x, float* y, int64_t outer, int64_t extent, int64_t inner, double scale) {
  constexpr int64_t unit_work = 16384;
  const ColumnPlan plan = plan_columns(outer, extent, inner);
  const int64_t units = outer * plan.blocks * plan.tiles;
  const bool whole = plan.blocks == 1 && plan.fold == 1;  // the sums of the only block are the result
  float* const partial = whole ? y : scratch(ScratchSlot::partial, outer * plan.blocks * plan.width);
  const int64_t tile = plan.width < column_tile ? plan.width : column_tile;
  const int64_t unit_size = (plan.rows < plan.block ? plan.rows : plan.block) * tile + 1;
  parallel_for(units, (unit_work + unit_size - 1) / unit_size, [=](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t column = unit % plan.tiles * column_tile, block = unit / plan.tiles;  // over all outer
      const int64_t row = block % plan.blocks * plan.block;
      const float* from = x + block / plan.blocks * extent * inner + row * plan.width + column;
      float* const sums = partial + block * plan.width + column;
      const int64_t rows = plan.rows - row < plan.block ? plan.rows - row : plan.block;
      const int64_t width = plan.width - column < column_tile ? plan.width - column : column_tile;
      reduce_block_columns<Reducer>(from, sums, rows, plan.width, width);
      if (!whole || scale == 1) continue;
      for (int64_t c = 0; c < width; ++c) sums[c] = static_cast<float>(scale * static_cast<double>(sums[c]));
    }
  });
  if (whole) return;

  const int64_t tiles = (inner + column_tile - 1) / column_tile;
  const int64_t merged = (plan.blocks * plan.fold + 16) * (inner < column_tile ? inner : column_tile);
  parallel_for(outer * tiles, (unit_work + merged - 1) / merged, [=](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t o = unit / tiles, first = unit % tiles * column_tile;
      const int64_t last = inner - first < column_tile ? inner : first + column_tile;
      merge_columns<Reducer>(plan, x + o * extent * inner, partial + o * plan.blocks * plan.width, y + o * inner, first,
                             last, scale);
    }
  });
}

// extent >= 0; outer or inner may be 0.
template <class Reducer>
HEBB_INLINE void reduce_middle(const float* x, float* y, int64_t outer, int64_t extent, int64_t inner, double scale) {
  if (inner == 1) return reduce_rows<Reducer>(x, y, outer, extent, scale);
  if (outer * inner > 0) reduce_columns<Reducer>(x, y, outer, extent, inner, scale);
}

}  // namespace hebb::cpu::HEBB_ISA
