// Every element of the table's gradient is the sum of what was gathered from it, in order. Few rows are looked through
// for each element. Many are sorted by where they came from first: a stable radix sort (Knuth, "The Art of Computer
// Programming", volume 3, 5.2.5), digit by digit, in which every thread of a block owns a value of the digit.
#include "cuda/kernels/divider.h"
#include "cuda/kernels/pack.h"
#include "cuda/kernels/rows.h"
#include "ops/movement.h"

namespace hebb::cuda {
namespace {

constexpr int digit_bits = 8, digits = 1 << digit_bits;  // threads of a sorting block
constexpr int chunk = 1024;                              // rows of a block

// Rows by value, then by place. Those outside the table have a value that is none of its rows, or the largest.
struct Sorted {
  int32_t *rows, *places;
};

// One pass of the sort.
struct Pass {
  const int32_t *rows, *places;  // places: null for 0, 1, 2 ...
  int64_t count, chunks;
  int shift;
  int32_t* offsets;  // [digits, chunks]: first how many, then where the chunk's first of this digit goes among its like
  int32_t* totals;   // [digits]

  __device__ int digit(int64_t i) const { return rows[i] >> shift & (digits - 1); }
};

__global__ void replace_rows_outside(const int32_t* rows, int32_t* kept, int64_t count, int64_t extent,
                                     int32_t otherwise, DeviceFailure* failure) {
  for (int64_t i = first_index(); i < count; i += index_step()) {
    const int32_t row = row_within(rows, i, extent, failure);
    kept[i] = row < 0 ? otherwise : row;
  }
}

// Calls body(place) for every row of the block's chunk whose digit is this thread's.
template <class Body>
__device__ void for_each_of_digit(const Pass& pass, const Body& body) {
  __shared__ unsigned char chunk_digits[chunk];
  const int64_t first = static_cast<int64_t>(blockIdx.x) * chunk;
  const int count = static_cast<int>(min(pass.count - first, static_cast<int64_t>(chunk)));
  for (int i = static_cast<int>(threadIdx.x); i < count; i += digits) {
    chunk_digits[i] = static_cast<unsigned char>(pass.digit(first + i));
  }
  __syncthreads();
  for (int i = 0; i < count; ++i) {
    if (chunk_digits[i] == threadIdx.x) body(first + i);
  }
}

__global__ void count_digits(Pass pass) {
  int32_t found = 0;
  for_each_of_digit(pass, [&](int64_t) { ++found; });
  pass.offsets[threadIdx.x * pass.chunks + blockIdx.x] = found;
}

// The sum of the values of all threads before this one; total: of all.
__device__ int32_t sum_before(int32_t value, int32_t* total) {
  __shared__ int32_t sums[digits];
  const int thread = static_cast<int>(threadIdx.x);
  sums[thread] = value;
  for (int distance = 1; distance < digits; distance *= 2) {
    __syncthreads();
    const int32_t other = thread >= distance ? sums[thread - distance] : 0;
    __syncthreads();
    sums[thread] += other;
  }
  __syncthreads();
  *total = sums[digits - 1];
  const int32_t before = sums[thread] - value;
  __syncthreads();  // sums may be used again
  return before;
}

// A block a digit: counts become offsets.
__global__ void scan_chunks(Pass pass) {
  int32_t* const offsets = pass.offsets + blockIdx.x * pass.chunks;
  int32_t before = 0;
  for (int64_t first = 0; first < pass.chunks; first += digits) {
    const int64_t at = first + threadIdx.x;
    int32_t total;
    const int32_t offset = before + sum_before(at < pass.chunks ? offsets[at] : 0, &total);
    if (at < pass.chunks) offsets[at] = offset;
    before += total;
  }
  if (threadIdx.x == 0) pass.totals[blockIdx.x] = before;
}

__global__ void scatter_rows(Pass pass, Sorted to) {
  int32_t all;
  int64_t at = sum_before(pass.totals[threadIdx.x], &all);
  at += pass.offsets[threadIdx.x * pass.chunks + blockIdx.x];
  for_each_of_digit(pass, [&](int64_t i) {
    to.rows[at] = pass.rows[i];
    to.places[at++] = pass.places ? pass.places[i] : static_cast<int32_t>(i);
  });
}

// The first place of the sorted rows that is not below `row`.
__device__ int64_t lower_bound(const int32_t* rows, int64_t count, int64_t row) {
  int64_t low = 0;
  while (count > 0) {
    const int64_t half = count / 2;
    if (rows[low + half] < row) {
      low += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return low;
}

// A thread for each pack of the table, whose rows are `table` packs wide.
template <int pack>
__global__ void sum_sorted(const float* grad, Sorted sorted, int64_t count, float* dtable, int64_t packs,
                           Divider table) {
  for (int64_t index = first_index(); index < packs; index += index_step()) {
    const int64_t row = table.quotient(index), width = table.divisor(), column = index - row * width;
    Pack<pack> total = {};
    const int64_t end = lower_bound(sorted.rows, count, row + 1);
    for (int64_t p = lower_bound(sorted.rows, count, row); p < end; ++p) {
      const Pack<pack> term = load<pack>(grad + (sorted.places[p] * width + column) * pack);
      for (int v = 0; v < pack; ++v) total[v] += term[v];
    }
    store(dtable + index * pack, total);
  }
}

template <int pack>
__global__ void sum_searching(const float* grad, const int32_t* rows, int64_t count, float* dtable, int64_t packs,
                              Divider table, int64_t extent, DeviceFailure* failure) {
  check_rows(rows, count, extent, failure);
  for (int64_t index = first_index(); index < packs; index += index_step()) {
    const int64_t row = table.quotient(index), width = table.divisor(), column = index - row * width;
    Pack<pack> total = {};
    for (int64_t i = 0; i < count; ++i) {
      if (rows[i] != row) continue;
      const Pack<pack> term = load<pack>(grad + (i * width + column) * pack);
      for (int v = 0; v < pack; ++v) total[v] += term[v];
    }
    store(dtable + index * pack, total);
  }
}

Sorted sort_rows(In<int32_t> rows, int64_t extent) {
  const int64_t count = rows.size(), chunks = blocks_for(count, chunk);
  int32_t* const scratch = Context::current().scratch<int32_t>(4 * count + digits * chunks + digits);
  Sorted from{scratch, scratch + count}, to{scratch + 2 * count, scratch + 3 * count};
  int32_t* const offsets = scratch + 4 * count;
  const int64_t largest = std::min<int64_t>(extent, INT32_MAX);
  launch(grid_for(count), {}, replace_rows_outside, rows.data, from.rows, count, extent, static_cast<int32_t>(largest),
         Context::current().failure());
  bool first = true;
  for (int shift = 0; largest >> shift > 0; shift += digit_bits) {
    const Pass pass{from.rows, first ? nullptr : from.places, count, chunks, shift, offsets, offsets + digits * chunks};
    launch({chunks}, {digits}, count_digits, pass);
    launch({digits}, {digits}, scan_chunks, pass);
    launch({chunks}, {digits}, scatter_rows, pass, to);
    std::swap(from, to);
    first = false;
  }
  return from;
}

template <int pack>
void backward(In<float> grad, In<int32_t> rows, Out<float> dtable) {
  constexpr int64_t few_rows = 2048, few_comparisons = int64_t{1} << 26;
  const int64_t extent = dtable.shape.dims[0], count = rows.size();
  const int64_t packs = dtable.size() / pack, width = dtable.shape.product(1, dtable.shape.rank) / pack;
  const Divider table(std::max<int64_t>(width, 1));
  if (packs == 0 || (count <= few_rows && count * packs <= few_comparisons)) {
    launch(grid_for(std::max(packs, count)), {}, sum_searching<pack>, grad.data, rows.data, count, dtable.data, packs,
           table, extent, Context::current().failure());
  } else {
    launch(grid_for(packs), {}, sum_sorted<pack>, grad.data, sort_rows(rows, extent), count, dtable.data, packs, table);
  }
}

}  // namespace

void gather_rows_backward(In<float> grad, In<int32_t> rows, Out<float> dtable) {
  if (dtable.shape.product(1, dtable.shape.rank) % 4 == 0) {
    backward<4>(grad, rows, dtable);
  } else {
    backward<1>(grad, rows, dtable);
  }
}

}  // namespace hebb::cuda
