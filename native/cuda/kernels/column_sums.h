// Two sums over each column of [rows, channels]: blocks take tiles of channels and chunks of rows, decided by the
// problem alone; the chunks' sums lie in scratch memory until they are added, in double and in a fixed order.
#pragma once
#include <bit>

#include "cuda/kernels/divider.h"
#include "cuda/kernels/pack.h"

namespace hebb::cuda {

// How threads share out [rows, channels]. A block's are `lanes` along the channels, each with a pack of them, and
// `depth` along the rows. A stripe is `depth` rows; a chunk takes every chunks-th stripe, so that all chunks move
// through memory side by side.
struct Columns {
  static constexpr int block_threads = 256;

  int64_t rows, channels;
  int width;  // of a pack
  int lanes, depth;
  int64_t tiles, stripes;
  int chunks;
  Divider by_tiles;

  Columns(int64_t rows, int64_t channels, int width) : rows(rows), channels(channels), width(width) {
    constexpr int64_t most_blocks = 512, few_blocks = 128, stripes_worth_a_chunk = 4;
    constexpr int most_lanes = 32, fewest_lanes = 8;
    const int64_t packs = channels / width;
    lanes = static_cast<int>(std::bit_ceil(static_cast<uint64_t>(std::min<int64_t>(packs, most_lanes))));
    for (;; lanes /= 2) {
      const int64_t useful_depth = std::min<int64_t>(block_threads / lanes, std::max<int64_t>(rows, 1));
      depth = static_cast<int>(std::bit_ceil(static_cast<uint64_t>(useful_depth)));
      tiles = blocks_for(packs, lanes);
      stripes = blocks_for(rows, depth);
      chunks = static_cast<int>(std::max<int64_t>(1, std::min(most_blocks / tiles, stripes / stripes_worth_a_chunk)));
      if (lanes <= fewest_lanes || tiles * chunks >= few_blocks) break;
    }
    by_tiles = Divider(tiles);
  }

  Block block() const { return {lanes, depth}; }
};

// The rows of each chunk, and their inverse: of those with a stripe more than others, of the others, and of the one
// that has the last stripe, which need not be whole.
struct ChunkRows {
  int longer, last;
  double rows[3], inverses[3];

