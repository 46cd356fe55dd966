// Reduction of the middle axis of [outer, extent, inner], to which any reduction comes down. How it is cut, and with
// that the order of additions, depends on the extents alone; rounding errors grow with the length of short chains and
// with the depth of trees above them (Higham, "The accuracy of floating point summation", 1993).
//
// A reducer is a struct with
//   Value, identity(), and Value operator()(Value, Value);
//   read(element, place along the axis): the element as a Value; also for an element that is one already;
//   widest: how many elements a thread reads at once where they lie well, 1 or 4.
#pragma once
#include "core/shape.h"
#include "cuda/kernels/columns.h"
#include "cuda/kernels/divider.h"
#include "cuda/kernels/pack.h"
#include "cuda/launch.h"

namespace hebb::cuda {

struct Sum {
  using Value = float;
  static constexpr int widest = 4;
  static __device__ Value identity() { return 0; }
  static __device__ Value read(float x, int64_t) { return x; }
  __device__ Value operator()(Value a, Value b) const { return a + b; }
};

// What becomes of a total.
struct Scale {
  double factor;
  __device__ float operator()(float total) const { return static_cast<float>(factor * static_cast<double>(total)); }
};
struct Keep {
  template <class T>
  __device__ T operator()(T total) const {
    return total;
  }
};

// One launch: the axis is cut into pieces, each of which gives a total.
struct ReductionStep {
  int64_t outer, extent, inner;
  int64_t pieces;
  int64_t results() const { return outer * pieces * inner; }
};

// All lengths in packs. A row is shared by 2^n threads, those of a warp at most, or by the whole block.
constexpr int row_threads = 256;
struct RowPieces {
  int64_t rows, extent, piece;
  Divider pieces;
  int threads;  // that share a piece
};
struct ColumnPieces {
  ColumnTiles tiles;
  Divider inner;
  int64_t extent, piece, pieces;
};

// From a number of elements a thread on, an axis is cut into pieces: enough of them to fill large devices, but not so
// short that their totals matter, nor so long that chains of additions do.
constexpr int64_t whole_per_thread = 64, least_per_thread = 16, most_per_thread = 1024, wanted_blocks = 1024;

// The length of the pieces of an axis that `threads` read side by side, in each of `lines` places at the same time.
inline int64_t piece_of(int64_t extent, int64_t threads, int64_t lines, int pack) {
  if (extent * pack <= threads * whole_per_thread) return std::max<int64_t>(extent, 1);
  const int64_t wanted = blocks_for(extent * lines, threads * wanted_blocks);
  return threads * std::clamp(wanted, least_per_thread / pack, most_per_thread / pack);
}

inline RowPieces cut_rows(int64_t rows, int64_t extent, int pack) {
  constexpr int64_t short_row = 1024, packs_of_thread = 4;
  RowPieces plan{rows, extent / pack, extent / pack, Divider(1), 1};
  if (extent <= short_row) {
    while (plan.threads < warp && plan.threads * packs_of_thread < plan.extent) plan.threads *= 2;
  } else {
    plan.threads = row_threads;
    plan.piece = piece_of(plan.extent, row_threads, rows, pack);
    plan.pieces = Divider(blocks_for(plan.extent, plan.piece));
  }
  return plan;
}

inline ColumnPieces cut_columns(int64_t outer, int64_t extent, int64_t inner, int pack) {
  const int most = pack > 1 ? 16 : 8;  // so that a tile is 64 or 32 columns wide, or as wide as there are columns
  ColumnPieces plan{tile_columns(outer * (inner / pack), extent, most), Divider(inner / pack), extent, 0, 0};
  plan.piece = piece_of(extent, plan.tiles.count, plan.tiles.tiles(), 1);
  plan.pieces = std::max<int64_t>(blocks_for(extent, plan.piece), 1);
  return plan;
}

template <class Reducer>
int pack_of(int64_t extent, int64_t inner) {
  return (inner == 1 ? extent : inner) % Reducer::widest == 0 ? Reducer::widest : 1;
}

// The totals of a thread's elements, one for each place in a pack.
template <class Reducer, int pack, class From>
__device__ Pack<pack, typename Reducer::Value> accumulate(const From* x, int64_t stride, int64_t first, int64_t last,
                                                          int64_t step, int64_t place_step, int64_t place_in_pack) {
  constexpr int chains = 4;
  using Value = typename Reducer::Value;
  const Reducer combine{};
  Pack<pack, Value> total[chains];
  for (int c = 0; c < chains; ++c)
    for (int v = 0; v < pack; ++v) total[c][v] = Reducer::identity();
  const auto add = [&](Pack<pack, Value>& sum, const Pack<pack, From>& element, int64_t k) {
    for (int v = 0; v < pack; ++v) {
      sum[v] = combine(sum[v], Reducer::read(element[v], k * place_step + v * place_in_pack));
    }
  };
  int64_t k = first;
  for (; k + (chains - 1) * step < last; k += chains * step) {
    Pack<pack, From> elements[chains];
    for (int c = 0; c < chains; ++c) elements[c] = load<pack>(x + (k + c * step) * stride);
    for (int c = 0; c < chains; ++c) add(total[c], elements[c], k + c * step);
  }
  for (; k < last; k += step) add(total[0], load<pack>(x + k * stride), k);
  for (int v = 0; v < pack; ++v) {
    total[0][v] = combine(combine(total[0][v], total[1][v]), combine(total[2][v], total[3][v]));
  }
  return total[0];
}

// y[row, piece] = finish(total of the piece)
template <class Reducer, int pack, class From, class To, class Finish>
__global__ void reduce_rows(const From* x, To* y, RowPieces plan, Finish finish) {
  using Value = typename Reducer::Value;
  const Reducer combine{};
  const int thread = static_cast<int>(threadIdx.x), rank = thread % plan.threads;
  const int64_t unit = static_cast<int64_t>(blockIdx.x) * (row_threads / plan.threads) + thread / plan.threads;
  const int64_t row = plan.pieces.quotient(unit), piece = unit - row * plan.pieces.divisor();
  Value total = Reducer::identity();
  if (row < plan.rows) {
    const int64_t first = piece * plan.piece, last = min(first + plan.piece, plan.extent);
    const auto totals =
        accumulate<Reducer, pack>(x + row * plan.extent * pack, pack, first + rank, last, plan.threads, pack, 1);
    for (int v = 0; v < pack; ++v) total = combine(total, totals[v]);
  }
  if (plan.threads > warp) {
    total = block_reduce(total, Reducer::identity(), combine);
  } else {
    for (int offset = plan.threads / 2; offset > 0; offset /= 2) {
      total = combine(total, __shfl_xor_sync(all_lanes, total, offset));
    }
  }
  if (rank == 0 && row < plan.rows) y[unit] = finish(total);
}

template <class Reducer, int pack>
struct CombinePacks {
  template <class P>
  __device__ P operator()(P a, const P& b) const {
    for (int v = 0; v < pack; ++v) a[v] = Reducer()(a[v], b[v]);
    return a;
  }
};

// y[outer, piece, inner] = finish(total of the piece)
template <class Reducer, int pack, class From, class To, class Finish>
__global__ void reduce_columns(const From* x, To* y, ColumnPieces plan, Finish finish) {
  const int64_t tiles = plan.tiles.tiles(), piece = blockIdx.x / tiles;
  const int64_t column = plan.tiles.column(blockIdx.x % tiles);
  const int64_t outer = plan.inner.quotient(column), width = plan.inner.divisor(), inner = column - outer * width;
  const int rank = plan.tiles.rank();
  Pack<pack, typename Reducer::Value> total;
  for (int v = 0; v < pack; ++v) total[v] = Reducer::identity();
  if (rank < plan.tiles.count && column < plan.tiles.columns) {
    const int64_t first = piece * plan.piece, last = min(first + plan.piece, plan.extent);
    const From* const column_of_x = x + (outer * plan.extent * width + inner) * pack;
    total = accumulate<Reducer, pack>(column_of_x, width * pack, first + rank, last, plan.tiles.count, 1, 0);
  }
  total = plan.tiles.reduce(total, total, CombinePacks<Reducer, pack>());
  if (rank == 0 && column < plan.tiles.columns) {
    Pack<pack, To> results;
    for (int v = 0; v < pack; ++v) results[v] = finish(total[v]);
    store(y + ((outer * plan.pieces + piece) * width + inner) * pack, results);
  }
}

template <class Reducer, int pack, class From, class To, class Finish>
void launch_step(const ReductionStep& step, const From* x, To* y, Finish finish) {
  if (step.inner == 1) {
    const RowPieces plan = cut_rows(step.outer, step.extent, pack);
    launch({blocks_for(step.outer * step.pieces, row_threads / plan.threads)}, {row_threads},
           reduce_rows<Reducer, pack, From, To, Finish>, x, y, plan, finish);
  } else {
    const ColumnPieces plan = cut_columns(step.outer, step.extent, step.inner, pack);
    launch({plan.tiles.tiles() * plan.pieces}, {column_threads}, reduce_columns<Reducer, pack, From, To, Finish>, x, y,
           plan, finish);
  }
}

// The launches of one reduction, over one axis or several.
template <class Reducer>
class ReductionPlan {
 public:
  using Value = typename Reducer::Value;

