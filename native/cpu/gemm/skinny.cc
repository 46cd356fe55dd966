#include "cpu/gemm/skinny.h"

#include "core/parallel_for.h"
#include "cpu/gemm/pack.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

constexpr int width = Vec::width;

// Of groups of `lanes` lanes in a, then b: each group's halves added, the results side by side.
template <int lanes>
HEBB_INLINE Vec add_halves(Vec a, Vec b) {
  constexpr int half = lanes / 2;
  int32_t first[width];
  for (int lane = 0; lane < width; ++lane) first[lane] = lane / half * lanes + lane % half;
  const IVec lower = load(first);
  return permute(a, b, lower) + permute(a, b, lower + splat_int(half));
}

// The sums over the lanes of `count` vectors, a power of two, in the first lanes.
template <int count, int lanes = width>
HEBB_INLINE Vec totals(Vec* sums) {
  if constexpr (lanes == 1) {
    return sums[0];
  } else if constexpr (count == 1) {
    sums[0] = add_halves<lanes>(sums[0], sums[0]);
    return totals<1, lanes / 2>(sums);
  } else {
#pragma GCC unroll 8
    for (int c = 0; c < count / 2; ++c) sums[c] = add_halves<lanes>(sums[2 * c], sums[2 * c + 1]);
    return totals<count / 2, lanes / 2>(sums);
  }
}

// With b's columns stored depth by depth, one element of y is the sum of Vec::width interleaved sums, added up at last.
template <int rows, int columns>
HEBB_INLINE void dot_tile(const SkinnyGemm& g, int64_t row, int64_t column) {
  const float* x = g.x + row * g.x_stride;
  const float* b = g.b.data + column * g.b.index_stride;
  Vec sum[rows][columns];
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 8
    for (int c = 0; c < columns; ++c) sum[r][c] = zero();
  const auto step = [&](int64_t k, auto read) __attribute__((always_inline)) {
    Vec left[rows];
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) left[r] = read(x + r * g.x_stride + k);
#pragma GCC unroll 8
    for (int c = 0; c < columns; ++c) {
      const Vec right = read(b + c * g.b.index_stride + k);
#pragma GCC unroll 8
      for (int r = 0; r < rows; ++r) sum[r][c] = fma(left[r], right, sum[r][c]);
    }
  };
  int64_t k = 0;
  for (; k + width <= g.depth; k += width) step(k, [](const float* p) { return load(p); });
  if (k < g.depth) {
    const int rest = static_cast<int>(g.depth - k);
    step(k, [rest](const float* p) { return load_partial(p, rest); });
  }
  if constexpr (columns == skinny_row_columns && skinny_row_columns <= width) {
    static_assert(rows == 1);
    Vec value = totals<columns>(sum[0]);
    if (g.bias) value = value + load_partial(g.bias + column, columns);
    if (g.activation == Activation::relu) value = max_nan(value, zero());
    return store_partial(g.y + row * g.y_stride + column, value, columns);
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 8
    for (int c = 0; c < columns; ++c) {
      float value = reduce_add(sum[r][c]);
      if (g.bias) value += g.bias[column + c];
      if (g.activation == Activation::relu && value < 0) value = 0;
      g.y[(row + r) * g.y_stride + column + c] = value;
    }
}

template <int rows>
void dot_rows(const SkinnyGemm& g, int64_t row, int64_t begin, int64_t end) {
  constexpr int columns = rows == 1 ? skinny_row_columns : skinny_columns;
  int64_t column = begin;
  for (; column + columns <= end; column += columns) dot_tile<rows, columns>(g, row, column);
  for (; column < end; ++column) dot_tile<rows, 1>(g, row, column);
}

// A few columns at a time, so that b comes from the cache for all rows but the first ones.
void dot_columns(const SkinnyGemm& g, int64_t begin, int64_t end) {
  constexpr int64_t block = 2 * skinny_row_columns;
  for (int64_t first = begin; first < end; first += block) {
    const int64_t last = at_most(first + block, end);
    int64_t row = 0;
    for (; row + skinny_rows <= g.rows; row += skinny_rows) dot_rows<skinny_rows>(g, row, first, last);
    const int64_t rest = g.rows - row;
    if (rest == 1) dot_rows<1>(g, row, first, last);
    if (rest == 2) dot_rows<2>(g, row, first, last);
    if (rest == 3) dot_rows<3>(g, row, first, last);
  }
}

// With b stored row by row, four of its rows at a time are added to a stretch of y that stays in the cache.
void add_rows(const SkinnyGemm& g, int64_t begin, int64_t end) {
  constexpr int unroll = 4;
  for (int64_t row = 0; row < g.rows; ++row) {
    const float* x = g.x + row * g.x_stride;
    float* y = g.y + row * g.y_stride;
    zero_floats(y + begin, end - begin);
    for (int64_t k = 0; k < g.depth; k += unroll) {
      const int count = static_cast<int>(at_most(g.depth - k, unroll));
      const float* b = g.b.data + k * g.b.depth_stride;
      Vec factors[unroll];
      for (int step = 0; step < unroll; ++step) factors[step] = splat(step < count ? x[k + step] : 0);
      for (int64_t column = begin; column < end; column += width) {
        const int lanes = static_cast<int>(at_most(end - column, width));
        Vec sum = load_partial(y + column, lanes);
        for (int step = 0; step < count; ++step)
          sum = fma(factors[step], load_partial(b + step * g.b.depth_stride + column, lanes), sum);
        store_partial(y + column, sum, lanes);
      }
    }
    for (int64_t column = begin; column < end; column += width) {
      const int lanes = static_cast<int>(at_most(end - column, width));
      Vec value = load_partial(y + column, lanes);
      if (g.bias) value = value + load_partial(g.bias + column, lanes);
      if (g.activation == Activation::relu) value = max_nan(value, zero());
      store_partial(y + column, value, lanes);
    }
  }
}

}  // namespace

bool is_skinny(int64_t rows, bool depth_adjacent) {
  return rows <= (depth_adjacent ? skinny_dot_rows : skinny_add_rows);
}

void run(const SkinnyGemm& gemm) {
  const bool depth_adjacent = gemm.b.depth_stride == 1;
  const int64_t work = gemm.rows * gemm.depth + 1;
  const bool is_brief = work * gemm.columns <= skinny_brief;
  // Enough columns for a grain's multiplications, in whole vectors.
  const int64_t grain = round_up((is_brief ? skinny_brief_grain : skinny_grain) / work + 1, 2 * width);
  const auto columns = [&](int64_t begin, int64_t end) {
    if (depth_adjacent) {
      dot_columns(gemm, begin, end);
    } else {
      add_rows(gemm, begin, end);
    }
  };
  if (is_brief) {
    brief_parallel_for(gemm.columns, grain, columns);
  } else {
    parallel_for(gemm.columns, grain, columns);
  }
}

}  // namespace hebb::cpu::HEBB_ISA