  explicit ChunkRows(const Columns& columns)
      : longer(static_cast<int>(columns.stripes % columns.chunks)),
        last(static_cast<int>((columns.stripes + columns.chunks - 1) % columns.chunks)) {
    const int64_t stripes = columns.stripes / columns.chunks;
    rows[0] = static_cast<double>((stripes + 1) * columns.depth);
    rows[1] = static_cast<double>(stripes * columns.depth);
    rows[2] = rows[last < longer ? 0 : 1] - static_cast<double>(columns.stripes * columns.depth - columns.rows);
    for (int kind = 0; kind < 3; ++kind) inverses[kind] = 1 / rows[kind];
  }
  __device__ int kind(int chunk) const { return chunk == last ? 2 : chunk < longer ? 0 : 1; }
};

// The chunks' sums, [chunks, channels] each.
struct Partials {
  float *first, *second;
  static int64_t floats(const Columns& columns) { return 2 * columns.chunks * columns.channels; }
  Partials(const Columns& columns, float* scratch)
      : first(scratch), second(scratch + columns.chunks * columns.channels) {}
};

// What a thread adds up is told by term:
//   channels(the chunk's first row, channel): what it keeps of its channels;
//   read(at): the values at an element;
//   add(channels, values, at, first, second): adds them to the two sums.
// Then finish(channel, leads, sum) for each channel, where sum(f) is the total of f(chunk) and `leads` is true in the
// one thread that shall write: here when there is one chunk, else in finish_columns.
template <class Term, int width, class Finish>
__global__ void sum_columns(Columns columns, Term term, Partials partials, Finish finish) {
  uint32_t block = blockIdx.x;
  const int64_t tile = columns.by_tiles.split(block), chunk = block;
  const int64_t channel = (tile * columns.lanes + threadIdx.x) * width;
  const bool present = channel < columns.channels;
  Pack<width> first{}, second{};
  if (present) {
    const auto channels = term.channels(chunk * columns.depth, channel);
    const int64_t step = static_cast<int64_t>(columns.chunks) * columns.depth;
    int64_t row = chunk * columns.depth + threadIdx.y, at = row * columns.channels + channel;
    constexpr int ahead = 4;  // reads on their way
    for (; row + (ahead - 1) * step < columns.rows; row += ahead * step, at += ahead * step * columns.channels) {
      decltype(term.read(0)) values[ahead];
      for (int i = 0; i < ahead; ++i) values[i] = term.read(at + i * step * columns.channels);
      for (int i = 0; i < ahead; ++i) term.add(channels, values[i], at + i * step * columns.channels, first, second);
    }
    for (; row < columns.rows; row += step, at += step * columns.channels)
      term.add(channels, term.read(at), at, first, second);
  }
  __shared__ Pack<width> firsts[Columns::block_threads], seconds[Columns::block_threads];
  const int place = static_cast<int>(threadIdx.y) * columns.lanes + static_cast<int>(threadIdx.x);
  for (int half = columns.depth / 2; half > 0; half /= 2) {
    firsts[place] = first;
    seconds[place] = second;
    __syncthreads();
    if (static_cast<int>(threadIdx.y) < half) {
      for (int i = 0; i < width; ++i) {
        first[i] += firsts[place + half * columns.lanes][i];
        second[i] += seconds[place + half * columns.lanes][i];
      }
    }
    __syncthreads();
  }
  if (!present || threadIdx.y > 0) return;
  store(partials.first + chunk * columns.channels + channel, first);
  store(partials.second + chunk * columns.channels + channel, second);
  if (columns.chunks > 1) return;
  for (int i = 0; i < width; ++i) finish(channel + i, true, [](const auto& of_chunk) { return of_chunk(0); });
}

constexpr int finish_channels = 8, finish_depth = 64;  // of a block

template <class Finish>
__global__ void finish_columns(Columns columns, Finish finish) {
  __shared__ double parts[finish_depth][finish_channels];
  const int x = static_cast<int>(threadIdx.x), y = static_cast<int>(threadIdx.y);
  const int64_t channel = blockIdx.x * int64_t{finish_channels} + x;
  const bool present = channel < columns.channels;
  finish(present ? channel : 0, present && y == 0, [&](const auto& of_chunk) {
    double part = 0;
    for (int chunk = y; chunk < columns.chunks; chunk += finish_depth) part += of_chunk(chunk);
    parts[y][x] = part;
    __syncthreads();
    for (int half = finish_depth / 2; half > 0; half /= 2) {
      if (y < half) parts[y][x] += parts[y + half][x];
      __syncthreads();
    }
    const double total = parts[0][x];
    __syncthreads();
    return total;
  });
}

template <class Term, int width, class Finish>
void run_column_sums(const Columns& columns, const Term& term, const Partials& partials, const Finish& finish) {
  launch({columns.tiles * columns.chunks}, columns.block(), sum_columns<Term, width, Finish>, columns, term, partials,
         finish);
  if (columns.chunks > 1) {
    launch({blocks_for(columns.channels, finish_channels)}, {finish_channels, finish_depth}, finish_columns<Finish>,
           columns, finish);
  }
}

// Then what becomes of the elements: a thread takes `element_rows` of them, a stripe apart. The blocks go backwards:
// the end of what the sums have read is still in the cache.
constexpr int element_rows = 4;

inline Grid element_grid(const Columns& columns) {
  return {columns.tiles * blocks_for(columns.rows, columns.depth * element_rows)};
}

struct Elements {
  int64_t channel, first, step;
  int64_t rows_left, depth;
  __device__ explicit Elements(const Columns& columns) : depth(columns.depth) {
    uint32_t block = gridDim.x - 1 - blockIdx.x;
    const int64_t tile = columns.by_tiles.split(block), row = block * (depth * element_rows) + threadIdx.y;
    channel = (tile * columns.lanes + threadIdx.x) * columns.width;
    first = row * columns.channels + channel;
    step = depth * columns.channels;
    rows_left = channel < columns.channels ? columns.rows - row : 0;
  }
  // Whether there is an i-th, and where.
  __device__ bool has(int i) const { return i * depth < rows_left; }
  __device__ int64_t at(int i) const { return first + i * step; }
};

}  // namespace hebb::cuda