  // The next axis that is reduced: all that were named before have extent 1.
  void add(int64_t outer, int64_t extent, int64_t inner) {
    for (;;) {
      const int pack = pack_of<Reducer>(extent, inner);
      const int64_t pieces =
          inner == 1 ? cut_rows(outer, extent, pack).pieces.divisor() : cut_columns(outer, extent, inner, pack).pieces;
      if (count_ > 0) scratch_ += room_for(steps_[count_ - 1]);
      steps_[count_++] = {outer, extent, inner, pieces};
      if (pieces == 1) return;
      extent = pieces;
    }
  }

  bool empty() const { return count_ == 0; }
  // Values that lie between the steps.
  int64_t scratch() const { return scratch_; }

  // y = finish(totals of x)
  template <class To, class Finish>
  void run(const float* x, To* y, Value* scratch, Finish finish) const {
    const Value* between = nullptr;
    for (int index = 0; index < count_; ++index) {
      const ReductionStep& step = steps_[index];
      const bool last = index + 1 == count_;
      if (index == 0) {
        last ? run_step(step, x, y, finish) : run_step(step, x, scratch, Keep());
      } else {
        last ? run_step(step, between, y, finish) : run_step(step, between, scratch, Keep());
      }
      between = scratch;
      scratch += room_for(step);
    }
  }

 private:
  static constexpr int most_steps = 16;

  static int64_t room_for(const ReductionStep& step) {
    constexpr int64_t line = 64;  // values: each step's begin well aligned
    return blocks_for(step.results(), line) * line;
  }

  template <class From, class To, class Finish>
  static void run_step(const ReductionStep& step, const From* x, To* y, Finish finish) {
    if (Reducer::widest > 1 && pack_of<Reducer>(step.extent, step.inner) > 1) {
      launch_step<Reducer, Reducer::widest>(step, x, y, finish);
    } else {
      launch_step<Reducer, 1>(step, x, y, finish);
    }
  }

  ReductionStep steps_[most_steps];
  int count_ = 0;
  int64_t scratch_ = 0;
};

}  // namespace hebb::cuda
